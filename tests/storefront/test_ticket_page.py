"""Ada follows her ticket, answers, closes it and opens it again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.storefront.answering import by_when
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.rules import State
from marketdesk.translations.models import Translation
from marketdesk.ui.templatetags.marketdesk import day
from tests.conftest import NOW, signed_in
from tests.storefront.test_asking import picture

pytestmark = pytest.mark.django_db


def page_of(ticket: Ticket) -> str:
    return reverse("storefront:ticket", args=[ticket.public_id])


def deed(ticket: Ticket, name: str) -> str:
    return reverse(f"storefront:{name}", args=[ticket.public_id])


@pytest.fixture
def bob_client(db: None) -> Client:
    return signed_in(User.objects.create_user("bob@example.org", "bob-password", name="Bob Stone", country="DE"))


# Following


def test_the_page_says_who_answers_next_and_by_when(now: Any, ada_client: Client, purchase: Ticket) -> None:
    page = ada_client.get(page_of(purchase)).text

    assert "Anadolu Home answers next" in page
    assert f"They answer by {by_when(NOW + timedelta(hours=48))}." in page
    assert "the platform Support takes over." in page


def test_a_late_store_is_said_to_be_late(now: Any, ada_client: Client, ticket: Ticket) -> None:
    now.shift(timedelta(hours=49))

    assert "Anadolu Home is late" in ada_client.get(page_of(ticket)).text


def test_after_an_answer_it_is_the_customers_turn(ada_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)

    page = ada_client.get(page_of(ticket)).text

    assert "It is your turn" in page
    assert "It is on its way." in page


def test_support_that_took_over_is_named(ada_client: Client, purchase: Ticket, sofia: Actor) -> None:
    purchase.take_over(by=sofia)

    assert "the platform Support takes care of it now" in ada_client.get(page_of(purchase)).text


def test_an_appeals_reason_and_notes_stay_with_the_staff(
    ada_client: Client, purchase: Ticket, mehmet: Actor, sofia: Actor
) -> None:
    purchase.appeal("This customer always complains.", by=mehmet)
    purchase.note("Be careful here.", by=sofia)

    page = ada_client.get(page_of(purchase)).text

    assert "This customer always complains." not in page
    assert "Be careful here." not in page


def test_a_refund_shows_its_sum_state_and_date(
    now: Any, ada_client: Client, purchase: Ticket, mehmet: Actor, sofia: Actor
) -> None:
    refund = refund_items(purchase, list(purchase.items.all()), by=mehmet)[0]
    pending = ada_client.get(page_of(purchase)).text
    settle(refund, succeeded=True, by=sofia)
    paid = ada_client.get(page_of(purchase)).text

    assert f"89.90 EUR</bdi> on its way to you since {day(NOW)}" in pending
    assert f"89.90 EUR</bdi> paid back on {day(NOW)}" in paid


def test_a_failed_refund_is_said(ada_client: Client, purchase: Ticket, mehmet: Actor, sofia: Actor) -> None:
    refund = refund_items(purchase, list(purchase.items.all()), by=mehmet)[0]
    settle(refund, succeeded=False, by=sofia)

    page = ada_client.get(page_of(purchase)).text

    assert "failed on" in page
    assert "the platform Support answers next" in page


def test_an_answer_in_another_language_can_be_viewed_in_ones_own(
    ada_client: Client, ticket: Ticket, mehmet: Actor
) -> None:
    message = ticket.reply("Sie ist unterwegs.", by=mehmet, language="de")
    offered = ada_client.get(page_of(ticket)).text
    without = ada_client.get(f"{page_of(ticket)}?view={message.pk}").text
    Translation.objects.create(message=message, language="en", engine="human", body="It is on its way.")
    viewed = ada_client.get(f"{page_of(ticket)}?view={message.pk}").text

    assert "View in English" in offered
    assert "No translation engine is set up here." in without
    assert "It is on its way." in viewed


@pytest.mark.parametrize("wanted", ["x", "-1", "999999999999999999999999", "٣", ""])
def test_a_view_of_nothing_shows_the_page(ada_client: Client, ticket: Ticket, wanted: str) -> None:
    assert ada_client.get(page_of(ticket), {"view": wanted}).status_code == 200


def test_the_page_stays_within_its_queries(
    ada_client: Client,
    purchase: Ticket,
    mehmet: Actor,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    purchase.reply("Sorry.", by=mehmet)
    refund_items(purchase, list(purchase.items.all()), by=mehmet)

    with django_assert_max_num_queries(20):
        ada_client.get(page_of(purchase))


@pytest.mark.parametrize("name", ["ticket", "reply", "reopen", "close", "helped", "draft"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_ticket_is_as_if_absent(bob_client: Client, ticket: Ticket, name: str, method: str) -> None:
    strange = getattr(bob_client, method)(deed(ticket, name), {"text": "Hallo", "how": "solved", "helpful": "yes"})
    missing = getattr(bob_client, method)(
        reverse(f"storefront:{name}", args=["0" * 24]), {"text": "Hallo", "how": "solved", "helpful": "yes"}
    )

    assert strange.status_code == missing.status_code
    assert strange.status_code in {404, 405}
    assert strange.content == missing.content
    ticket.refresh_from_db()
    assert (ticket.state, ticket.messages.count(), Draft.objects.count()) == (State.WITH_MERCHANT, 1, 0)


# Answering


def test_an_answer_goes_to_the_store(ada_client: Client, ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.reply("Which colour?", by=mehmet)

    answer = ada_client.post(
        deed(ticket, "reply"),
        {"text": "Blau, bitte.", "key": "k", "seen": ticket.last_seen_by(ada), "pictures": [picture()]},
    )

    ticket.refresh_from_db()
    assert answer.url == page_of(ticket)  # type: ignore[attr-defined]
    assert ticket.state == State.WITH_MERCHANT
    said = ticket.messages.last()
    assert said is not None
    assert (said.body, said.language, said.attachments.count()) == ("Blau, bitte.", "en", 1)


def test_a_double_click_answers_once(ada_client: Client, ticket: Ticket) -> None:
    for _ in range(2):
        answer = ada_client.post(deed(ticket, "reply"), {"text": "Noch etwas.", "key": "k"})
        assert answer.status_code == 302

    assert ticket.messages.count() == 2


def test_something_new_is_shown_before_the_answer_goes_out(
    ada_client: Client, ticket: Ticket, mehmet: Actor, ada: Actor
) -> None:
    seen = ticket.last_seen_by(ada)
    ticket.reply("It arrived yesterday.", by=mehmet)

    page = ada_client.post(deed(ticket, "reply"), {"text": "Wo bleibt sie?", "key": "k", "seen": seen})

    assert page.status_code == 409
    assert "It arrived yesterday." in page.text
    assert "Wo bleibt sie?" in page.text
    assert ticket.messages.count() == 2


def test_an_answer_to_a_ticket_closed_for_good_is_refused_and_its_text_shown(
    ada_client: Client, ticket: Ticket, sofia: Actor
) -> None:
    ticket.close_for_good(by=sofia)

    page = ada_client.post(deed(ticket, "reply"), {"text": "Eine Frage noch.", "key": "k"})

    assert page.status_code == 409
    assert "The ticket is closed for good." in page.text
    assert "Eine Frage noch.</textarea>" in page.text
    assert ticket.messages.count() == 1


def test_a_refused_answer_keeps_text_and_pictures(ada_client: Client, ticket: Ticket) -> None:
    page = ada_client.post(
        deed(ticket, "reply"),
        {"text": "Hier ein Bild.", "pictures": [picture("good.png"), SimpleUploadedFile("bad.pdf", b"%PDF")]},
    )

    assert page.status_code == 422
    assert "Hier ein Bild." in page.text
    assert "good.png" in page.text
    assert "bad.pdf" in page.text
    assert ticket.messages.count() == 1


def test_an_empty_answer_is_refused(ada_client: Client, ticket: Ticket) -> None:
    page = ada_client.post(deed(ticket, "reply"), {"text": " "})

    assert page.status_code == 422
    assert ticket.messages.count() == 1


def test_a_draft_survives_a_reload_and_goes_with_the_sending(ada_client: Client, ticket: Ticket) -> None:
    assert ada_client.post(deed(ticket, "draft"), {"text": "Ich wollte noch"}).status_code == 204
    assert "Ich wollte noch" in ada_client.get(page_of(ticket)).text

    ada_client.post(deed(ticket, "reply"), {"text": "Ich wollte noch etwas sagen."})

    assert Draft.objects.count() == 0


def test_a_session_that_ended_keeps_the_answer(client: Client, ticket: Ticket) -> None:
    turned_away: Any = client.post(deed(ticket, "reply"), {"text": "Meine Antwort", "key": "k"})
    signed: Any = client.post(turned_away.url, {"login": "ada@example.org", "password": "ada-password"})
    page = client.get(signed.url, follow=True)

    assert page.request["PATH_INFO"] == page_of(ticket)
    assert "Meine Antwort" in page.text
    assert ticket.messages.count() == 1


# Closing and opening again


@pytest.mark.parametrize("how", ["solved", "not_needed"])
def test_a_customer_closes_their_own_ticket(ada_client: Client, ticket: Ticket, how: str) -> None:
    ada_client.post(deed(ticket, "close"), {"how": how, "key": "k"})

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_by, ticket.closed_how) == (State.CLOSED, Party.CUSTOMER, how)
    assert "You closed this question." in ada_client.get(page_of(ticket)).text


def test_closing_needs_a_word_that_exists(ada_client: Client, ticket: Ticket) -> None:
    assert ada_client.post(deed(ticket, "close"), {"how": "refunded"}).status_code == 422

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT


def test_writing_again_opens_it_again(ada_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.resolve("Solved.", by=mehmet)

    for _ in range(2):
        ada_client.post(deed(ticket, "reopen"), {"text": "Leider doch nicht.", "key": "k"})

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT
    assert ticket.messages.count() == 3


def test_answering_a_ticket_that_was_closed_meanwhile_is_refused(
    ada_client: Client, ticket: Ticket, mehmet: Actor
) -> None:
    ticket.resolve("Solved.", by=mehmet)

    page = ada_client.post(deed(ticket, "reply"), {"text": "Und noch etwas."})

    assert page.status_code == 409
    assert "Und noch etwas." in page.text
    assert deed(ticket, "reopen") in page.text
    assert ticket.messages.count() == 2


def test_after_the_time_to_re_open_a_new_question_is_offered(
    now: Any, ada_client: Client, ticket: Ticket, ada: Actor
) -> None:
    ticket.close(by=ada, how="solved")
    now.shift(timedelta(days=31))
    ada_client.force_login(ticket.customer)

    page = ada_client.get(page_of(ticket)).text
    refused = ada_client.post(deed(ticket, "reopen"), {"text": "Hallo?", "key": "k"})

    assert f"?follows={ticket.public_id}" in page
    assert deed(ticket, "reopen") not in page
    assert refused.status_code == 409
    assert ticket.messages.count() == 1


def test_closed_for_good_never_opens_again(ada_client: Client, ticket: Ticket, sofia: Actor) -> None:
    ticket.close_for_good(by=sofia)

    page = ada_client.get(page_of(ticket)).text
    refused = ada_client.post(deed(ticket, "reopen"), {"text": "Hallo?"})

    assert deed(ticket, "reopen") not in page
    assert refused.status_code == 409
    assert ticket.messages.count() == 1


# Pictures


def test_pictures_are_private_and_tame(ada_client: Client, bob_client: Client, ticket: Ticket) -> None:
    ada_client.post(deed(ticket, "reply"), {"text": "Hier.", "pictures": [picture()]})
    address = reverse("storefront:picture", args=[ticket.public_id, Attachment.objects.get().public_id])

    whole, small, strange = ada_client.get(address), ada_client.get(f"{address}?small"), bob_client.get(address)

    assert whole["Content-Type"] in {"image/png", "image/jpeg"}
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert whole["Cache-Control"].startswith("private")
    assert "sandbox" in whole["Content-Security-Policy"]
    assert small.status_code == 200
    assert strange.status_code == 404


def test_a_picture_not_sent_yet_is_its_choosers_only(ada_client: Client, bob_client: Client, ticket: Ticket) -> None:
    ada_client.post(deed(ticket, "reply"), {"text": "", "pictures": [picture()]})
    address = reverse("storefront:kept-picture", args=[Attachment.objects.get().public_id])

    assert ada_client.get(address).status_code == 200
    assert bob_client.get(address).status_code == 404
