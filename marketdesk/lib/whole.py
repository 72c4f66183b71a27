"""A deed that is done whole or not at all: what it calls needs no savepoint of its own.

A verb runs in a transaction. Where one is open already, Django gives it a savepoint, so that a caller can go on after a
refusal: two statements for nothing where the caller does nothing else, and passes every refusal on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import local
from typing import ParamSpec, TypeVar

from django.db import transaction

P = ParamSpec("P")
R = TypeVar("R")
_thread = local()


@contextmanager
def deed() -> Iterator[None]:
    """A transaction for one deed alone. Whatever is raised in it must leave it."""
    with transaction.atomic():
        before, _thread.is_whole = is_whole(), True
        try:
            yield
        finally:
            _thread.is_whole = before


def verb(act: Callable[P, R]) -> Callable[P, R]:
    """A function that runs in a transaction: the whole deed's, or one of its own."""

    @wraps(act)
    def atomic(*args: P.args, **kwargs: P.kwargs) -> R:
        # After a refusal that does not leave the deed, Django takes no further statement in its transaction.
        with transaction.atomic(savepoint=not is_whole()):
            return act(*args, **kwargs)

    return atomic


def is_whole() -> bool:
    """Whether this thread is in a deed that is done whole or not at all."""
    return getattr(_thread, "is_whole", False)
