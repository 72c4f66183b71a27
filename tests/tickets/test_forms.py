"""What people fill in; a refusal keeps the text and the pictures."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from marketdesk.people.actor import Actor
from marketdesk.tickets.forms import DeedForm, ItemsForm, MessageForm, TextForm
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.models.attachment import MOST

pytestmark = pytest.mark.django_db


def filled(by: Actor, text: str = "Hello.", uploads: list[Any] | None = None, **more: Any) -> MessageForm:
    data = QueryDict(mutable=True)
    data["text"] = text
    for name, value in more.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return MessageForm(data, MultiValueDict({"pictures": uploads or []}), by=by)


@pytest.fixture
def upload(picture: Any) -> Any:
    return lambda color="blue", name="a.png": SimpleUploadedFile(name, picture(color).read())


def test_key_and_seen_reach_the_actor(mehmet: Actor) -> None:
    form = filled(mehmet, key="key-1", seen="17")

    assert form.is_valid()
    assert (form.actor(mehmet).key, form.actor(mehmet).seen) == ("key-1", 17)


def test_a_form_without_key_is_a_deed_without_key(mehmet: Actor) -> None:
    form = filled(mehmet)

    assert form.is_valid()
    assert (form.actor(mehmet).key, form.actor(mehmet).seen) == ("", None)


def test_every_drawing_of_a_form_has_its_own_key() -> None:
    form = DeedForm()

    assert form.fresh_key != form.fresh_key
    assert len(form.fresh_key) <= 80


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001])
def test_bad_text_is_said_at_the_field_and_pictures_are_kept(mehmet: Actor, upload: Any, text: str) -> None:
    form = filled(mehmet, text, [upload()])

    assert not form.is_valid()
    assert list(form.errors) == ["text"]
    assert len(form.attachments) == 1
    assert list(Attachment.objects.all()) == form.attachments


@pytest.mark.parametrize("order", ["good first", "bad first"])
def test_a_bad_picture_beside_a_good_one_is_refused_alone(mehmet: Actor, upload: Any, order: str) -> None:
    both = [upload(), SimpleUploadedFile("page.jpg", b"<html>")]
    form = filled(mehmet, uploads=both if order == "good first" else both[::-1])

    assert not form.is_valid()
    assert str(form.errors["pictures"][0]).startswith("page.jpg: The file is not a picture")
    assert [attachment.name for attachment in form.attachments] == ["a.png"]


def test_an_empty_file_is_refused_in_words(mehmet: Actor) -> None:
    form = filled(mehmet, uploads=[SimpleUploadedFile("nothing.png", b"")])

    assert not form.is_valid()
    assert form.errors["pictures"] == ["nothing.png: The file is empty."]


def test_kept_pictures_come_back_in_the_next_try(mehmet: Actor, upload: Any) -> None:
    first = filled(mehmet, "", [upload("blue"), upload("red")])
    assert not first.is_valid()

    second = filled(mehmet, "Hello.", [upload("green")], kept=[one.public_id for one in first.attachments])

    assert second.is_valid()
    assert second.cleaned_data["pictures"] == [*first.attachments, Attachment.objects.last()]


def test_pictures_of_others_unknown_and_sent_ones_are_passed_over(
    ticket: Ticket, mehmet: Actor, sofia: Actor, picture: Any
) -> None:
    theirs = Attachment.keep(picture(), "theirs.png", by=sofia)
    sent = Attachment.keep(picture(), "sent.png", by=mehmet)
    ticket.reply("See here.", by=mehmet, pictures=[sent])

    form = filled(mehmet, kept=[theirs.public_id, sent.public_id, "0" * 24, "../../etc/passwd"])

    assert form.is_valid()
    assert form.attachments == []


def test_no_more_than_the_limit_at_once(mehmet: Actor, upload: Any) -> None:
    form = filled(mehmet, uploads=[upload() for _ in range(MOST + 2)])

    assert not form.is_valid()
    assert "At most 6" in form.errors["pictures"][0]
    assert len(form.attachments) == MOST


def test_a_reason_is_needed(mehmet: Actor) -> None:
    assert not TextForm({"text": " "}).is_valid()
    assert TextForm({"text": "The parcel is lost."}).is_valid()


def test_only_this_tickets_items_can_be_checked(purchase: Ticket, order: Any) -> None:
    affected, other = order.items.all()

    good = ItemsForm({"item": [affected.public_id]}, ticket=purchase)
    assert good.is_valid()
    assert good.items() == [affected]

    assert not ItemsForm({"item": [other.public_id]}, ticket=purchase).is_valid()
    nothing = ItemsForm({}, ticket=purchase)
    assert not nothing.is_valid()
    assert nothing.errors["item"] == ["Check at least one item first."]


@pytest.mark.parametrize("kept", ["\x00", "0" * 24, "x" * 5000])
def test_kept_pictures_that_there_are_not_are_passed_over(mehmet: Actor, kept: str) -> None:
    form = filled(mehmet, kept=kept)

    assert form.is_valid()
    assert form.attachments == []
