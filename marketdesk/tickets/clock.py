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


def share_used(started_at: datetime, due: datetime, now: datetime) -> float:
    """How much of the time has passed, from 0 to 1."""
    whole = (due - started_at).total_seconds()
    return min(1.0, max(0.0, (now - started_at).total_seconds() / whole)) if whole > 0 else 1.0
