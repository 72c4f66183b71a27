"""How often one address may guess the secrets of apps.

A try is counted before anybody looks at the secret, and given back once it was the right one: of a thousand that come
at once, no more than the limit are looked at. Nobody shuts out an app for others, since what counts is the address; how
many addresses guess does not matter against 256 random bits.
"""

from django.db.models import F
from django.utils import timezone

from marketdesk.journal.models import Allowance
from marketdesk.journal.models.allowance import Lease, Limit, in_milliseconds
from marketdesk.lib import secret
from marketdesk.programs.models import App

# Wrong ones in a minute, of one app and of all. As many right ones may be under way at once.
MOST_OF_APP = 20
MOST = 60
SECONDS = 60

Counted = dict[str, Lease]


def begin(app: App | None, address: str) -> Counted | None:
    """Count a try; what to hand to `was_right`. None when it may not even be looked at."""
    limits = [_limit(address, MOST)]
    if app is not None:  # whoever makes up apps must not make a row for each
        limits.insert(0, _limit(f"{address} {app.client_id}", MOST_OF_APP))
    counted = Allowance.lease([(limit, 1) for limit in limits], in_milliseconds(timezone.now()))
    if len(counted) == len(limits):
        return counted
    was_right(counted)  # nothing was looked at: the other limit has lost nothing
    return None


def was_right(counted: Counted) -> None:
    """The try was the right secret: it does not count."""
    # One row at a time: a statement with both would lock them in an order of its own, and wait for one that counts.
    for subject, lease in counted.items():
        Allowance.objects.filter(pk=subject, ends=lease.ends).update(used=F("used") - 1)


def _limit(who: str, most: int) -> Limit:
    return Limit(f"client secret:{secret.hash_of(who)}", most, SECONDS)
