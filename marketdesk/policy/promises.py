"""The policy in force, and how it is changed."""

import time
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import countries
from marketdesk.people.actor import Actor
from marketdesk.policy.defaults import Policy
from marketdesk.policy.models import PolicyChange

# Seconds for which a process may still act on the policy before a change; a page then costs no query for it.
REMEMBERED = 5.0
_memory: tuple[float, Policy] | None = None


class BadPolicy(ValueError):
    """A value that no policy can have; the text says which and why."""


def current() -> Policy:
    """The policy in force now, at most a few seconds old."""
    global _memory
    now = time.monotonic()
    remembered = _memory  # another thread may forget between two looks
    if remembered is None or remembered[0] < now:
        _memory = remembered = (now + REMEMBERED, at(timezone.now()))
    return remembered[1]


def at(moment: datetime) -> Policy:
    """The policy that was (or will be) in force at a moment."""
    values: dict[str, Any] = {}
    for change in PolicyChange.objects.filter(valid_from__lte=moment):
        values |= change.values
    known = {one.name for one in fields(Policy)}
    return Policy(**{name: value for name, value in values.items() if name in known})


def forget() -> None:
    """Read the policy afresh at the next question."""
    global _memory
    _memory = None


@transaction.atomic
def change(values: dict[str, Any], *, reason: str, by: Actor, valid_from: datetime | None = None) -> PolicyChange:
    """Change some promises, for a reason, now or later. Raises BadPolicy and changes nothing when a value is wrong."""
    unknown = set(values) - {one.name for one in fields(Policy)}
    if unknown:
        raise BadPolicy(_("There is no promise named %(name)s.") % {"name": ", ".join(sorted(unknown))})
    check(replace(at(valid_from or by.at), **values))
    made = PolicyChange.objects.create(
        values=values, reason=reason, actor=by.as_json(), valid_from=valid_from or by.at, made_at=by.at
    )
    Event.objects.create(
        verb="policy_changed",
        subject_kind="policy",
        subject_id=made.pk,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={"values": values, "reason": reason},
        at=by.at,
    )
    transaction.on_commit(forget)
    return made


def check(policy: Policy) -> None:
    """Raise BadPolicy where a value is out of bounds."""
    for one in fields(policy):
        least, most = one.metadata["bounds"]
        value, words = getattr(policy, one.name), {"name": one.name, "least": least, "most": most}
        if one.type in {"int", int} and not _is_whole(value, least, most):
            raise BadPolicy(_("%(name)s must be a whole number from %(least)s to %(most)s.") % words)
        if one.type in {"int | None", int | None} and value is not None and not _is_whole(value, least, most):
            raise BadPolicy(_("%(name)s must be empty or a whole number from %(least)s to %(most)s.") % words)
        if one.type in {"bool", bool} and not isinstance(value, bool):
            raise BadPolicy(_("%(name)s must be yes or no.") % words)
    if policy.late_normal > policy.late_severe or policy.csat_severe > policy.csat_normal:
        raise BadPolicy(_("A rate cannot be normal and severe at once."))
    if policy.silence_close_days <= policy.silence_reminder_days:
        raise BadPolicy(_("A silent customer must be reminded before the ticket is closed."))
    if policy.takeover not in {"automatic", "offer", "never"}:
        raise BadPolicy(_("takeover must be automatic, offer or never."))
    if not all(_is_whole(hours, 1, 1000) for hours in policy.reminder_hours):
        raise BadPolicy(_("reminder_hours must be whole numbers from 1 to 1000."))
    for currency, sum_ in policy.high_value.items():
        if not (len(currency) == 3 and currency.isupper() and _is_whole(sum_, 0, 10**15)):
            raise BadPolicy(
                _("%(currency)s in high_value is no currency with a sum in minor units.") % {"currency": currency}
            )
    _check_words(policy)


def _check_words(policy: Policy) -> None:
    if not policy.platform_name.strip():
        raise BadPolicy(_("The marketplace needs a name."))
    if policy.refund_help_url and not policy.refund_help_url.startswith(("https://", "http://")):
        raise BadPolicy(_("refund_help_url must be empty or begin with https://."))
    for country in policy.direct_countries:
        if not countries.is_known(country):
            raise BadPolicy(_("%(country)s is not a country code.") % {"country": country})


def _is_whole(value: object, least: int, most: int) -> bool:
    """Whether it is a whole number within bounds; yes and no are none, although Python counts them."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
