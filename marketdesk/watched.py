"""Every request as the operator's tools see it: a number, how long it took, a line in the log."""

import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from structlog.contextvars import bound_contextvars

from marketdesk import metrics

log = logging.getLogger("marketdesk.requests")

# Seconds after which a request is worth a line, also where requests are not logged.
SLOW = 2.0
# Whose door an address is, by how it begins.
DOORS = {
    "my": "storefront",
    "t": "storefront",
    "in": "storefront",
    "arrive": "storefront",
    "dashboard": "dashboard",
    "support": "support",
    "platform": "platform",
    "accounts": "accounts",
    "account": "accounts",
    "static": "static",
    "healthz": "health",
    "readyz": "health",
}
APIS = ("v2", "v3", "docs")


def door(path: str) -> str:
    """One of a few words for an address: never anything that whoever asks could make up."""
    first, _, rest = path.lstrip("/").partition("/")
    if first == "api":
        second = rest.partition("/")[0]
        return f"api_{second}" if second in APIS else "api"
    return DOORS.get(first, "other")


def watched(application: WSGIApplication) -> WSGIApplication:
    """The application; its requests are timed and logged where the settings ask for it, and slow ones always."""

    def watch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, begun, seen = str(environ.get("PATH_INFO", "")), time.perf_counter(), 500

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal seen
            seen = int(status[:3])
            return start_response(status, headers, *rest)

        number = environ["marketdesk.request"] = secrets.token_hex(12)
        with bound_contextvars(request=number):
            try:
                return application(environ, start)
            finally:
                _note(str(environ.get("REQUEST_METHOD")), path, seen, time.perf_counter() - begun)

    return watch


def _note(method: str, path: str, status: int, seconds: float) -> None:
    if settings.METRICS_PORT:
        metrics.times().request(door(path), status, seconds)
    if settings.LOG_REQUESTS or seconds > SLOW:
        level = logging.WARNING if seconds > SLOW else logging.INFO
        milliseconds = round(seconds * 1000)
        said = {"method": method, "path": path, "status": status, "milliseconds": milliseconds}
        log.log(level, "%s %r %s %s ms", method, path, status, milliseconds, extra=said)
