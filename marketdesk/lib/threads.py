"""What Django keeps for each thread: language, time zone, prefix of addresses. It keeps them so that they also follow
what is asynchronous, and looks there some five hundred times for each page. Here everything is answered by threads."""

import threading
from typing import Any

from django.urls import base as addresses
from django.utils import timezone
from django.utils.translation import trans_real

_KEPT: tuple[tuple[Any, str], ...] = (
    (trans_real, "_active"),
    (timezone, "_active"),
    (addresses, "_prefixes"),
    (addresses, "_urlconfs"),
)


def keep_by_thread() -> None:
    """Let Python's own locals keep them, with what this thread has there already."""
    for module, name in _KEPT:
        before, after = getattr(module, name), threading.local()
        if hasattr(before, "value"):
            after.value = before.value
        setattr(module, name, after)
