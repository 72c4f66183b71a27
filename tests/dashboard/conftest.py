"""What the tests of the merchant's door share."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Ticket

Page = Any


def words(page: Page) -> str:
    """What a page says, without its markup."""
    text = re.sub(r"<(script|template).*?</\1>", "", page.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def address(ticket: Ticket) -> str:
    return f"/dashboard/tickets/{ticket.public_id}"


def form_of(page: Page, which: str = "reply") -> dict[str, str]:
    """The key and the last seen event, as a form of the page carries them."""
    return {"key": page.context["keys"][which], "seen": str(page.context["seen"])}


def act(client: Client, ticket: Ticket, act: str, **fields: Any) -> Page:
    """Open the page, fill its form in and press a button."""
    which = "items" if act in {"refund", "confirm_refund", "returned"} else "appeal" if act == "appeal" else "reply"
    form = form_of(client.get(address(ticket)), which)
    return client.post(address(ticket), {**form, "act": act, **fields})


def picture(name: str = "foot.png", color: str = "red") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


@pytest.fixture
def many(ask: Callable[..., Ticket], ada_user: User) -> list[Ticket]:
    """Sixty tickets of one queue, each a minute younger than the last."""
    start = datetime.now(UTC) - timedelta(hours=2)
    return [
        ask(
            "order_status",
            f"Frage {number}.",
            by=Actor(Party.CUSTOMER, user_id=ada_user.pk, name=ada_user.name, at=start + timedelta(minutes=number)),
        )
        for number in range(60)
    ]
