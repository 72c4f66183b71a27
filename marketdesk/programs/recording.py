"""What the journal says of an app at a store."""

from typing import Any

from marketdesk.journal.models import Audience, Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import App


def record(verb: str, app: App, store: Merchant, by: Actor, **data: Any) -> None:
    """Write down what became of it, for those who look after the store; a sandbox has the same."""
    Event.objects.create(
        verb=verb,
        subject_kind="app",
        subject_id=app.pk,
        merchant_id=store.sandbox_of_id or store.pk,
        audience=Audience.STAFF,
        actor=by.as_json(),
        data={"name": app.name, **data},
        at=by.at,
    )
