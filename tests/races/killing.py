"""Being killed: a process that ends at a chosen point, as when the power goes."""

import inspect
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

COMMIT = (BaseDatabaseWrapper, "commit")


@dataclass(frozen=True)
class Failpoint:
    """Where the desk is killed: before or after the nth call of a function, during a step of the way."""

    step: str
    owner: Any
    name: str
    after: bool = True
    nth: int = 1

    def __str__(self) -> str:
        owner = getattr(self.owner, "__name__", str(self.owner)).rpartition(".")[2]
        return f"{self.step}-{'after' if self.after else 'before'}-{owner}.{self.name}-{self.nth}"

    def arm(self) -> None:
        """From now on this process dies there."""
        real = getattr(self.owner, self.name)
        calls = 0

        def dying(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.nth and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            is_it = calls == self.nth  # a function that calls itself dies once it is through
            try:
                return real(*args, **kwargs)
            finally:
                if is_it:
                    os.kill(os.getpid(), signal.SIGKILL)

        is_bound = isinstance(inspect.getattr_static(self.owner, self.name), (classmethod, staticmethod))
        setattr(self.owner, self.name, staticmethod(dying) if is_bound else dying)


def killed_in(deed: Callable[[], Any], point: Failpoint) -> bool:
    """Do it in a process of its own, which is killed at the failpoint; whether it came there."""
    connection.close()  # a process inherits none
    child = os.fork()
    if child == 0:
        try:
            point.arm()
            deed()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the deed itself went wrong"
    return os.WIFSIGNALED(status)
