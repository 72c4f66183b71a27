"""A family: the tokens that come from one allowing, each renewed from the one before. They end together."""

import uuid
from datetime import datetime

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import clock
from marketdesk.programs.models import AccessToken, App, RefreshToken
from marketdesk.programs.recording import record


def end(family: uuid.UUID | None, app: App, store: Merchant, *, why: str, at: datetime) -> None:
    """Something of it came back that was used before: nobody knows who has the rest. An ended family stays ended."""
    if family is None:
        return
    members = RefreshToken.objects.filter(token_family=family)
    AccessToken.objects.filter(refresh_token__in=members, revoked_at=None).update(revoked_at=at)
    if members.filter(revoked=None).update(revoked=at):
        record("app_stopped", app, store, clock(at), why=why)
