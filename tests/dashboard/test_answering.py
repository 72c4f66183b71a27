"""Answering from the page: reply, resolve, close, re-open, appeal; drafts, pictures and templates on the way."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from marketdesk.journal.models import Audience, Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.replies.models import ReplyUse
from marketdesk.tickets.models import Attachment, Draft, Message, Ticket
from marketdesk.tickets.rules import Desk, State
from tests.dashboard.conftest import act, address, form_of, picture, words

pytestmark = pytest.mark.django_db


def test_a_reply_moves_the_ticket_and_offers_the_next(
    mehmet_client: Client, ticket: Ticket, ask: Callable[..., Ticket]
) -> None:
    other = ask("tracking", "Wo ist das Paket?")

    page = act(mehmet_client, ticket, "reply", text="It is on its way.")
    after = mehmet_client.get(page["Location"])

    ticket.refresh_from_db()
    assert (page.status_code, page["Location"]) == (302, address(ticket))
    assert ticket.state == State.WITH_CUSTOMER
    assert "Reply sent. Next ticket" in words(after)
    assert f'href="{address(other)}" rel="next"' in after.content.decode()
    assert "It is on its way." in words(after)


def test_the_last_reply_says_that_nothing_else_waits(mehmet_client: Client, ticket: Ticket) -> None:
    page = act(mehmet_client, ticket, "reply", text="It is on its way.")

    assert "Reply sent. No other ticket waits for you." in words(mehmet_client.get(page["Location"]))


def test_an_answer_in_awaiting_user_is_an_addition(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)

    act(mehmet_client, ticket, "reply", text="It left us on Monday.")

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER
    assert ticket.messages.count() == 3


def test_reply_and_resolve_closes(mehmet_client: Client, ticket: Ticket) -> None:
    page = act(mehmet_client, ticket, "resolve", text="It arrives on Friday.")

    ticket.refresh_from_db()
    assert (page.status_code, ticket.state, ticket.closed_how) == (302, State.CLOSED, "resolved")
    assert "Resolved · today" in words(mehmet_client.get(address(ticket)))


def test_closing_keeps_typed_words_as_a_draft(mehmet_client: Client, ticket: Ticket) -> None:
    act(mehmet_client, ticket, "close", text="Half a sent")

    ticket.refresh_from_db()
    page = mehmet_client.get(address(ticket))
    assert (ticket.state, ticket.closed_how) == (State.CLOSED, "closed")
    assert page.context["reply"].text == "Half a sent"


def test_a_closed_ticket_opens_again_with_a_message(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.close(by=mehmet)
    page = mehmet_client.get(address(ticket))
    assert [button.value for button in page.context["acts"]] == ["reopen"]

    act(mehmet_client, ticket, "reopen", text="I forgot to say: it comes with a bulb.")

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER
    assert ticket.messages.last().body == "I forgot to say: it comes with a bulb."  # type: ignore[union-attr]


def test_reopening_without_a_message_is_refused_in_words(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.close(by=mehmet)

    page = act(mehmet_client, ticket, "reopen", text="  ")

    ticket.refresh_from_db()
    assert (page.status_code, ticket.state) == (422, State.CLOSED)
    assert "Write a message first." in words(page)


def test_an_appeal_is_asked_for_with_a_hint_and_a_reason(mehmet_client: Client, purchase: Ticket) -> None:
    page = act(mehmet_client, purchase, "ask_appeal", text="Hello Ada, I w")

    assert page.status_code == 200
    assert "Please try your best to solve it with Ada first" in words(page)
    assert "Anadolu Home and the platform Support will read this, Ada L. will not." in words(page)
    assert page.context["reply"].text == "Hello Ada, I w"
    purchase.refresh_from_db()
    assert purchase.state == State.WITH_MERCHANT


def test_an_appeal_brings_support_in_and_keeps_the_begun_reply(
    mehmet_client: Client, purchase: Ticket, mehmet: Actor
) -> None:
    Draft.keep(purchase.pk, "Hello Ada, I w", by=mehmet)

    page = act(mehmet_client, purchase, "appeal", text="The carrier lost it.")

    purchase.refresh_from_db()
    assert (page.status_code, purchase.state, purchase.desk) == (302, State.WITH_SUPPORT, Desk.PLATFORM)
    assert purchase.messages.last().audience == Audience.STAFF  # type: ignore[union-attr]
    after = mehmet_client.get(address(purchase))
    assert after.context["reply"].text == "Hello Ada, I w"
    assert "With the platform Support" in words(after)


def test_an_appeal_without_a_reason_stays_on_the_page(mehmet_client: Client, purchase: Ticket) -> None:
    page = act(mehmet_client, purchase, "appeal", text="")

    purchase.refresh_from_db()
    assert (page.status_code, purchase.state) == (422, State.WITH_MERCHANT)
    assert "Write a message first." in words(page)


def test_a_question_cannot_be_appealed(mehmet_client: Client, ticket: Ticket) -> None:
    for name in ("ask_appeal", "appeal"):
        page = act(mehmet_client, ticket, name, text="Please decide.")
        assert page.status_code == 409
        assert "This cannot be done with a ticket of this category." in words(page)

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT


@pytest.mark.parametrize(("text", "why"), [("", "Write a message first."), ("x" * 10_001, "10001 characters")])
def test_a_bad_text_is_refused_and_kept_with_its_pictures(
    mehmet_client: Client, ticket: Ticket, text: str, why: str
) -> None:
    page = act(mehmet_client, ticket, "reply", text=text, pictures=[picture()])

    kept = Attachment.objects.get()
    assert page.status_code == 422
    assert why in words(page)
    assert page.context["reply"].text == text
    assert f'name="kept" value="{kept.public_id}" checked' in page.content.decode()
    assert (ticket.messages.count(), kept.message) == (1, None)

    act(mehmet_client, ticket, "reply", text="Here.", kept=[kept.public_id])
    kept.refresh_from_db()
    assert kept.message == ticket.messages.last()


def test_a_file_that_is_no_picture_is_named_and_the_rest_kept(mehmet_client: Client, ticket: Ticket) -> None:
    script = SimpleUploadedFile("foot.png", b"<svg onload=alert(1)>", "image/png")

    page = act(mehmet_client, ticket, "reply", text="Look.", pictures=[script, picture("good.png")])

    assert page.status_code == 422
    assert "foot.png: The file is not a picture, or it is damaged." in words(page)
    assert page.context["reply"].text == "Look."
    assert [kept.name for kept in page.context["reply"].kept] == ["good.png"]
    assert ticket.messages.count() == 1


def test_a_refused_reply_says_why_in_the_thread_and_keeps_everything(
    mehmet_client: Client, ticket: Ticket, mehmet: Actor
) -> None:
    form = form_of(mehmet_client.get(address(ticket)))
    ticket.close(by=mehmet)
    form["seen"] = str(ticket.last_seen_by(mehmet))

    page = mehmet_client.post(address(ticket), {**form, "act": "reply", "text": "Too late", "pictures": [picture()]})

    assert page.status_code == 409
    assert "Not sent. The ticket is closed" in words(page)
    assert page.context["reply"].text == "Too late"
    assert len(page.context["reply"].kept) == 1
    assert Draft.of(ticket.pk, by=mehmet) == "Too late"
    assert ticket.messages.count() == 1


def test_what_was_typed_stays_readable_where_nothing_may_be_sent(
    mehmet_client: Client, ticket: Ticket, sofia: Actor
) -> None:
    form = form_of(mehmet_client.get(address(ticket)))
    ticket.close_for_good(by=sofia)

    page = mehmet_client.post(address(ticket), {**form, "act": "reply", "text": "A long answer"})

    assert page.status_code == 409
    assert "A long answer" in page.content.decode()


def test_something_new_stops_the_reply_and_is_shown(
    mehmet_client: Client, ticket: Ticket, ada: Actor, mehmet: Actor
) -> None:
    form = form_of(mehmet_client.get(address(ticket)))
    ticket.reply("Sie ist da, danke!", by=ada)

    page = mehmet_client.post(address(ticket), {**form, "act": "reply", "text": "It is on its way."})

    assert page.status_code == 409
    assert "Something new happened on this ticket" in words(page)
    assert "New since you were here" in words(page)
    new = next(line for line in page.context["thread"] if line.get("is_new"))
    assert new["number"] == str(ticket.messages.last().pk)  # type: ignore[union-attr]
    assert page.context["reply"].text == "It is on its way."
    assert ticket.messages.count() == 2

    again = mehmet_client.post(address(ticket), {**form_of(page), "act": "reply", "text": "Glad to hear it."})
    assert again.status_code == 302


def test_a_double_click_sends_once(mehmet_client: Client, ticket: Ticket) -> None:
    form = {**form_of(mehmet_client.get(address(ticket))), "act": "reply", "text": "It is on its way."}

    first, second = mehmet_client.post(address(ticket), form), mehmet_client.post(address(ticket), form)

    assert (first.status_code, second.status_code) == (302, 302)
    assert ticket.messages.count() == 2


def test_the_same_key_with_other_words_sends_nothing(mehmet_client: Client, ticket: Ticket) -> None:
    form = {**form_of(mehmet_client.get(address(ticket))), "act": "reply"}
    mehmet_client.post(address(ticket), {**form, "text": "It is on its way."})

    page = mehmet_client.post(address(ticket), {**form, "text": "It is lost."})

    assert page.status_code == 409
    assert page.context["reply"].text == "It is lost."
    assert ticket.messages.count() == 2


@pytest.mark.parametrize(
    "fields", [{}, {"act": "delete"}, {"act": "reply", "key": "k" * 81}, {"act": "close", "seen": "x"}]
)
def test_a_form_that_makes_no_sense_changes_nothing(
    mehmet_client: Client, ticket: Ticket, fields: dict[str, str]
) -> None:
    events = Event.objects.count()

    page = mehmet_client.post(address(ticket), {"text": "Hello", **fields})

    assert page.status_code == 422
    assert page.context["reply"].text == "Hello"
    assert Event.objects.count() == events


def test_a_draft_survives_a_reload_and_ends_with_sending(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    saved = mehmet_client.post(address(ticket) + "/draft", {"text": "It is on"})
    page = mehmet_client.get(address(ticket))
    assert (saved.status_code, page.context["reply"].text) == (204, "It is on")
    assert "data-draft-restored" in page.content.decode()

    act(mehmet_client, ticket, "reply", text="It is on its way.")
    mehmet_client.post(address(ticket) + "/draft", {"text": "It is on its way."})  # a save that came too late

    assert Draft.of(ticket.pk, by=mehmet) == ""


def test_a_template_goes_in_without_javascript_and_sends_nothing(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(address(ticket))
    one = page.context["reply"].suggestions[0]
    fields = {**form_of(page), "text": "Guten Tag!", "template_language": "de", "insert": one.code}

    page = mehmet_client.post(address(ticket), {**fields, "pictures": [picture()]})

    assert page.status_code == 200
    assert page.context["reply"].text == f"Guten Tag!\n\n{one.text.strip()}"
    assert len(page.context["reply"].kept) == 1
    assert ticket.messages.count() == 1


def test_the_dropdown_works_without_javascript_and_keeps_the_text(mehmet_client: Client, ticket: Ticket) -> None:
    page = act(mehmet_client, ticket, "templates", text="Hello", template_language="it")

    assert (page.status_code, page.context["reply"].language, page.context["reply"].text) == (200, "it", "Hello")
    assert not page.context["reply"].restored


@pytest.mark.parametrize(("used", "language"), [(True, "de"), (False, "en")])
def test_a_message_is_marked_with_the_language_it_is_written_in(
    mehmet_client: Client, ticket: Ticket, used: bool, language: str
) -> None:
    suggestion = mehmet_client.get(address(ticket)).context["reply"].suggestions[0]
    text = suggestion.text + "\nMehmet" if used else "It is on its way."

    act(mehmet_client, ticket, "reply", text=text, template_language="de")

    assert ticket.messages.last().language == language  # type: ignore[union-attr]


@pytest.mark.parametrize("button", ["reply", "resolve"])
def test_a_template_that_is_sent_is_counted_and_stands_first_next_time(
    mehmet_client: Client, ticket: Ticket, ask: Callable[..., Ticket], store: Merchant, button: str
) -> None:
    sent = mehmet_client.get(address(ticket)).context["reply"].suggestions[2]
    form = form_of(mehmet_client.get(address(ticket)))
    for _click in range(2):
        fields = {**form, "act": button, "text": sent.text, "template_language": "de"}
        assert mehmet_client.post(address(ticket), fields).status_code == 302

    used = ReplyUse.objects.get()
    assert (used.merchant, used.template_id, used.times) == (store, sent.template, 1)
    following = mehmet_client.get(address(ask("order_status"))).context["reply"]
    assert following.suggestions[0].code == sent.code


def test_a_refused_reply_counts_no_template(mehmet_client: Client, ticket: Ticket, sofia: Actor) -> None:
    page = mehmet_client.get(address(ticket))
    text = page.context["reply"].suggestions[0].text
    ticket.close_for_good(by=sofia)

    refused = mehmet_client.post(
        address(ticket), {**form_of(page), "act": "reply", "text": text, "template_language": "de"}
    )

    assert refused.status_code == 409
    assert not ReplyUse.objects.exists()


def test_looking_for_a_template_with_enter_sends_nothing(mehmet_client: Client, ticket: Ticket) -> None:
    """A browser without JavaScript presses the form's first button."""
    page = mehmet_client.get(address(ticket))
    form = page.content.decode().split('<form id="reply-form"')[1]
    first = re.search(r'<button [^>]*name="(\w+)" value="(\w+)"', form)
    assert first
    assert first.groups() == ("act", "templates")

    page = act(mehmet_client, ticket, first[2], text="Hello", template_language="de", template_words="spät")

    assert (page.status_code, page.context["reply"].text) == (200, "Hello")
    assert ticket.messages.count() == 1


