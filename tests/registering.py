"""Apps that owners registered."""

from typing import Any

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import registering
from marketdesk.programs.models import App, Reach, Scope
from marketdesk.programs.registering import Facts

CALLBACK = "https://erp.example/callback"


def facts(**changed: Any) -> Facts:
    """What an owner says about an app."""
    usual = {"name": "ERP", "reach": Reach.PRIVATE, "addresses": [CALLBACK], "scopes": [Scope.READ_TICKETS]}
    return Facts(**{**usual, **changed})


def register(store: Merchant, by: Actor, **changed: Any) -> tuple[App, str]:
    """An app and its secret."""
    return registering.register(store, facts(**changed), by=by)
