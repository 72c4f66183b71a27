"""Forgets codes and tokens that tell nobody anything any more."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from marketdesk.programs.models import AccessToken, Grant, RefreshToken
from marketdesk.programs.oauth import REFRESH_LIFE

# So long is it known of a code that it was used, and of a token that it has expired or was revoked: after that, it is
# one that never was.
CODES_KEPT = timedelta(days=1)
TOKENS_KEPT = timedelta(days=30)
# In one run; the next one does the rest.
MOST = 5000


def sweep_tokens(_payload: dict[str, Any]) -> None:
    """Do it, as a repeating job."""
    sweep(timezone.now())


def sweep(now: datetime, most: int = MOST) -> int:
    """Forget what is old; how many rows went. An access token stays as long as its refresh token is good: the scopes
    stand there."""
    old_codes = Grant.objects.filter(expires__lt=now - CODES_KEPT)
    dead = RefreshToken.objects.filter(created__lt=now - REFRESH_LIFE)
    tokens = AccessToken.objects.exclude(refresh_token__revoked=None, refresh_token__isnull=False)
    old_tokens = tokens.filter(expires__lt=now - TOKENS_KEPT)
    return sum(_delete(rows, most) for rows in (old_codes, dead, old_tokens))


def _delete(rows: QuerySet[Any], most: int) -> int:
    return int(
        rows.model.objects.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:most])).delete()[0]
    )
