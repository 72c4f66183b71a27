"""A signed link in a mail: it opens one ticket and nothing else, whoever's browser it is, and no robot acts by it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.core import mail
from django.test import Client
from django.urls import get_script_prefix, reverse
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import Event
from marketdesk.lib import languages
from marketdesk.outbox import mail as letters
from marketdesk.outbox import recipients
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.policy import promises
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.storefront import tickets
from marketdesk.storefront.letters import OPEN
from marketdesk.tickets import links
from marketdesk.tickets.models import Attachment, Draft, Message, Ticket
from marketdesk.tickets.rules import State
from tests.arrivals import Shop
from tests.conftest import make_order, signed_in
from tests.storefront.test_asking import picture
from tests.test_tenancy import CANARY, Route, World, answer, bodies, picture_of, routes, world
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

__all__ = ["world"]  # the fixture


@pytest.fixture(autouse=True)
def ada_reads_english(now: Any, ada_user: User) -> None:
    """Time is held still, so that every link of a ticket is the same."""
    User.objects.filter(pk=ada_user.pk).update(language="en")


def link_to(ticket: Ticket) -> str:
    """The address in a mail that is sent now, without the host."""
    fresh = Ticket.objects.select_related("customer").get(pk=ticket.pk)
    return links.address(fresh, links.ends_at(timezone.now())).removeprefix(configured.BASE_URL).rstrip("/")


def behind(ticket: Ticket, name: str = "ticket") -> str:
    return link_to(ticket) + reverse(f"storefront:{name}", args=[ticket.public_id])


# What it opens


def test_a_stranger_to_the_desk_sees_whose_turn_it_is_and_until_when(client: Client, ticket: Ticket) -> None:
    page = client.get(f"{link_to(ticket)}/", follow=True)

    assert page.request["PATH_INFO"] == behind(ticket)
    assert "You came by a link in a mail." in page.text
    assert "Anadolu Home answers next" in page.text
    assert "They answer by" in page.text
    assert get_script_prefix() == "/"


def test_every_link_of_the_page_stays_behind_the_prefix_or_leaves_the_desk(client: Client, purchase: Ticket) -> None:
    prefix = link_to(purchase)

    page = client.get(behind(purchase)).text

    found = re.findall(r'(?:href|action|src|data-draft-url)="([^"]*)"', page)
    inside = [one for one in found if not one.startswith(("/static/", "#", "https://", "?"))]
    assert len(inside) > 4
    assert [one for one in inside if not one.startswith(prefix)] == []
    assert not re.search(r'href="[^"]*(?:/my/"|/account|/ask/)', page)


def test_answering_with_a_picture(client: Client, ticket: Ticket) -> None:
    sent: Any = client.post(behind(ticket, "reply"), {"text": "Blau, bitte.", "key": "k", "pictures": [picture()]})
    page = client.get(sent.url).text

    assert sent.url == behind(ticket)
    said = Message.objects.latest("id")
    assert (said.body, said.user_id, said.attachments.count()) == ("Blau, bitte.", ticket.customer_id, 1)
    shown = re.search(r'src="([^"]*\?small)"', page)
    assert shown
    assert client.get(shown[1])["Content-Type"].startswith("image/")
    assert Event.objects.filter(verb="reply").latest("id").actor["by_link"] is True


def test_a_refused_answer_keeps_text_and_pictures(client: Client, ticket: Ticket) -> None:
    page = client.post(behind(ticket, "reply"), {"text": " ", "pictures": [picture("good.png")]})
    kept = Attachment.objects.get()

    assert page.status_code == 422
    assert "good.png" in page.text
    waiting = f"{link_to(ticket)}/my/pictures/{kept.public_id}"
    assert client.get(waiting).status_code == 200
    assert client.get(waiting.removeprefix(link_to(ticket))).status_code == 302


def test_closing_rating_and_opening_again(client: Client, ticket: Ticket) -> None:
    for name, typed in (
        ("close", {"how": "solved"}),
        ("helped", {"helpful": "yes"}),
        ("helped", {"helpful": "yes", "comment": "Quick."}),
        ("reopen", {"text": "Not quite."}),
        ("draft", {"text": "And"}),
    ):
        assert client.post(behind(ticket, name), {**typed, "key": name}).status_code in {302, 204}, name

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT
    assert Rating.objects.get().comment == "Quick."
    assert Draft.objects.get().body == "And"


def test_the_language_can_be_chosen(client: Client, ticket: Ticket) -> None:
    chosen: Any = client.post(f"{link_to(ticket)}/language", {"language": "ar", "next": behind(ticket)})

    assert chosen.url == behind(ticket)
    assert 'dir="rtl"' in client.get(chosen.url).text


def test_the_page_stays_within_its_queries(
    client: Client, purchase: Ticket, mehmet: Actor, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    purchase.reply("Sorry.", by=mehmet)
    refund_items(purchase, list(purchase.items.all()), by=mehmet)
    address = behind(purchase)

    with django_assert_max_num_queries(20):
        assert client.get(address).status_code == 200


# What it does not open


@dataclass
class Letters:
    """Ada's ticket, another one of hers, and Bob's."""

    mine: Ticket
    another: Ticket
    foreign: Ticket


@pytest.fixture
def three(world: World) -> Letters:
    return Letters(world.ticket, world.unshared, world.foreign)


# The ticket's own, one by one; all the others together, since they do nothing.
INSIDE = [one for one in routes() if "^" not in one.path]
TOGETHER = [[one] for one in INSIDE if one.name in OPEN or one.name == "home"]
TOGETHER += [[one for one in INSIDE if [one] not in TOGETHER]]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("together", TOGETHER, ids=lambda them: them[0].name)
def test_every_address_behind_a_link(together: list[Route], method: str, world: World, three: Letters) -> None:
    for route in together:
        _knock(route, method, world, three)


def _knock(route: Route, method: str, world: World, three: Letters) -> None:
    """All of the desk's addresses: the ticket's own answer for this ticket; everything else is as if absent."""
    order = three.another.order
    assert order
    waiting = picture_of(Actor(Party.CUSTOMER, user_id=three.mine.customer_id))
    about = {"name": order.public_id, "kind": "order", "queue": "closed", "uidb36": "1", "key": "x", "change": "1"}
    others = {
        "version": "v2",
        "refund": world.refund.public_id,
        "token": "x",
        "pk": "1",
        "code": "new",
        "message": "msg_x",
        "table": "merchants",
        "slug": "refunds",
    }
    pictures = {three.mine.pk: world.picture, three.another.pk: waiting, three.foreign.pk: world.foreign_picture}
    for ticket in (three.mine, three.another, three.foreign):
        values = {**about, **others, "public_id": ticket.public_id, "picture": pictures[ticket.pk].public_id}
        values["number"] = str(ticket.messages.earliest("pk").pk)
        for body in bodies(route) if method == "POST" else [{}]:
            address = link_to(three.mine) + route.address({**values, "provider": "x"})
            response, writes = answer(Client(), method, address, body)

            is_mine = ticket == three.mine and route.name != "storefront:kept-picture"
            if route.name == "home" or (route.name == "set-language"):
                assert response.status_code in {302, 405}, address
            elif route.name in OPEN and is_mine:
                assert response.status_code in {200, 204, 302, 405, 409, 422}, address
            else:
                assert response.status_code in ({404, 405} if route.name in OPEN else {404}), address
                assert writes == [], address
            assert CANARY not in response.content.decode() if not response.streaming else True


def test_a_link_of_bobs_opens_nothing_of_adas(world: World) -> None:
    prefix = link_to(world.foreign)

    with nothing_changed():
        for path in (f"/my/{world.ticket.public_id}/", "/my/", "/account/", "/dashboard/", "/support/", "/t/x/", "/x"):
            assert Client().get(prefix + path).status_code == 404, path
            assert Client().post(prefix + path, {"text": "x"}).status_code in {404, 405}, path


def test_a_picture_of_another_ticket_is_absent_under_this_one(world: World, three: Letters) -> None:
    theirs = world.foreign_picture.public_id

    assert Client().get(f"{behind(three.mine)}pictures/{theirs}").status_code == 404


def test_an_earlier_ticket_is_not_named(client: Client, ask: Callable[..., Ticket]) -> None:
    earlier = ask("product_question", "What is the earlier subject?")
    ticket = ask("product_question", "And now?", follows=earlier)

    assert "earlier subject" not in client.get(behind(ticket)).text


# Whose browser it is


@pytest.mark.parametrize("who", ["sofia_user", "mehmet_user", "rival_user", "ada_user"])
def test_who_is_signed_in_stays_so_and_their_session_is_not_touched(
    who: str, request: pytest.FixtureRequest, ticket: Ticket
) -> None:
    user = request.getfixturevalue(who)
    browser = signed_in(user)
    session = dict(browser.session.items())
    cookie = browser.cookies["sessionid"].value

    page = browser.get(behind(ticket))
    sent = browser.post(behind(ticket, "reply"), {"text": "Hello", "key": "k"})

    assert page.status_code == 200
    assert "sessionid" not in {*page.cookies, *sent.cookies}
    assert browser.cookies["sessionid"].value == cookie
    assert dict(browser.session.items()) == session
    assert browser.get("/account/").context["user"] == user


def test_what_a_browsers_session_keeps_is_not_used_behind_a_link(ada_client: Client, ticket: Ticket) -> None:
    address = behind(ticket, "reply")
    session = ada_client.session
    session["unsent"] = {address: "Typed before I was signed out."}
    session.save()

    with nothing_changed():
        ada_client.get(address)

    assert ada_client.session["unsent"] == {address: "Typed before I was signed out."}


def test_nobody_is_signed_in_by_a_link(client: Client, ticket: Ticket) -> None:
    client.get(f"{link_to(ticket)}/", follow=True)
    client.post(behind(ticket, "reply"), {"text": "Hello", "key": "k"})

    assert "sessionid" not in client.cookies
    assert client.get("/my/").status_code == 302


def test_the_page_speaks_the_customers_language_not_the_browsers(ticket: Ticket, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(language="ar")
    sofia = signed_in(User.objects.create_user("s@example.org", "x", name="S", party=Party.SUPPORT, language="en"))

    page = sofia.get(behind(ticket))

    assert f'dir="{languages.direction("ar")}"' in page.text
    assert 'lang="en"' in sofia.get("/support/", follow=True).text


def test_a_foreign_site_posts_nothing(ticket: Ticket) -> None:
    with nothing_changed():
        answer = Client(enforce_csrf_checks=True).post(behind(ticket, "reply"), {"text": "Evil"})

    assert answer.status_code == 403


# Robots


def every_mail(ticket: Ticket, ada: User) -> list[str]:
    """The text of every kind of mail that a customer gets, in every state of a ticket."""
    event = Event.objects.latest("id")
    reader = recipients.reader(ada, event)
    assert reader
    found = []
    for row in recipients.TOLD:
        if row.to == Party.CUSTOMER:
            letter = letters.compose(event, f"customer/{row.letter}", ada, reader)
            assert letter
            found.append(str(letter.body))
    return found


def test_robots_that_open_every_link_of_every_mail_do_nothing(ticket: Ticket, ada_user: User, mehmet: Actor) -> None:
    texts = every_mail(ticket, ada_user)
    ticket.resolve("It is there.", by=mehmet)
    texts += every_mail(ticket, ada_user)
    found = {link for text in texts for link in re.findall(r"https?://\S+", text)}
    assert len(found) == 3  # the ticket's page, yes and no

    with nothing_changed():
        for link in found:
            address = link.removeprefix(configured.BASE_URL)
            for method in (Client().get, Client().head, Client().options):
                assert method(address, follow=True).status_code in {200, 405}, link


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("name", ["reply", "reopen", "close", "helped", "end-links", "draft"])
def test_what_acts_does_not_act_on_a_get(client: Client, ticket: Ticket, name: str, method: str) -> None:
    typed = {"text": "Hello", "how": "solved", "helpful": "yes", "key": "k"}

    with nothing_changed():
        assert getattr(client, method)(behind(ticket, name), typed).status_code in {302, 405}


def test_every_customers_mail_brings_the_link_and_says_when_it_ends(
    now: Any, ticket: Ticket, ada_user: User, mehmet_user: User, mehmet: Actor
) -> None:
    for text in every_mail(ticket, User.objects.get(pk=ada_user.pk)):
        assert re.search(r"^http://\S+/t/[\w-]{44}/$", text, re.MULTILINE)
        assert "March 18, 2027" in text or "18 March 2027" in text
        assert "/my/" not in text
        assert "?helped=" not in text

    ticket.reply("On its way.", by=mehmet)
    schedule.worker().run_due()
    assert all("/t/" not in str(one.body) for one in mail.outbox if one.to == [mehmet_user.email])


def test_only_the_mail_of_the_first_closing_asks(
    ticket: Ticket, purchase: Ticket, ada: Actor, mehmet: Actor, sofia: Actor
) -> None:
    def asked() -> int:
        schedule.worker().run_due()
        return sum("?helped=" in str(one.body) for one in mail.outbox)

    ticket.resolve("It is there.", by=mehmet)
    assert asked() == 1
    ticket.reopen("It never came.", by=ada)
    ticket.resolve("Now it did.", by=mehmet)
    assert asked() == 1

    (refund, *_) = refund_items(purchase, list(purchase.items.all()), by=mehmet)
    assert asked() == 2
    settle(refund, succeeded=True, by=sofia)
    assert asked() == 2


def test_yes_and_no_in_a_mail_lay_the_choice_before_one(client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.resolve("It is there.", by=mehmet)

    page = client.get(f"{link_to(ticket)}/?helped=no", follow=True)
    assert "You chose: it did not help." in page.text
    assert Rating.objects.count() == 0
    client.post(behind(ticket, "helped"), {"helpful": "no"})

    assert not Rating.objects.get().helpful
    assert "You chose" not in client.get(f"{behind(ticket)}?helped=no").text


# The end


def forged(ticket: Ticket) -> str:
    good = link_to(ticket)
    return good[:-1] + ("A" if good[-1] != "A" else "B")


def test_forged_stopped_and_expired_links_answer_alike(
    now: Any, client: Client, ticket: Ticket, ada: Actor, sofia: Actor
) -> None:
    bad, stopped = forged(ticket), link_to(ticket)
    ticket.end_links(by=ada)
    promises.change({"link_days": 1}, reason="Short.", by=sofia)
    promises.forget()
    expired = link_to(ticket)
    now.shift(timedelta(days=1))

    answers = [client.get(f"{one}{path}") for one in (bad, stopped, expired, "/t/x") for path in ("", "/", "/my/")]

    assert {one.status_code for one in answers} == {410}
    texts = {re.sub(r'nonce="[^"]*"', "", one.text) for one in answers}
    assert len(texts) == 1
    assert "This link has ended or was never valid" in texts.pop()
    assert client.get("/t/").status_code == client.get("/t").status_code == 404


def test_every_answer_keeps_the_address_to_itself(client: Client, ticket: Ticket) -> None:
    for address in (f"{link_to(ticket)}/", behind(ticket), f"{link_to(ticket)}/my/", forged(ticket)):
        headers = client.get(address).headers

        assert headers["Cache-Control"] == "no-store", address
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Referrer-Policy"] == "same-origin"


def test_stopping_the_links_from_the_page_ends_ones_own(client: Client, ticket: Ticket) -> None:
    address = behind(ticket)

    page = client.post(behind(ticket, "end-links"), {"key": "k"}, follow=True)

    assert page.status_code == 410
    assert "The links in the mails sent so far no longer work." in page.text
    assert client.get(address).status_code == 410


def test_who_is_signed_in_stops_them_and_stays(ada_client: Client, ticket: Ticket) -> None:
    old = behind(ticket)

    page = ada_client.post(reverse("storefront:end-links", args=[ticket.public_id]), {"key": "k"}, follow=True)

    assert page.status_code == 200
    assert Client().get(old).status_code == 410
    assert Client().get(behind(Ticket.objects.get(pk=ticket.pk))).status_code == 200


def test_support_stops_them(sofia_client: Client, ticket: Ticket) -> None:
    old, address = behind(ticket), reverse("support:ticket", args=[ticket.public_id])
    assert "Stop the links" in sofia_client.get(address).text

    sofia_client.post(address, {"act": "end_links", "key": "k"})

    assert Client().get(old).status_code == 410
    assert "stopped the links in mails" in sofia_client.get(address).text


@pytest.mark.parametrize("name", ["reply", "reopen", "draft"])
def test_stopped_while_the_page_was_open_nothing_is_sent_and_the_text_is_kept(
    client: Client, ticket: Ticket, sofia: Actor, name: str
) -> None:
    address = behind(ticket, name)
    ticket.end_links(by=sofia)

    with nothing_changed():
        page = client.post(address, {"text": "A long <b>answer</b>.", "key": "k"})

    assert page.status_code == 410
    assert "Nothing was sent." in page.text
    assert "A long &lt;b&gt;answer&lt;/b&gt;.</textarea>" in page.text


def test_stopped_in_the_very_moment_of_the_answer(
    client: Client, ticket: Ticket, sofia: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door let the request in; the ticket, under its lock, does not."""
    address, said = behind(ticket, "reply"), tickets._said

    def stop_first(form: Any) -> Any:
        Ticket.objects.get(pk=ticket.pk).end_links(by=sofia)
        return said(form)

    monkeypatch.setattr(tickets, "_said", stop_first)

    page = client.post(address, {"text": "Too late?", "key": "k"})

    assert page.status_code == 410
    assert "Too late?</textarea>" in page.text
    assert Message.objects.count() == 1


def test_inside_a_visit_there_are_no_links(client: Client, ticket: Ticket) -> None:
    """Nor the other way round: each of the two has its own protection of forms."""
    User.objects.filter(pk=ticket.customer_id).update(external_id="c-ada")
    visit = client.get(Shop().address(embedded=True, sub="c-ada")).headers["Location"].removesuffix("/my/")

    for address in (visit + behind(ticket), visit + link_to(ticket) + "/", link_to(ticket) + visit + "/my/"):
        with nothing_changed():
            assert client.get(address).status_code == 404
            assert client.post(address, {"text": "Hello", "key": "k" * 12}).status_code == 404


def test_an_order_of_anothers_does_not_open_by_a_link(client: Client, ticket: Ticket, ada_user: User) -> None:
    product = ticket.order.items.all()[0].product if ticket.order else None
    assert product
    order = make_order(ada_user, product, "O-2002")

    assert client.get(f"{link_to(ticket)}/my/ask/order/{order.public_id}/").status_code == 404
