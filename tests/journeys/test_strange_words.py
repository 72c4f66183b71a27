"""What people write that is no attack, in a real browser: on a phone nothing scrolls sideways, nothing is piled on
somebody else's words, and marks of direction turn nobody else's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Message, Ticket
from tests.hostile import strange
from tests.hostile.test_strange_words import call_everything

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture
def tickets(ask: Callable[..., Ticket], mehmet: Actor) -> list[Ticket]:
    """A ticket that is answered, one that is refunded, and one that waits."""
    answered, refunded, waiting = ask("order_status"), ask("item_problem"), ask("item_problem")
    answered.reply("It is on its way.", by=mehmet)
    refunding.refund_items(refunded, list(refunded.items.all()), by=mehmet)
    return [answered, refunded, waiting]


# The elements that reach over the edge, the innermost last.
WIDE = """() => [...document.querySelectorAll('main *')].filter(one => {
  const box = one.getBoundingClientRect(); return box.right > innerWidth + 1 || box.left < -1;
}).slice(-3).map(one => one.tagName + '.' + one.className + ' ' + one.textContent.trim().slice(0, 40))"""


def wider(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_scrolls_sideways_on_a_phone(
    language: str, visit: Visit, tickets: list[Ticket], ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    ids = [one.public_id for one in tickets]
    doors = {
        (ada_user, "ada-password"): ["/my/", "/my/ask/", *(f"/my/{one}/" for one in ids)],
        (mehmet_user, "mehmet-password"): [
            *(f"/dashboard/tickets/{one}/" for one in ("post-purchase", "awaiting-user", "closed")),
            *(f"/dashboard/tickets/{one}" for one in ids),
            *(f"/dashboard/{one}" for one in ("team", "performance/ledger")),
        ],
        (sofia_user, "sofia-password"): [
            *("/support/queues/with-merchants", "/support/search?q=ada@example.org", "/support/merchants"),
            *(f"/support/tickets/{one}" for one in ids),
        ],
    }
    User.objects.update(language=language)
    pages = {visit(user, password, **PHONE): addresses for (user, password), addresses in doors.items()}
    found = []
    for kind, text in strange.KINDS.items():
        Message.objects.update(body=text)
        Ticket.objects.update(excerpt=" ".join(text.split())[:200])
        call_everything(text)
        for page, addresses in pages.items():
            for address in addresses:
                page.goto(address)
                if wider(page) > 0:
                    found.append(f"{kind}: {address} by {wider(page)} px: {page.evaluate(WIDE)}")

    assert found == []


# What is said in a line that has no room for all of it, and whose first letter nobody sees.
HEADLESS = """() => [...document.querySelectorAll('.subject, .quote, small')].filter(one => {
  const words = document.createTreeWalker(one, NodeFilter.SHOW_TEXT); let last;
  while (words.nextNode()) if (words.currentNode.data.trim().length > 3) last = words.currentNode;
  if (!last || !one.checkVisibility()) return false;
  const first = document.createRange(), at = last.data.search(/\\S/);
  first.setStart(last, at); first.setEnd(last, at + 1);
  const letter = first.getBoundingClientRect(), box = one.getBoundingClientRect();
  return letter.left < box.left - 1 || letter.right > box.right + 1;
}).map(one => one.textContent.trim().slice(0, 60))"""


@pytest.mark.parametrize("width", [360, 1280])
def test_words_of_the_other_direction_are_cut_at_their_end(
    width: int,
    visit: Visit,
    tickets: list[Ticket],
    ask: Callable[..., Ticket],
    store: Merchant,
    mehmet: Actor,
    mehmet_user: User,
    sofia_user: User,
) -> None:
    User.objects.filter(pk__in=[mehmet_user.pk, sofia_user.pk]).update(language="ar")
    Merchant.objects.filter(pk=store.pk).update(name="The Very Long Name of a Store That Sells Lamps")
    appealed, waiting = ask("item_problem"), tickets[-1]
    appealed.appeal("Please have a look.", by=mehmet)
    Ticket.objects.update(excerpt="The lamp came broken, and this is all the customer has to say about it. " * 3)
    size = {"viewport": {"width": width, "height": 800}}
    merchant, support = visit(mehmet_user, "mehmet-password", **size), visit(sofia_user, "sofia-password", **size)

    headless = {}
    for page, address in (
        (merchant, "/dashboard/tickets/post-purchase/"),
        (merchant, f"/dashboard/tickets/{waiting.public_id}"),
        (support, "/support/queues/with-support"),
        (support, "/support/queues/with-merchants"),
        (support, f"/support/tickets/{appealed.public_id}"),
    ):
        page.goto(address)
        assert page.locator(".subject, .templates small").count()
        headless[address] = page.evaluate(HEADLESS)

    assert not any(headless.values()), headless


def test_letters_piled_high_stay_in_their_own_line(visit: Visit, tickets: list[Ticket], mehmet_user: User) -> None:
    """The message below looks the same, dot by dot, whatever stands above it."""
    page = visit(mehmet_user, "mehmet-password")
    first, second = tickets[0].messages.order_by("id")
    looks = []
    for text in ("Zalgo", strange.ZALGO):
        Message.objects.filter(pk=first.pk).update(body=text)
        page.goto(f"/dashboard/tickets/{tickets[0].public_id}")
        looks.append(page.locator(f"#m{second.pk}").screenshot(animations="disabled"))

    assert looks[0] == looks[1]


def test_a_name_turns_no_word_behind_it(visit: Visit, tickets: list[Ticket], mehmet_user: User) -> None:
    """In a sentence with a name that ends what it did not begin, and begins what it does not end, the words behind it
    run as they do behind any other name."""
    page = visit(mehmet_user, "mehmet-password")
    ends = []
    for name in ("سلطان", "سلطان\u202e", "سلطان\u2069\u202e", "سلطان\u2067"):
        User.objects.filter(party="customer").update(name=name)
        page.goto(f"/dashboard/tickets/{tickets[0].public_id}")
        ends.append(page.locator("#readers").evaluate(WHERE_THE_LAST_WORDS_ARE))

    assert len({round(start) for start, _end in ends}) == 1, ends
    assert all(start < end for start, end in ends)


# From where to where the first and the last letter of what stands behind the name are drawn.
WHERE_THE_LAST_WORDS_ARE = """element => {
  const node = [...element.childNodes].filter(one => one.nodeType === 3 && one.data.trim()).pop() ?? element.firstChild;
  const text = node.data.trimEnd();
  const place = at => { const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + 1);
    return range.getBoundingClientRect().left; };
  const last = text.lastIndexOf(" ");
  return [place(last + 1) - place(last - 1), place(text.length - 1) - place(last - 1)];
}"""
