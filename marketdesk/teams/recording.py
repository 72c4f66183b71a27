"""What the journal says of invitations."""

from marketdesk.journal.models import Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.teams.models import Invitation


def record(verb: str, invitation: Invitation, by: Actor) -> None:
    """Write down what became of an invitation, for those who look after the team."""
    Event.tell(
        verb=verb,
        subject_kind="invitation",
        subject_id=invitation.pk,
        merchant_id=invitation.merchant_id,
        audience=Audience.STAFF if invitation.merchant_id else Audience.PLATFORM,
        actor=by.as_json(),
        data={"email": invitation.email, "role": invitation.role},
        at=by.at,
    )
