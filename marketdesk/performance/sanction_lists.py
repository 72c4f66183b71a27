"""In which list a person of the platform looks for a sanction, and how many there are."""

from datetime import datetime

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from marketdesk.people.actor import Actor
from marketdesk.performance import sanctioning
from marketdesk.performance.models import Sanction, SanctionState


class SanctionList(TextChoices):
    """The lists of the platform's support team, in the order of their menu."""

    TO_DECIDE = "to-decide", gettext_lazy("To decide")
    HEARING = "hearing", gettext_lazy("Being heard")
    IN_FORCE = "in-force", gettext_lazy("In force")
    OVER = "over", pgettext_lazy("sanctions", "Over")

    @property
    def order_field(self) -> str:
        """The moment by which it is ordered."""
        fields = {"to-decide": "proposed_at", "hearing": "hear_until", "in-force": "ends_at", "over": "ended_at"}
        return fields[self.value]

    @property
    def newest_first(self) -> bool:
        """What is over shows the latest first; what is to come the soonest."""
        return self is SanctionList.OVER

    def holds(self, now: datetime) -> Q:
        """The condition of its sanctions."""
        heard = Q(answered_at__isnull=False) | Q(hear_until__lte=now)
        match self:
            case SanctionList.TO_DECIDE:
                return Q(heard, state=SanctionState.PROPOSED)
            case SanctionList.HEARING:
                return Q(~heard, state=SanctionState.PROPOSED)
            case SanctionList.IN_FORCE:
                return Q(state=SanctionState.CONFIRMED)
        return Q(ended_at__isnull=False)

    @classmethod
    def of(cls, sanction: Sanction, now: datetime) -> "SanctionList":
        """The list in which a person looks for a sanction."""
        if sanction.ended_at:
            return cls.OVER
        if sanction.state == SanctionState.CONFIRMED:
            return cls.IN_FORCE
        return cls.TO_DECIDE if sanctioning.is_heard(sanction, now) else cls.HEARING


def counts(actor: Actor) -> dict[SanctionList, int]:
    """How many wait for somebody or are in force. What is over grows for ever and is not counted."""
    open_ = Sanction.objects.visible_to(actor).filter(ended_at__isnull=True)
    return {one: open_.filter(one.holds(actor.at)).count() for one in SanctionList if one is not SanctionList.OVER}


def to_decide(actor: Actor) -> int:
    """How many wait for a person's decision."""
    return Sanction.objects.visible_to(actor).filter(SanctionList.TO_DECIDE.holds(actor.at), ended_at=None).count()
