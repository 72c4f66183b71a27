"""Events, jobs, deeds and allowances."""

from marketdesk.journal.models.allowance import Allowance, Limit
from marketdesk.journal.models.deed import AlreadyDone, Deed, KeyReused
from marketdesk.journal.models.event import Audience, Event
from marketdesk.journal.models.job import Job

__all__ = ["Allowance", "AlreadyDone", "Audience", "Deed", "Event", "Job", "KeyReused", "Limit"]
