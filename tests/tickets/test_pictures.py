"""Pictures on a ticket: private until sent, then for those who may read the message."""

from typing import Any

import pytest
from django.core.files.storage import default_storage

from marketdesk.lib.images import BadPicture
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Attachment, Ticket
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(mehmet: Actor, picture: Any) -> Attachment:
    return Attachment.keep(picture(), "lamp.png", by=mehmet)


def test_an_unsent_picture_is_seen_by_its_uploader_alone(
    kept: Attachment, ticket: Ticket, mehmet: Actor, ada: Actor, sofia: Actor, rival: Actor
) -> None:
    assert list(Attachment.objects.visible_to(mehmet)) == [kept]
    for actor in (ada, sofia, rival):
        assert not Attachment.objects.visible_to(actor).exists()


def test_a_sent_picture_is_seen_by_those_on_the_ticket(
    kept: Attachment, ticket: Ticket, mehmet: Actor, ada: Actor, sofia: Actor, rival: Actor
) -> None:
    message = ticket.reply("See here.", by=mehmet, pictures=[kept])

    kept.refresh_from_db()
    assert (kept.message, kept.merchant_id) == (message, ticket.merchant_id)
    assert ticket.has_pictures
    for actor in (mehmet, ada, sofia):
        assert list(Attachment.objects.visible_to(actor)) == [kept]
    assert not Attachment.objects.visible_to(rival).exists()


def test_a_picture_of_a_platform_ticket_stays_hidden_from_the_merchant(
    hidden: Ticket, mehmet: Actor, ada: Actor, picture: Any
) -> None:
    hidden.reply("This one.", by=ada, pictures=[Attachment.keep(picture(), "shade.png", by=ada)])

    assert not Attachment.objects.visible_to(mehmet).exists()


def test_nobody_sends_anothers_picture(ticket: Ticket, kept: Attachment, ada: Actor) -> None:
    ticket.reply("Look!", by=ada, pictures=[kept])

    kept.refresh_from_db()
    assert kept.message is None
    assert not ticket.has_pictures


def test_a_sent_picture_is_not_sent_again(ticket: Ticket, kept: Attachment, mehmet: Actor) -> None:
    first = ticket.reply("See here.", by=mehmet, pictures=[kept])
    ticket.reply("And here.", by=mehmet, pictures=[kept])

    kept.refresh_from_db()
    assert kept.message == first


def test_what_is_no_picture_leaves_neither_row_nor_file(mehmet: Actor, settings: Any) -> None:
    import io

    with nothing_changed(), pytest.raises(BadPicture):
        Attachment.keep(io.BytesIO(b"<svg onload=alert(1)>"), "x.jpg", by=mehmet)

    assert not settings.MEDIA_ROOT.exists() or not any(settings.MEDIA_ROOT.rglob("*"))


def test_the_same_picture_twice_is_stored_once(kept: Attachment, ada: Actor, picture: Any, settings: Any) -> None:
    twin = Attachment.keep(picture(), "copy.png", by=ada)

    assert twin.path == kept.path
    assert len([path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]) == 2  # picture and thumbnail


def test_a_picture_can_be_read_back(kept: Attachment) -> None:
    with kept.open() as whole, kept.open(small=True) as small:
        assert whole.read(3) == small.read(3) == b"\xff\xd8\xff"
    assert default_storage.exists(kept.path)
    assert (kept.width, kept.height, kept.mime) == (40, 30, "image/jpeg")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("lamp.png", "lamp.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\lamp.png", "lamp.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\x00\r\n", "picture"),
        ("", "picture"),
        ("x" * 500, "x" * 200),
        ("фото 照片.jpg", "фото 照片.jpg"),
    ],
)
def test_a_name_is_made_fit_to_be_shown(mehmet: Actor, picture: Any, name: str, shown: str) -> None:
    kept = Attachment.keep(picture(), name, by=mehmet)

    assert kept.name == shown
    assert kept.path.startswith("pictures/")
    assert kept.sha256 in kept.path
