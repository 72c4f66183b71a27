"""Sessions in the database, so that ending one ends it everywhere at once; looked up for every page, so by a statement
that was put into words once."""

from datetime import datetime

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from marketdesk.lib.prepared import Prepared


def _session(key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


_SESSION = Prepared(_session)


class SessionStore(DatabaseStore):
    """What SESSION_ENGINE names."""

    def _get_session_from_db(self) -> Session | None:
        key = (self.session_key or "").replace("\x00", "")  # which PostgreSQL refuses to look for
        found = _SESSION.first(key, timezone.now())
        if found is None:
            self._session_key = None
        return found
