"""Answers, notes, drafts, templates and pictures in the one thread."""

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from marketdesk.journal.models import Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.tickets import thread
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.rules import State
from marketdesk.translations.models import Translation
from tests.support.conftest import Press, address

pytestmark = pytest.mark.django_db


def a_picture(name: str = "foot.png") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "PNG")
    return SimpleUploadedFile(name, stream.getvalue(), "image/png")


def said(ticket: Ticket, actor: Actor) -> list[str]:
    return [entry.message.body for entry in thread.entries(ticket, actor) if entry.message]


def test_support_answers_in_the_same_thread(
    at_desk: Ticket, press: Press, ada: Actor, mehmet: Actor, sofia_client: Client
) -> None:
    answer = press(at_desk, "send", voice="reply", text="You get your money back.")

    assert answer.status_code == 302
    assert "Reply sent." in sofia_client.get(address(at_desk)).content.decode()
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_CUSTOMER
    for reader in (ada, mehmet):
        assert said(at_desk, reader)[-1] == "You get your money back."


def test_a_note_is_read_by_the_platform_alone(
    at_desk: Ticket, press: Press, ada: Actor, mehmet: Actor, sofia: Actor, sofia_client: Client
) -> None:
    excerpt = at_desk.excerpt

    press(at_desk, "send", voice="note", text="Third broken foot this month.")

    at_desk.refresh_from_db()
    assert said(at_desk, sofia)[-1] == "Third broken foot this month."
    assert "Third broken foot" in sofia_client.get(address(at_desk)).content.decode()
    for reader in (ada, mehmet):
        assert "Third broken foot this month." not in said(at_desk, reader)
        assert not at_desk.events_for(reader).filter(verb="note").exists()
    assert at_desk.state == State.WITH_SUPPORT
    assert at_desk.excerpt == excerpt


