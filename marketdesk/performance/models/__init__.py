"""Ratings, and what follows from figures: notices, contests, sanctions."""

from marketdesk.performance.models.contest import Contest, ContestKind, Outcome
from marketdesk.performance.models.day import CountedDay, GroupDay, MerchantDay
from marketdesk.performance.models.incident import Incident
from marketdesk.performance.models.notice import Notice, NoticeCause, NoticeKind, Withdrawal
from marketdesk.performance.models.rating import Rating
from marketdesk.performance.models.sanction import Sanction, SanctionKind, SanctionState
from marketdesk.performance.models.standing import Standing

__all__ = [
    "Contest",
    "ContestKind",
    "CountedDay",
    "GroupDay",
    "Incident",
    "MerchantDay",
    "Notice",
    "NoticeCause",
    "NoticeKind",
    "Outcome",
    "Rating",
    "Sanction",
    "SanctionKind",
    "SanctionState",
    "Standing",
    "Withdrawal",
]
