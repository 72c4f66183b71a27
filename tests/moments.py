"""Actors at other moments: verbs take the time from their actor."""

from dataclasses import replace
from datetime import timedelta

from marketdesk.people.actor import Actor


def later(actor: Actor, **delta: float) -> Actor:
    """The same actor, some time later: `later(mehmet, hours=48)`."""
    return replace(actor, at=actor.at + timedelta(**delta))
