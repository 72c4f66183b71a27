"""How often one address may guess the secrets of apps.

A try is counted before anybody looks at the secret, and no longer counts once it was the right one: of a thousand that
come at once, no more than the limit are looked at. Nobody shuts out an app for others, since what counts is the
address; how many addresses guess does not matter against 256 random bits.
"""

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from marketdesk.lib import secret
from marketdesk.programs.models import Guesses

# Wrong ones in a minute, of one app and of all. As many right ones may be under way at once.
MOST_OF_APP = 20
MOST = 60


def begin(client_id: str, address: str, at: datetime | None = None) -> list[int] | None:
    """Count a try; what to hand to `was_right`. None when it may not even be looked at."""
    minute = int((at or timezone.now()).timestamp() // 60)
    counted = []
    for who, most in ((f"{address} {client_id}", MOST_OF_APP), (address, MOST)):
        row = _count(secret.hash_of(who), minute, most)
        if row is None:
            return None
        counted.append(row)
    return counted


def was_right(counted: list[int]) -> None:
    """The try was the right secret: it does not count."""
    Guesses.objects.filter(pk__in=counted).update(number=F("number") - 1)


def _count(who: str, minute: int, most: int) -> int | None:
    Guesses.objects.bulk_create([Guesses(who=who, minute=minute)], ignore_conflicts=True)
    row = Guesses.objects.only("pk").get(who=who, minute=minute)
    # One statement: a racer waits for it, and then reads the number that it left.
    counts = Guesses.objects.filter(pk=row.pk, number__lt=most).update(number=F("number") + 1)
    return row.pk if counts else None
