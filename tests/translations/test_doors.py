"""View in [Language] behind the three doors: as a piece of the page for a browser with scripts, as a page without."""

import pytest
from django.test import Client
from django.urls import reverse

from marketdesk import schedule
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import LanguageBy, Message, Ticket
from marketdesk.translations.engines import Failed
from marketdesk.translations.models import Translation
from tests.translations.conftest import Upper

pytestmark = pytest.mark.django_db

PIECE = {"HX-Request": "true"}


@pytest.fixture
def asked(ticket: Ticket, ada: Actor) -> Message:
    ticket.reply("Siparişim hâlâ gelmedi, iki haftadır bekliyorum.", by=ada, language="tr")
    return ticket.messages.latest("pk")


@pytest.fixture
def answered(ticket: Ticket, mehmet: Actor) -> Message:
    ticket.reply("Siparişiniz yarın kargoya verilecek.", by=mehmet, language="tr")
    return ticket.messages.latest("pk")


@pytest.fixture(params=["dashboard", "support", "storefront"])
def door(request: pytest.FixtureRequest, ticket: Ticket) -> tuple[Client, str, Message]:
    """A reader, their page, and a message of somebody else's in Turkish."""
    names = {"dashboard": ("mehmet_client", "asked"), "support": ("sofia_client", "asked")}
    client, message = (request.getfixturevalue(one) for one in names.get(request.param, ("ada_client", "answered")))
    pages = {"dashboard": f"/dashboard/tickets/{ticket.public_id}", "support": f"/support/tickets/{ticket.public_id}"}
    return client, pages.get(request.param, reverse("storefront:ticket", args=[ticket.public_id])), message


def said(page: str, message: Message) -> str:
    return f"{page.rstrip('/')}/messages/{message.pk}"


def test_a_piece_says_that_it_is_working_and_asks_again_by_itself(
    door: tuple[Client, str, Message], engine: Upper
) -> None:
    client, page, message = door

    first = client.post(said(page, message), headers=PIECE).content.decode()
    again = client.get(f"{said(page, message)}?view", headers=PIECE).content.decode()
    schedule.slow_worker().run_due()
    then = client.get(f"{said(page, message)}?view", headers=PIECE).content.decode()

    assert f'hx-get="{said(page, message)}?view" hx-trigger="load delay:1s"' in first
    assert first.split("<noscript>")[0] == again.split("<noscript>")[0]
    assert message.body.upper() in then
    assert "Upper" in then
    assert "hx-trigger" not in then


def test_the_original_is_one_click_away(door: tuple[Client, str, Message], engine: Upper) -> None:
    client, page, message = door
    client.post(said(page, message), headers=PIECE)
    schedule.slow_worker().run_due()

    shown = client.get(f"{said(page, message)}?view", headers=PIECE).content.decode()
    original = client.get(f"{said(page, message)}?original", headers=PIECE).content.decode()

    assert f"{said(page, message)}?original" in shown
    assert message.body in original
    assert message.body.upper() not in original


def test_without_scripts_the_page_itself_says_how_far_it_is(door: tuple[Client, str, Message], engine: Upper) -> None:
    client, page, message = door

    first = client.post(said(page, message), follow=True)
    schedule.slow_worker().run_due()
    then = client.get(f"{page}?view={message.pk}")

    assert first.redirect_chain == [(f"{page}?view={message.pk}#m{message.pk}", 302)]
    assert "hx-trigger" in first.content.decode()
    assert message.body.upper() in then.content.decode()


def test_a_failure_offers_another_try(door: tuple[Client, str, Message], engine: Upper) -> None:
    client, page, message = door
    engine.failure = Failed("quota")
    client.post(said(page, message), headers=PIECE)
    schedule.slow_worker().run_due()

    piece = client.get(f"{said(page, message)}?view", headers=PIECE).content.decode()

    assert 'role="alert"' in piece
    assert "<form" in piece


def test_what_an_engine_writes_is_words_and_no_markup(door: tuple[Client, str, Message], engine: Upper) -> None:
    client, page, message = door
    engine.answer = "<script>alert(1)</script> <b>bold</b>"
    client.post(said(page, message), headers=PIECE)
    schedule.slow_worker().run_due()

    piece = client.get(f"{said(page, message)}?view", headers=PIECE).content.decode()

    assert "<script>" not in piece
    assert "&lt;b&gt;" in piece


def test_a_message_of_another_ticket_is_absent(door: tuple[Client, str, Message], engine: Upper) -> None:
    client, page, message = door

    assert client.post(f"{page.rstrip('/')}/messages/{message.pk + 1000}", headers=PIECE).status_code == 404
    assert client.get(f"{page.rstrip('/')}/messages/{message.pk + 1000}?view", headers=PIECE).status_code == 404


def test_a_rival_asks_for_nothing_of_anothers_ticket(rival_client: Client, asked: Message, engine: Upper) -> None:
    url = f"/dashboard/tickets/{asked.ticket.public_id}/messages/{asked.pk}"

    assert rival_client.post(url, headers=PIECE).status_code == 404
    assert rival_client.get(f"{url}?view", headers=PIECE).status_code == 404
    assert not Translation.objects.exists()


def test_a_note_of_support_is_no_message_for_a_merchant(
    mehmet_client: Client, ticket: Ticket, sofia: Actor, engine: Upper
) -> None:
    ticket.note("Sie hat schon zweimal gefragt.", by=sofia)
    note = ticket.messages.latest("pk")

    url = f"/dashboard/tickets/{ticket.public_id}/messages/{note.pk}"

    assert mehmet_client.post(url, headers=PIECE).status_code == 404


@pytest.mark.parametrize("who", ["mehmet_client", "sofia_client"])
def test_staff_say_which_language_it_is(who: str, request: pytest.FixtureRequest, asked: Message) -> None:
    client: Client = request.getfixturevalue(who)
    place = "dashboard" if who == "mehmet_client" else "support"
    url = f"/{place}/tickets/{asked.ticket.public_id}/messages/{asked.pk}"

    asks = client.get(f"{url}?name", headers=PIECE).content.decode()
    client.post(url, {"language": "uk"}, headers=PIECE)

    assert '<option value="uk" lang="uk">Українська</option>' in asks
    asked.refresh_from_db()
    assert (asked.language, asked.language_by) == ("uk", LanguageBy.PERSON)


@pytest.mark.parametrize("language", ["", "klingon", "EN", "<b>"])
def test_what_is_no_language_changes_nothing(mehmet_client: Client, asked: Message, language: str) -> None:
    url = f"/dashboard/tickets/{asked.ticket.public_id}/messages/{asked.pk}"

    assert mehmet_client.post(url, {"language": language}, headers=PIECE).status_code == 200

    asked.refresh_from_db()
    assert asked.language == "tr"


def test_a_customer_says_nothing_about_a_merchants_language(ada_client: Client, answered: Message) -> None:
    url = reverse("storefront:message", args=[answered.ticket.public_id, answered.pk])

    ada_client.post(url, {"language": "uk"}, headers=PIECE)

    answered.refresh_from_db()
    assert answered.language == "tr"


def test_a_language_that_is_not_certain_is_shown_as_probable(mehmet_client: Client, asked: Message) -> None:
    page = f"/dashboard/tickets/{asked.ticket.public_id}"
    before = mehmet_client.get(page).content.decode()
    schedule.worker().run_due()
    after = mehmet_client.get(page).content.decode()

    assert "Probably Türkçe" in before
    assert "Probably Türkçe" not in after
    assert ">Türkçe</a>" in after
