"""Events, jobs and deeds."""

from marketdesk.journal.models.deed import AlreadyDone, Deed, KeyReused
from marketdesk.journal.models.event import Audience, Event
from marketdesk.journal.models.job import Job

__all__ = ["AlreadyDone", "Audience", "Deed", "Event", "Job", "KeyReused"]
