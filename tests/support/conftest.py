"""Sofia at work: pressing a button of a ticket page."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Ticket

Press = Callable[..., HttpResponse]


def address(ticket: Ticket) -> str:
    return f"/support/tickets/{ticket.public_id}"


@pytest.fixture
def press(sofia_client: Client, sofia: Actor) -> Press:
    """`press(ticket, "close")` sends the form of a button as the page that Sofia sees now would."""

    def _press(ticket: Ticket, act: str, **fields: Any) -> Any:
        form = {"act": act, "key": secrets.token_urlsafe(8), "seen": ticket.last_seen_by(sofia), **fields}
        return sofia_client.post(address(ticket), form)

    return _press


@pytest.fixture
def at_desk(purchase: Ticket, mehmet: Actor) -> Ticket:
    """A purchase that Mehmet has appealed."""
    purchase.appeal("The foot is out of stock.", by=mehmet)
    return purchase


@pytest.fixture
def tomas_user(db: None) -> User:
    """A colleague of Sofia's."""
    return User.objects.create_user("tomas@example.org", "tomas-password", name="Tomás Ruiz", party=Party.SUPPORT)