def test_a_picture_of_a_note_is_shown_to_the_platform_alone(
    at_desk: Ticket, press: Press, sofia: Actor, mehmet: Actor, sofia_client: Client
) -> None:
    press(at_desk, "send", voice="note", text="See the batch number.", pictures=[a_picture()])

    picture = Attachment.objects.get()
    assert picture.message
    assert picture.message.audience == Audience.PLATFORM
    answer = sofia_client.get(f"{address(at_desk)}/pictures/{picture.public_id}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == picture.mime
    assert Attachment.objects.visible_to(sofia).exists()
    assert not Attachment.objects.visible_to(mehmet).exists()


def test_a_picture_is_found_under_its_own_ticket_only(
    at_desk: Ticket, ticket: Ticket, press: Press, sofia_client: Client
) -> None:
    press(at_desk, "send", voice="reply", text="Like this?", pictures=[a_picture()])
    picture = Attachment.objects.get().public_id

    assert sofia_client.get(f"{address(ticket)}/pictures/{picture}").status_code == 404
    assert sofia_client.get(f"{address(at_desk)}/pictures/{'0' * 24}").status_code == 404
    assert sofia_client.get(f"{address(at_desk)}/pictures/{picture}?small").status_code == 200


def test_a_picture_whose_file_is_gone_is_missing_and_breaks_nothing(
    at_desk: Ticket, press: Press, sofia_client: Client
) -> None:
    press(at_desk, "send", voice="reply", text="Like this?", pictures=[a_picture()])
    picture = Attachment.objects.get()
    default_storage.delete(picture.path)

    assert sofia_client.get(f"{address(at_desk)}/pictures/{picture.public_id}").status_code == 404


@pytest.mark.parametrize(("text", "words"), [("  ", "Write a message first"), ("x" * 10_001, "10001 characters")])
def test_an_impossible_text_is_refused_and_kept(at_desk: Ticket, press: Press, text: str, words: str) -> None:
    answer = press(at_desk, "send", voice="reply", text=text)

    assert answer.status_code == 422
    assert words in answer.content.decode().replace(",", "")
    assert at_desk.messages.count() == 2


def test_without_saying_what_it_is_nothing_is_sent(at_desk: Ticket, press: Press) -> None:
    answer = press(at_desk, "send", voice="shout", text="For whom?")

    assert answer.status_code == 422
    assert "For whom?" in answer.content.decode()
    assert at_desk.messages.count() == 2


def test_a_bad_picture_is_refused_and_the_good_one_and_the_text_are_kept(at_desk: Ticket, press: Press) -> None:
    bad = SimpleUploadedFile("virus.png", b"MZ not a picture", "image/png")

    answer = press(at_desk, "send", voice="note", text="Look.", pictures=[a_picture(), bad])

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "virus.png" in page
    assert "Look.</textarea>" in page
    assert f'value="{Attachment.objects.get().public_id}" checked' in page
    assert 'value="note" checked' in page
    assert at_desk.messages.count() == 2


def test_something_new_is_shown_first_and_the_text_is_kept(
    at_desk: Ticket, press: Press, sofia: Actor, ada: Actor
) -> None:
    seen = at_desk.last_seen_by(sofia)
    at_desk.reply("Please hurry, it is a present.", by=ada)

    answer = press(at_desk, "send", voice="reply", text="We are looking into it.", seen=seen)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Something new happened" in page
    assert "Please hurry" in page
    assert "We are looking into it.</textarea>" in page
    assert Draft.of(at_desk.pk, by=sofia) == "We are looking into it."
    assert at_desk.messages.count() == 3


def test_a_double_click_sends_once(at_desk: Ticket, press: Press, sofia: Actor) -> None:
    seen = at_desk.last_seen_by(sofia)

    answers = [press(at_desk, "send", voice="reply", text="Once.", key="k", seen=seen) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert at_desk.messages.filter(body="Once.").count() == 1


def test_a_used_form_with_other_words_is_refused(at_desk: Ticket, press: Press) -> None:
    press(at_desk, "send", voice="reply", text="First words.", key="k")

    answer = press(at_desk, "send", voice="reply", text="Other words.", key="k")

    assert answer.status_code == 409
    assert "Other words.</textarea>" in answer.content.decode()
    assert not at_desk.messages.filter(body="Other words.").exists()


def test_an_answer_to_a_closed_ticket_is_refused_in_words(at_desk: Ticket, press: Press, sofia: Actor) -> None:
    at_desk.close(by=sofia)

    answer = press(at_desk, "send", voice="reply", text="One more thing.")

    assert answer.status_code == 409
    assert "The ticket is closed" in answer.content.decode()
    assert "One more thing.</textarea>" in answer.content.decode()
    assert not at_desk.messages.filter(body="One more thing.").exists()


def test_a_draft_survives_a_reload_and_ends_with_the_sending(
    at_desk: Ticket, press: Press, sofia: Actor, sofia_client: Client
) -> None:
    saved = sofia_client.post(f"{address(at_desk)}/draft", {"text": "Half a sent"})
    assert saved.status_code == 204
    assert "Half a sent</textarea>" in sofia_client.get(address(at_desk)).content.decode()

    press(at_desk, "send", voice="reply", text="Half a sentence, now whole.")

    assert Draft.of(at_desk.pk, by=sofia) == ""


def test_a_template_goes_below_what_was_typed_and_nothing_is_sent(at_desk: Ticket, press: Press) -> None:
    answer = press(at_desk, "", insert="sorry_item_damaged", voice="reply", text="Hello Ada,", template_language="en")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Hello Ada,\n\n" in page
    assert at_desk.messages.count() == 2
    assert not Event.objects.filter(ticket_id=at_desk.pk, verb="reply").exists()


def test_templates_stand_in_the_customers_language_and_in_others(at_desk: Ticket, sofia_client: Client) -> None:
    german = sofia_client.get(address(at_desk)).content.decode()
    english = sofia_client.get(f"{address(at_desk)}?template_language=en").content.decode()

    assert '<option value="de" lang="de" selected' in german
    assert '<option value="en" lang="en" selected' in english
    assert '<button class="template button small"' in german


def test_a_message_is_viewed_in_ones_own_language(at_desk: Ticket, sofia_client: Client) -> None:
    message = at_desk.messages.earliest("id")
    assert "View in English" in sofia_client.get(address(at_desk)).content.decode()
    Translation.objects.create(message=message, language="en", engine="human", body="The lamp arrived broken.")

    page = sofia_client.get(f"{address(at_desk)}?view={message.pk}").content.decode()

    assert "The lamp arrived broken." in page
    assert "Show the original" in page


@pytest.mark.parametrize("wanted", ["0", "x", "9" * 40, "-1"])
def test_a_view_of_nothing_changes_nothing(wanted: str, at_desk: Ticket, sofia_client: Client) -> None:
    assert sofia_client.get(address(at_desk), {"view": wanted}).status_code == 200


def test_the_field_says_who_reads_what(at_desk: Ticket, sofia_client: Client, store: Any) -> None:
    page = sofia_client.get(address(at_desk)).content.decode()

    assert "Ada L. and Anadolu Home will read this." in page
    assert "Support will read this." in page
