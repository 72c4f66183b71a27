"""The gate of notices, contests and sanctions."""

from typing import Self, TypeVar

from django.db import models

from marketdesk.people.actor import Actor
from marketdesk.people.party import Party

M = TypeVar("M", bound=models.Model)


class OfMerchants(models.QuerySet[M]):
    """What belongs to a merchant, seen through the one gate."""

    def visible_to(self, actor: Actor) -> Self:
        """A merchant sees its own, the platform those of real merchants; to others they are as if absent."""
        match actor.party:
            case Party.MERCHANT if actor.merchant_id:
                return self.filter(merchant_id=actor.merchant_id)
            case Party.SUPPORT if not actor.merchant_id:
                return self.filter(merchant__sandbox_of__isnull=True)
            case Party.CLOCK:
                return self.all()
        return self.none()
