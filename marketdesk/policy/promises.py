"""The policy in force, and how it is changed."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Audience, Deed, Event, KeyReused
from marketdesk.lib import countries, money
from marketdesk.people.actor import Actor
from marketdesk.policy.defaults import Policy
from marketdesk.policy.models import PolicyChange

# Seconds for which a process may still act on the policy before a change; a page then costs no query for it.
REMEMBERED = 5.0
MOST_REMINDERS = 10
# Each stands in a header of every embedded page.
MOST_SITES = 20
# What a browser calls an origin; without TLS only this very machine, for trying. Nothing else may get into the header.
ORIGIN = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::[0-9]{1,5})?"
    r"|http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?"
)
_memory: tuple[float, Policy] | None = None


class BadPolicy(ValueError):
    """A value that no policy can have; the text says why, and `name` at which promise."""

    def __init__(self, words: str, name: str = "") -> None:
        super().__init__(words)
        self.name = name


class PolicyMoved(Exception):
    """The policy is no longer the one that the person had before them: nothing was changed."""

    def __str__(self) -> str:
        return _("The policy changed while you were here. Nothing was saved; what you entered is kept below.")


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
    for change in PolicyChange.objects.filter(valid_from__lte=moment, withdrawn_by=None):
        values |= change.values
    return Policy(**_known(values))


def edition(moment: datetime) -> str:
    """Which policy it is that a page shows: another one as soon as a change is made or a scheduled one begins."""
    last = PolicyChange.objects.order_by("-pk").values_list("pk", flat=True).first()
    begun = PolicyChange.objects.filter(valid_from__lte=moment).values_list("pk", flat=True).last()
    return f"{last or 0}-{begun or 0}"


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without the promises of other versions of this program."""
    known = {one.name for one in fields(Policy)}
    return {name: value for name, value in values.items() if name in known}


def forget() -> None:
    """Read the policy afresh at the next question."""
    global _memory
    _memory = None


@transaction.atomic
def change(
    values: dict[str, Any], *, reason: str, by: Actor, valid_from: datetime | None = None, seen: str | None = None
) -> PolicyChange:
    """Change some promises, for a reason, now or later. Raises BadPolicy and changes nothing when a value is wrong,
    and PolicyMoved when the policy is not the edition that the person had `seen`."""
    begins = valid_from or by.at
    _claim(by, seen, {"values": values, "reason": reason, "valid_from": str(valid_from)})
    unknown = set(values) - set(_known(values))
    if unknown:
        raise BadPolicy(_("There is no promise named %(name)s.") % {"name": ", ".join(sorted(unknown))})
    check(replace(at(begins), **values))
    return _record(PolicyChange(values=values, reason=reason, valid_from=begins), by)


@transaction.atomic
def undo(change: PolicyChange, *, reason: str, by: Actor, seen: str | None = None) -> PolicyChange:
    """Take a change back: one that is in force by a new one with the values of before, a scheduled one by a row that
    withdraws it."""
    _claim(by, seen, {"undo": change.pk, "reason": reason})
    step = next(one for one in history(by.at) if one.change.pk == change.pk)
    if not step.can_undo:
        raise BadPolicy(_("There is nothing left of this change to undo."))
    if step.is_scheduled:
        return _record(PolicyChange(reason=reason, valid_from=by.at, withdraws=change), by)
    values = {name: step.before[name] for name in step.standing}
    check(replace(at(by.at), **values))
    return _record(PolicyChange(values=values, reason=reason, valid_from=by.at), by)


def _claim(by: Actor, seen: str | None, body: dict[str, Any]) -> None:
    """Once for each sending of a form, and only for the first of those who had the same policy before them."""
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body, sort_keys=True))
    if seen is None:
        return
    if seen != edition(by.at):
        raise PolicyMoved
    try:
        Deed.begin("policy", f"after {seen}", by.who)
    except (AlreadyDone, KeyReused):
        raise PolicyMoved from None


def _record(made: PolicyChange, by: Actor) -> PolicyChange:
    """Write the change and tell of it, unless the policy would be wrong at some later moment, because of what is
    scheduled already."""
    made.actor, made.made_at = by.as_json(), by.at
    made.save()
    for moment in _beginnings(made.valid_from):
        check(at(moment))
    data = {"values": made.values, "reason": made.reason}
    Event.tell(
        verb="policy_changed",
        subject_kind="policy",
        subject_id=made.pk,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={**data, "withdraws": made.withdraws_id} if made.withdraws_id else data,
        at=by.at,
    )
    transaction.on_commit(forget)
    return made


def _beginnings(moment: datetime) -> list[datetime]:
    """When changes begin, from a moment on."""
    return list(PolicyChange.objects.filter(valid_from__gte=moment).values_list("valid_from", flat=True))


@dataclass(frozen=True)
class Step:
    """A change in the history: what its promises were before, and which of them still are what it made them."""

    change: PolicyChange
    before: dict[str, Any]
    standing: frozenset[str]
    is_scheduled: bool
    is_withdrawn: bool

    @property
    def can_undo(self) -> bool:
        return self.is_scheduled or bool(self.standing)