def test_a_picture_is_sent_and_served_safely(mehmet_client: Client, rival_client: Client, ticket: Ticket) -> None:
    act(mehmet_client, ticket, "reply", text="Like this.", pictures=[picture()])
    sent = Message.objects.latest("pk").attachments.get()
    place = f"{address(ticket)}/pictures/{sent.public_id}"

    page = mehmet_client.get(place)
    small = mehmet_client.get(place + "?small")

    for answer in (page, small):
        assert answer.status_code == 200
        assert answer["Content-Type"] == sent.mime
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Cache-Control"].startswith("private")
    assert rival_client.get(place).status_code == 404
    assert f'src="{place}?small"' in mehmet_client.get(address(ticket)).content.decode()


def test_a_picture_of_a_note_or_of_another_ticket_is_absent(
    mehmet_client: Client, ticket: Ticket, purchase: Ticket, ada: Actor, sofia: Actor
) -> None:
    purchase.reply("Hier.", by=ada, pictures=[Attachment.keep(picture(), "a.png", by=ada)])
    sent = Attachment.objects.get(name="a.png")
    unsent = Attachment.keep(picture(color="blue"), "b.png", by=sofia)

    assert mehmet_client.get(f"{address(purchase)}/pictures/{sent.public_id}").status_code == 200
    assert mehmet_client.get(f"{address(ticket)}/pictures/{sent.public_id}").status_code == 404
    assert mehmet_client.get(f"{address(ticket)}/pictures/{unsent.public_id}").status_code == 404
    assert mehmet_client.get(f"{address(ticket)}/pictures/{'0' * 24}").status_code == 404


def test_every_word_of_a_person_is_escaped(mehmet_client: Client, ask: Callable[..., Ticket], store: Any) -> None:
    ticket = ask("order_status", "<script>alert(1)</script> https://shop.example/?a=1&b=2")

    html = mehmet_client.get(address(ticket)).content.decode()

    assert "<script>alert(1)" not in html
    assert 'href="https://shop.example/?a=1&amp;b=2"' in html
