"""Whatever people write and are called: kept as it was sent, found again, and in nobody's way on pages, in mails and in
tables."""

import csv
import io
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from marketdesk import schedule
from marketdesk.lib import searching, spreadsheet
from marketdesk.lib.languages import isolated, settled
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Attachment, Ticket
from tests.dashboard.conftest import act
from tests.hostile import strange
from tests.test_tenancy import picture_of

kinds = pytest.mark.parametrize("text", strange.KINDS.values(), ids=list(strange.KINDS))
LONGEST = {"name": 100, "subject": 120}


def call_everything(text: str) -> None:
    """Give it to everybody and everything that has a name."""
    name = " ".join(text.split())[: LONGEST["name"]]
    User.objects.update(name=name)
    Merchant.objects.update(name=name)
    Product.objects.update(name=name)
    OrderItem.objects.update(name=name, color=name[:20])
    Ticket.objects.update(subject=name)
    Attachment.objects.update(name=name)


@pytest.mark.django_db
@kinds
def test_each_side_reads_exactly_what_was_sent(
    text: str, ask: Callable[..., Ticket], ada_client: Client, mehmet_client: Client, sofia: Actor
) -> None:
    ticket = ask("order_status", text)

    act(mehmet_client, ticket, "reply", text=text)
    page = ada_client.get(f"/my/{ticket.public_id}/")
    key = page.context["keys"]["reply"] if "keys" in page.context else ""
    ada_client.post(f"/my/{ticket.public_id}/reply", {"text": text, "key": key, "seen": page.context.get("seen", "")})
    ticket.refresh_from_db()
    ticket.note(text, by=sofia)

    bodies = list(ticket.messages.values_list("body", flat=True))
    assert bodies == [text.strip()] * 4


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ar"])
@kinds
def test_no_name_and_no_text_turns_what_stands_beside_it(
    text: str, language: str, ask: Callable[..., Ticket], mehmet: Actor, sofia: Actor,
    ada_client: Client, mehmet_client: Client, sofia_client: Client,
) -> None:  # fmt: skip
    User.objects.update(language=language)
    ticket, refunded = ask("order_status", text), ask("item_problem", text)
    ticket.reply(text, by=mehmet, pictures=[picture_of(mehmet)])
    refunding.refund_items(refunded, list(refunded.items.all()), by=mehmet)
    ticket.take_over(by=sofia)
    call_everything(text)
    pages = {
        ada_client: ["/my/", "/my/ask/", *(f"/my/{one.public_id}/" for one in (ticket, refunded)), "/account/"],
        mehmet_client: [
            *(f"/dashboard/tickets/{one}" for one in ("post-customer-support/", "with-support/", "closed/")),
            *(f"/dashboard/tickets/{one.public_id}" for one in (ticket, refunded)),
            *(f"/dashboard/{one}" for one in ("performance", "performance/ledger", "team", "search?q=x")),
        ],
        sofia_client: [
            *("/support/queues/with-support", "/support/search?q=ada@example.org", "/support/merchants"),
            *(f"/support/tickets/{one.public_id}" for one in (ticket, refunded)),
            f"/support/merchants/{ticket.merchant.public_id}",
            "/support/refunds",
        ],
    }

    for client, addresses in pages.items():
        for address in addresses:
            page = client.get(address)
            assert page.status_code == 200, address
            assert strange.disturbing(page.content.decode()) == [], address


@pytest.mark.django_db
@kinds
def test_no_mail_is_turned_by_a_name(
    text: str, ask: Callable[..., Ticket], mehmet: Actor, sofia: Actor, mehmet_user: User, sofia_user: User
) -> None:
    ticket, refunded = ask("order_status", text), ask("item_problem", text)
    ticket.reply(text, by=mehmet)
    refunding.refund_items(refunded, list(refunded.items.all()), by=mehmet)
    ticket.take_over(by=sofia)
    call_everything(text)
    mail.outbox.clear()

    worker = schedule.worker()
    while worker.run_one():
        pass

    assert len(mail.outbox) >= 4
    for letter in mail.outbox:
        assert not strange.turns(str(letter.subject)), letter.subject
        quoted = [line.removeprefix("> ") for line in str(letter.body).splitlines()]
        assert [line for line in quoted if settled(line) != line] == []
        said = [line for line in str(letter.body).splitlines() if not line.startswith(">")]
        assert [line for line in said if strange.turns(line)] == []