def history(now: datetime) -> list[Step]:
    """Every change of a promise, the first to begin first."""
    values: dict[str, Any] = asdict(Policy())
    rows, befores = [], []
    made_by: dict[str, int] = {}
    for change in PolicyChange.objects.filter(withdraws=None).select_related("withdrawn_by"):
        new = _known(change.values)
        rows.append(change)
        befores.append({name: values[name] for name in new})
        if hasattr(change, "withdrawn_by"):
            continue
        values |= new
        if change.valid_from <= now:
            made_by |= dict.fromkeys(new, change.pk)
    return [
        Step(
            change=change,
            before=before,
            standing=frozenset(name for name in before if made_by.get(name) == change.pk),
            is_scheduled=change.valid_from > now and not hasattr(change, "withdrawn_by"),
            is_withdrawn=hasattr(change, "withdrawn_by"),
        )
        for change, before in zip(rows, befores, strict=True)
    ]


def check(policy: Policy) -> None:
    """Raise BadPolicy where a value is out of bounds."""
    for problem in problems(policy):
        raise problem


def problems(policy: Policy) -> list[BadPolicy]:
    """Everything that is wrong with a policy, each with the promise where a person puts it right."""
    wrong = [*_out_of_bounds(policy), *_wrong_lists(policy), *_wrong_words(policy)]
    return wrong or list(_contradictions(policy))


def _out_of_bounds(policy: Policy) -> Iterator[BadPolicy]:
    for one in fields(policy):
        least, most = one.metadata["bounds"]
        value, words = getattr(policy, one.name), {"least": least, "most": most}
        if one.type is int and not _is_whole(value, least, most):
            yield BadPolicy(_("Enter a whole number from %(least)s to %(most)s.") % words, one.name)
        if one.type == int | None and value is not None and not _is_whole(value, least, most):
            yield BadPolicy(_("Enter a whole number from %(least)s to %(most)s, or nothing.") % words, one.name)
        if one.type is bool and not isinstance(value, bool):
            yield BadPolicy(_("Choose yes or no."), one.name)


def _wrong_lists(policy: Policy) -> Iterator[BadPolicy]:
    hours = policy.reminder_hours
    if len(hours) > MOST_REMINDERS or not all(_is_whole(one, 1, 1000) for one in hours):
        words = _("Enter whole numbers from 1 to 1000, at most %(most)s of them.") % {"most": MOST_REMINDERS}
        yield BadPolicy(words, "reminder_hours")
    for currency, sum_ in policy.high_value.items():
        if not (money.is_known(currency) and _is_whole(sum_, 0, 10**15)):
            words = _("%(currency)s: enter a currency such as EUR, and an amount with the decimal places that it has.")
            yield BadPolicy(words % {"currency": currency}, "high_value")
    for country in policy.direct_countries:
        if not countries.is_known(country):
            yield BadPolicy(_("%(country)s is not a country code.") % {"country": country}, "direct_countries")
    for site in policy.frame_ancestors:
        if not _is_origin(site):
            words = _("“%(site)s” is not a site: write https://shop.example, without a path.") % {"site": site}
            yield BadPolicy(words, "frame_ancestors")
    if len(policy.frame_ancestors) > MOST_SITES:
        yield BadPolicy(_("There can be %(most)s sites at most.") % {"most": MOST_SITES}, "frame_ancestors")


def _wrong_words(policy: Policy) -> Iterator[BadPolicy]:
    for one in fields(policy):
        value, choices, (_least, most) = getattr(policy, one.name), one.metadata["choices"], one.metadata["bounds"]
        if choices and value not in choices:
            yield BadPolicy(_("Choose one of the answers that are offered."), one.name)
        # A line break in a name would spoil the subject of every mail.
        elif one.type is str and not choices and (len(value) > most or not value.isprintable()):
            yield BadPolicy(_("Enter one line of at most %(most)s characters.") % {"most": most}, one.name)
    if not policy.platform_name.strip():
        yield BadPolicy(_("The marketplace needs a name."), "platform_name")
    address = policy.refund_help_url
    if address and (not address.startswith(("https://", "http://")) or " " in address):
        yield BadPolicy(_("Enter an address that begins with https://, or nothing."), "refund_help_url")


def _contradictions(policy: Policy) -> Iterator[BadPolicy]:
    """Values that are good by themselves, but not together."""
    if policy.late_normal > policy.late_severe:
        yield BadPolicy(_("A rate cannot be normal and severe at once."), "late_normal")
    if policy.csat_severe > policy.csat_normal:
        yield BadPolicy(_("A rate cannot be normal and severe at once."), "csat_normal")
    if policy.silence_close_days <= policy.silence_reminder_days:
        yield BadPolicy(_("A silent customer must be reminded before the ticket is closed."), "silence_close_days")


def _is_origin(site: object) -> bool:
    return isinstance(site, str) and len(site) <= 100 and ORIGIN.fullmatch(site) is not None


def _is_whole(value: object, least: int, most: int) -> bool:
    """Whether it is a whole number within bounds; yes and no are none, although Python counts them."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
