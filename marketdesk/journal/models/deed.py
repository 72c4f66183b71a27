"""Deeds: what was asked for once, and must not be done twice."""

import hashlib
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _


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
        try:
            with transaction.atomic():
                return cls.claim(who, key, body)
        except IntegrityError:
            raise cls.earlier(who, key, body) from None

    @classmethod
    def claim(cls, who: str, key: str, body: str) -> "Deed":
        """Claim the key, in a transaction that is lost with IntegrityError if it was claimed before."""
        return cls.objects.create(who=who, key=key, body_hash=_hash(body))

    @classmethod
    def earlier(cls, who: str, key: str, body: str) -> AlreadyDone | KeyReused:
        """What to say of a key that was claimed before."""
        deed = cls.objects.get(who=who, key=key)
        return AlreadyDone(deed.answer) if deed.body_hash == _hash(body) else KeyReused()

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
        self.save(update_fields=["answer"])


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
