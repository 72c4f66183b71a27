"""Incidents: an administrator says that for some time something kept answers from coming; late ones do not count."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Deed, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import judging, rollups
from marketdesk.performance.models import Incident
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Wait

JOB, ONE = "follow_incident", "reconsider"
# Between two merchants, so that mails in between do not wait for all of them.
APART = timedelta(milliseconds=100)


@transaction.atomic
def declare(
    words: str, starts_at: datetime, ends_at: datetime | None = None, merchant: Merchant | None = None, *, by: Actor
) -> Incident:
    """Late answers whose time to reply touches these hours do not count: one merchant's, or everybody's."""
    _begin(by, ["incident", words, str(starts_at), str(ends_at), merchant and merchant.pk])
    made = Incident(words=words, merchant=merchant, starts_at=starts_at, ends_at=ends_at, by=by.as_json(), at=by.at)
    _refuse_backwards(made)
    made.save(force_insert=True)
    _changed("incident_declared", made, ends_at or by.at, by)
    return made


@transaction.atomic
def end(incident: Incident, ends_at: datetime, *, by: Actor) -> None:
    """It is over, or was before. Raises NotAllowed where it has ended already."""
    _begin(by, ["incident_ended", incident.pk, str(ends_at)])
    _lock(incident)
    if incident.ends_at is not None:
        raise NotAllowed("ended", _("The end of this incident is noted already."))
    incident.ends_at = ends_at
    _refuse_backwards(incident)
    incident.save(update_fields=["ends_at"])
    _changed("incident_ended", incident, by.at, by)


@transaction.atomic
def withdraw(incident: Incident, *, by: Actor) -> None:
    """As if it had never been: what it excused counts again."""
    _begin(by, ["incident_withdrawn", incident.pk])
    _lock(incident)
    incident.withdrawn_at = by.at
    incident.save(update_fields=["withdrawn_at"])
    _changed("incident_withdrawn", incident, incident.ends_at or by.at, by)


def touched(incident: Incident, until: datetime, now: datetime) -> QuerySet[Wait]:
    """The answers that are late by now and whose time to reply an incident touches that lasts until then."""
    late = Q(ended_at__gt=F("due_at")) | Q(ended_at__isnull=True, due_at__lt=now)
    # What is late counts when it was due; of each merchant there is an index of that.
    found = Wait.objects.filter(late, started_at__lt=until, counts_at__gt=incident.starts_at, counted=True, excused="")
    if incident.merchant_id:
        return found.filter(merchant_id=incident.merchant_id)
    return found.filter(merchant_id__in=Merchant.objects.real().values("pk"))


@transaction.atomic
def follow(payload: dict[str, Any]) -> None:
    """Whoever has such answers is judged again, each in a job of its own, and their days are counted again; twice puts
    each once."""
    incident, now = Incident.objects.get(pk=payload["incident"]), timezone.now()
    late = touched(incident, datetime.fromisoformat(payload["until"]), now)
    found = set(late.values_list("merchant_id", "counts_at"))
    rollups.again(incident.merchant_id, {moment.date() for _merchant, moment in found})
    for number, merchant in enumerate(sorted({merchant for merchant, _moment in found})):
        key = f"{ONE}:{payload['event']}:{merchant}"
        Job.put(ONE, {"merchant": merchant}, key=key, run_at=now + APART * number, merchant_id=merchant)


def reconsider(payload: dict[str, Any]) -> None:
    """The job: judge one merchant by what counts now."""
    judging.reconsider(payload["merchant"], timezone.now())


def _refuse_backwards(incident: Incident) -> None:
    if incident.ends_at is not None and incident.ends_at <= incident.starts_at:
        raise NotAllowed("backwards", _("It must end after it began."))


def _lock(incident: Incident) -> None:
    incident.refresh_from_db(from_queryset=Incident.objects.select_for_update())
    if incident.withdrawn_at is not None:
        raise NotAllowed("withdrawn", _("This incident was withdrawn."))


def _begin(by: Actor, body: list[Any]) -> None:
    if by.party != Party.SUPPORT or by.is_program:
        raise NotAllowed("not_support", _("Only platform support can do this."))
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body))


def _changed(verb: str, incident: Incident, until: datetime, by: Actor) -> None:
    """Written down and told; a job looks for everybody whose figures change, who may be many."""
    event = Event.tell(
        verb=verb,
        subject_kind="incident",
        subject_id=incident.pk,
        merchant_id=incident.merchant_id,
        audience=Audience.STAFF,
        actor=by.as_json(),
        data={"incident": incident.public_id},
        at=by.at,
    )
    payload = {"incident": incident.pk, "until": until.isoformat(), "event": event.pk}
    Job.put(JOB, payload, merchant_id=incident.merchant_id)
