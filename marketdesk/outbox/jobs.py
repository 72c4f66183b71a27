"""The outbox's jobs: from an event to its mails. Running twice enqueues each mail once."""

from typing import Any

from marketdesk.journal.models import Event, Job
from marketdesk.outbox import mail, recipients
from marketdesk.people.models import User


def tell(payload: dict[str, Any]) -> None:
    """Write one mail job for each person who is told of the event."""
    event = Event.objects.get(pk=payload["event"])
    for recipient in recipients.of(event):
        Job.put(
            "mail",
            {"event": event.pk, "user": recipient.user.pk, "letter": recipient.letter},
            key=f"mail:{event.pk}:{recipient.user.pk}",
            merchant_id=event.merchant_id,
        )


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
