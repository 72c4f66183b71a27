"""CR6 of the programme: the desk is killed anywhere in a deed; once it is asked again, nothing is left half done, and
nothing is there twice."""

import base64
import io
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from marketdesk.journal.models import Event, Job
from marketdesk.lib import whole
from marketdesk.lib.files import Folder
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Attachment, Ticket, Wait
from marketdesk.translations import sending
from tests.conftest import signed_in
from tests.races.conftest import BOTH, Arena, deep
from tests.races.killing import COMMIT, Failpoint, killed_in
from tests.races.test_platform import send
from tests.results import cases, record

pytestmark = [pytest.mark.heavy, pytest.mark.many]

TRIES = cases(3, release=50)


def _png() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    return drawn.getvalue()


PICTURE = _png()


@dataclass
class Doors:
    """The doors of a desk, and who comes through them. `once` is the key of a form or of a call: who asks again sends
    the same."""

    arena: Arena
    mehmet: Client
    key: str

    def page(self, ticket: Ticket, once: str, **form: Any) -> None:
        path = f"/dashboard/tickets/{ticket.public_id}"
        assert self.mehmet.post(path, {"key": once, **form}).status_code == 302

    def reply(self, ticket: Ticket, once: str) -> None:
        self.page(ticket, once, act="reply", text=f"It is on its way. {once}")

    def close(self, ticket: Ticket, once: str) -> None:
        self.page(ticket, once, act="close")

    def appeal(self, ticket: Ticket, once: str) -> None:
        self.page(ticket, once, act="appeal", text=f"I cannot solve it. {once}")

    def refund(self, ticket: Ticket, once: str) -> None:
        self.page(ticket, once, act="confirm_refund", item=ticket.items.get().public_id)

    def upload(self, ticket: Ticket, once: str) -> None:
        picture = SimpleUploadedFile("lamp.png", PICTURE)
        self.page(ticket, once, act="reply", text=f"Here it is. {once}", pictures=picture)

    def open(self, _ticket: Ticket, once: str) -> None:
        """The customer asks in the marketplace's own app, with two pictures."""
        body = {
            "customer": self.arena.cast.ada.external_id,
            "merchant": self.arena.cast.store.external_id,
            "issue": "store_question",
            "text": f"What is this? {once}",
            "pictures": [{"name": f"{number}.png", "content": base64.b64encode(PICTURE).decode()} for number in "12"],
        }
        assert send(self.key, once, "tickets", body)[0] == 201


@pytest.fixture
def doors(arena: Arena) -> Doors:
    arena.cast.ada.external_id = f"c-{arena.number}"
    arena.cast.ada.save()
    mehmet = signed_in(User.objects.get(pk=arena.cast.mehmet.user_id or 0))
    return Doors(arena, mehmet, PlatformKey.issue(f"shop-{arena.number}", Scope.values))


Place = tuple[Any, str, bool]
# Where each deed passes; at the last one it is done, and nobody hears of it.
SAYING: list[Place] = [(Ticket, "_say", False), (Ticket, "_say", True)]
TELLING: list[Place] = [
    (Event, "tell", False),
    (Event, "tell", True),
    (*COMMIT, False),
    (*COMMIT, True),
    (BaseHandler, "get_response", True),
]
REFUNDING: list[Place] = [(Refund, "save", True), (refunding, "_refund", True), (Ticket, "close_as_refunded", True)]
STORING: list[Place] = [(Folder, "_save", False), (Folder, "_save", True), (Attachment, "save", True)]
WAYS = {
    "reply": SAYING + TELLING,
    "close": TELLING,
    "appeal": SAYING + TELLING,
    "refund": REFUNDING + TELLING,
    "upload": STORING + SAYING + TELLING,
    "open": STORING + SAYING + TELLING,
}
FAILPOINTS = [Failpoint(step, *place) for step, places in WAYS.items() for place in places]
ISSUES = {"appeal": "item_problem", "refund": "item_problem"}


def what_is_there(ticket: Ticket, once: str) -> dict[str, Any]:
    """Everything that a deed leaves, whoever did it."""
    ticket.refresh_from_db()
    events = Event.objects.filter(ticket_id=ticket.pk)
    return {
        "ticket": (ticket.state, ticket.closed_how, ticket.due_at is None),
        "messages": [
            (message.author, message.body.replace(once, ""), message.attachments.count())
            for message in ticket.messages.order_by("pk")
        ],
        "events": Counter(events.values_list("verb", flat=True)),
        "told": Job.objects.filter(kind="tell", payload__event__in=list(events.values_list("pk", flat=True))).count(),
        "waits": Counter(wait.ended_at is None for wait in Wait.objects.filter(ticket=ticket)),
        "refunds": [(one.status, one.amount == one.item.paid) for one in Refund.objects.filter(ticket=ticket)],
    }


def _files() -> set[str]:
    return {path.name for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()}


def _named() -> set[str]:
    """The files that rows name."""
    sent = Attachment.objects.filter(message__isnull=False)
    return {path.rpartition("/")[2] for one in sent for path in (one.path, one.thumbnail_path)}


def _do(doors: Doors, step: str, once: str, point: Failpoint | None) -> tuple[dict[str, Any], bool]:
    """A deed on a ticket of its own: killed at a point and asked for again, or done in peace. What is there then, and
    whether somebody was killed."""
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    Attachment.objects.all().delete()
    ticket = doors.arena.ticket(ISSUES.get(step, "order_status"))
    deed: Callable[[], None] = partial(getattr(doors, step), ticket, once)
    was_killed = bool(point and killed_in(deed, point))
    deed()
    if step == "open":
        ticket = Ticket.objects.get(customer=doors.arena.cast.ada, messages__body__endswith=once)
    Attachment.sweep(timezone.now())
    assert _files() == _named(), "each row has its files, and each file its row"
    return what_is_there(ticket, once), was_killed


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """What all failpoints together come to."""
    counted: Counter[str] = Counter()
    yield counted
    if counted:
        record("CR6", failpoints=counted["failpoints"], kills=counted["kills"], half_done=0, doubled=0)


@BOTH
@pytest.mark.parametrize("point", FAILPOINTS, ids=str)
def test_killed_anywhere_a_deed_is_done_once_and_whole(
    database: str, point: Failpoint, doors: Doors, tally: Counter[str]
) -> None:
    tries = deep(database, TRIES)
    in_peace, _ = _do(doors, point.step, "in-peace", None)

    for number in range(tries):
        after_a_kill, was_killed = _do(doors, point.step, f"k-{number}", point)

        assert was_killed, "it never came there"
        assert after_a_kill == in_peace
    tally.update(failpoints=1, kills=tries)


def test_control_what_is_not_all_or_nothing_stays_half(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison bites: without its transaction, a message that was said before the kill is there twice."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks no row outside a transaction")
    in_peace, _ = _do(doors, "reply", "in-peace", None)
    monkeypatch.setattr(Ticket, "reply", Ticket.reply.__wrapped__)  # type: ignore[attr-defined]
    monkeypatch.setattr(sending, "send", sending.send.__wrapped__)  # type: ignore[attr-defined]
    monkeypatch.setattr(whole, "deed", nullcontext)

    after_a_kill, _ = _do(doors, "reply", "k-1", Failpoint("reply", Event, "tell", after=False))

    assert after_a_kill != in_peace
