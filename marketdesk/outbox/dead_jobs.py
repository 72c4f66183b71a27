"""Jobs that were given up: an administrator tries them again, or lets them go. Both are written down."""

import json

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Deed, Event, Job
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.errors import NotAllowed


@transaction.atomic
def revive(job: Job, *, by: Actor) -> None:
    """Try it again from the beginning. Raises NotAllowed where somebody was faster."""
    _begin("job_revived", job, by)
    if not job.revive(by.at):
        raise _too_late()
    _note("job_revived", job, by)


@transaction.atomic
def drop(job: Job, *, by: Actor) -> None:
    """Let it go: it is never done. Raises NotAllowed where somebody was faster."""
    _begin("job_dropped", job, by)
    if not job.drop(by.at):
        raise _too_late()
    _note("job_dropped", job, by)


def revive_all(*, by: Actor) -> int:
    """Try again everything that is dead now, such as after the mail server was away; how many."""
    revived = 0
    for job in Job.dead().iterator():
        with transaction.atomic():
            if job.revive(by.at):
                _note("job_revived", job, by)
                revived += 1
    return revived


def _begin(verb: str, job: Job, by: Actor) -> None:
    if by.party != Party.SUPPORT:
        raise NotAllowed("not_support", _("Only platform support can do this."))
    if by.key:
        Deed.begin(by.who, by.key, json.dumps([verb, job.pk]))


def _too_late() -> NotAllowed:
    return NotAllowed("not_dead", _("Somebody else has decided about this already. Nothing was changed."))


def _note(verb: str, job: Job, by: Actor) -> None:
    """For whoever looks it up; nobody is told."""
    Event.objects.create(
        verb=verb,
        subject_kind="job",
        subject_id=job.pk,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={"kind": job.kind, "error": job.error},
        at=by.at,
    )
