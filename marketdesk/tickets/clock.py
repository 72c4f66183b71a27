"""The clock: when an answer is due, what is left, what is late. Pure functions of times (D1, D2)."""

from datetime import datetime, timedelta


def due_at(started_at: datetime, hours: int) -> datetime:
    """When the answer to a wait that starts now is due: a flat number of hours, weekends included."""
    return started_at + timedelta(hours=hours)


def is_late(due: datetime, ended_at: datetime) -> bool:
    """Ended after the due moment. Exactly on it is in time."""
    return ended_at > due


def time_left(due: datetime, now: datetime) -> timedelta:
    """What is left; negative when overdue."""
    return due - now
