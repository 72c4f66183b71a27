"""The outbox's jobs: from an event to its mails and webhooks. Running twice enqueues each once."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from marketdesk.journal.models import Event, Job
from marketdesk.lib import prepared, sealing
from marketdesk.outbox import invitations, mail, recipients
from marketdesk.outbox.webhooks import planning, telling
from marketdesk.people.models import User
from marketdesk.performance import judging
from marketdesk.programs import answering
from marketdesk.teams.models import Invitation
from marketdesk.translations import hearing

# How long it can be looked up, and sent again, what an endpoint was told.
DELIVERIES_KEPT = timedelta(days=30)
# Hundreds a second are told of when programs write.
_EVENT = prepared.Prepared(lambda pk: Event.objects.filter(pk=pk))


def tell(payload: dict[str, Any]) -> None:
    """Write one mail job for each person, and one delivery for each endpoint or subscription, that is told of the
    event; and what follows from it: its message's language, a judgement, in a sandbox an answer."""
    event = _EVENT.first(payload["event"])
    if event is None:  # of a sandbox that was refilled
        return
    hearing.follow(event)
    for recipient in recipients.of(event):
        Job.put(
            "mail",
            {"event": event.pk, "user": recipient.user.pk, "letter": recipient.letter},
            key=f"mail:{event.pk}:{recipient.user.pk}",
            merchant_id=event.merchant_id,
        )
    now = timezone.now()
    planning.plan(event, now)
    telling.tell(event, now)
    judging.follow(event, now)
    answering.follow(event)


def send(payload: dict[str, Any]) -> None:
    """Write the letter and hand it to the mail server, unless the person may no longer read it."""
    event = Event.objects.get(pk=payload["event"])
    user = User.objects.filter(pk=payload["user"], is_active=True).first()
    reader = recipients.reader(user, event) if user and user.email else None
    if user is None or reader is None:
        return
    message = mail.compose(event, payload["letter"], user, reader)
    if message is not None:
        message.send()


def invite(payload: dict[str, Any]) -> None:
    """Send the link of an invitation, unless it has ended meanwhile."""
    open_ = Invitation.objects.open(timezone.now()).select_related("merchant")
    invitation = open_.filter(pk=payload["invitation"]).first()
    if invitation is not None:
        invitations.compose(invitation, sealing.unseal(payload["token"])).send()


def sweep_deliveries(_payload: dict[str, Any]) -> None:
    """Forget what was delivered, or given up, long ago."""
    planning.sweep(timezone.now() - DELIVERIES_KEPT)
