"""An invitation of Mehmet's to Zeynep, and the address that its mail names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.teams import inviting
from marketdesk.teams.models import Post

NEW = {"name": "Zeynep Ak", "language": "tr", "password": "a-long-password"}
Invite = Callable[..., str]


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db: None) -> None:
    """What limits guessing remembers nothing of another test."""
    cache.clear()


@pytest.fixture
def invite(store: Merchant, mehmet: Actor) -> Invite:
    """`invite()` gives the address of a link; Mehmet invites Zeynep to his store, unless told otherwise."""

    def _invite(email: str = "zeynep@example.org", role: str = Post.AGENT, **other: Any) -> str:
        _, token = inviting.invite(email, role, **{"to": store, "by": mehmet, "language": "tr", **other})
        return f"/invitation?token={token}"

    return _invite
