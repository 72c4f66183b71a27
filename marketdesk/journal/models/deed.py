"""Deeds: what was asked for once, and must not be done twice."""

import hashlib
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.lib import prepared


class AlreadyDone(Exception):
    """The same deed was done before; `answer` is what it said then."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("already done")
        self.answer = answer


class KeyReused(Exception):
    """The key of an earlier deed came with other content; nothing was done."""

    def __str__(self) -> str:
        return _(
            "This form was already sent once with other content. Nothing was sent now; what you typed is kept below."
        )


class Deed(models.Model):
    """An idempotency key, inserted in the transaction of what it stands for: a twin waits for that
    transaction and then finds the key, or finds nothing because it was rolled back."""

    who = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "key"], name="deed_once")]

    def __str__(self) -> str:
        return f"{self.who} {self.key}"

    @classmethod
    def begin(cls, who: str, key: str, body: str) -> "Deed":
        """Claim the key. Raises AlreadyDone for a repetition and KeyReused when the content differs."""
        deed = cls(who=who, key=key, body_hash=_hash(body))
        if prepared.insert(deed, unless_there=True):
            return deed
        earlier = cls.objects.get(who=who, key=key)
        raise AlreadyDone(earlier.answer) if earlier.body_hash == deed.body_hash else KeyReused()

    @classmethod
    def forget(cls, named: Sequence[str]) -> None:
        """Keep no answer that names one of these; that it was done stays known."""
        for first in range(0, len(named), 100):  # a database takes only so many conditions at once
            names = (models.Q(answer__body__icontains=one) for one in named[first : first + 100])
            # Looked for before they are locked: there may be many to look through.
            found = list(cls.objects.filter(reduce(or_, names)).values_list("pk", flat=True))
            cls.objects.filter(pk__in=found).update(answer={})

    def finish(self, answer: dict[str, Any]) -> None:
        """Keep what was answered, for the twin."""
        self.answer = answer
        prepared.change(Deed, {"id": self.pk}, answer=answer)


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