@kinds
def test_no_cell_of_a_table_turns_the_next(text: str) -> None:
    table = spreadsheet.of([[text, "12.50", text]])

    ((first, sum_, second),) = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    assert sum_ == "12.50"
    assert settled(first) == first == second


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "asked"),
    [
        (unicodedata.normalize("NFD", "Çelik kapı"), "Çelik"),
        ("Çelik kapı", unicodedata.normalize("NFD", "Çelik")),
        ("my pay\u200bment is late", "payment"),
        ("my payment is late", "pay\u200bment"),
        ("Ada\u202egnp", "adagnp"),
        ("asked \u2068سلطان\u2069 twice", "\u200fسلطان"),
        (strange.FAMILY, "👩\u200d👩\u200d👧\u200d👦"),
        (strange.FAMILY, "👍🏽"),
        ("我的包裹在哪裡", "包裹"),
        ("100% cotton_wool", "100% cotton_"),
    ],
)
def test_what_was_written_is_found_again(
    written: str, asked: str, ask: Callable[..., Ticket], mehmet_client: Client, product: Product
) -> None:
    ticket = ask("order_status", written)
    ask("order_status", "Something else.")
    Product.objects.filter(pk=product.pk).update(name=written)

    queue = mehmet_client.get("/dashboard/tickets/post-customer-support/", {"text": asked}).content.decode()

    assert ticket.public_id in queue
    assert queue.count('data-href="') == 1
    assert Product.objects.filter(searching.says("name", asked)).get() == product
    assert not Product.objects.filter(searching.says("name", f"{asked}q")).exists()


@pytest.mark.django_db
def test_a_number_that_was_copied_with_its_marks_is_found(
    ticket: Ticket, mehmet_client: Client, sofia_client: Client
) -> None:
    copied = f" \u2068{ticket.public_id}\u2069"

    assert mehmet_client.get("/dashboard/search", {"q": copied}).status_code == 302
    assert sofia_client.get("/support/search", {"q": copied}).status_code == 302


TEXTS = st.text(alphabet="aسא \n()1\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(TEXTS)
def test_what_is_settled_ends_what_it_begins_and_nothing_else(text: str) -> None:
    said = settled(text)

    assert settled(said) == said
    assert strange.MARKS.sub("", said) == strange.MARKS.sub("", text)
    for line in said.splitlines():
        assert levels_after(line) == []


@given(TEXTS.filter(lambda text: "\n" not in text), st.sampled_from(["en", "ar"]))
def test_a_name_in_a_sentence_leaves_the_rest_alone(name: str, language: str) -> None:
    with translation.override(language):
        sentence = f"({isolated(name)})"
        assert isolated(isolated(name)) == isolated(name)

    assert levels_after(sentence) == []
    assert not strange.MARKS.search(strange._outside(sentence))


def levels_after(line: str) -> list[str]:
    """The embeddings and isolates that are open at the end of a line, as the bidirectional algorithm counts them; an
    end that ends nothing is one, too."""
    stack: list[str] = []
    for letter in line:
        if letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
            stack.append("\u2069" if letter >= "\u2066" else "\u202c")
        elif letter == "\u2069":
            while stack and stack.pop() != "\u2069":
                pass
        elif letter == "\u202c" and stack[-1:] == ["\u202c"]:
            stack.pop()
    return stack


@pytest.mark.django_db
def test_what_somebody_types_in_a_field_comes_back_as_they_typed_it(
    ticket: Ticket, mehmet: Actor, mehmet_client: Client
) -> None:
    typed: Any = "Hello\u202e Ada\u2069"
    mehmet_client.post(f"/dashboard/tickets/{ticket.public_id}/draft", {"text": typed, "body": typed})

    page = mehmet_client.get(f"/dashboard/tickets/{ticket.public_id}").content.decode()

    assert f"\n{typed}</textarea>" in page
