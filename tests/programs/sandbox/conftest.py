"""What the tests of sandboxes share: a sandbox of Mehmet's store, and its worker."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from marketdesk import schedule
from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import sandbox, stories
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`few("item_problem", …)`: a fresh sandbox holds only the first story of each of these issues."""

    def _few(*issues: str) -> None:
        told = stories.stock()
        chosen = tuple(next(one for one in told.stories if one.issue == issue) for issue in issues)
        monkeypatch.setattr(stories, "stock", lambda: replace(told, stories=chosen))

    return _few


@pytest.fixture
def program(store: Merchant) -> Callable[[], Actor]:
    """`program()`: whoever calls with a token of the sandbox, now."""

    def _program() -> Actor:
        name = f"tried {AccessToken.objects.count()}"
        AccessToken.issue(sandbox.store_of(store), name)
        return AccessToken.objects.select_related("merchant").get(name=name).actor()

    return _program


@pytest.fixture
def later(now: Any) -> Callable[..., list[EmailMessage]]:
    """`later(seconds=60)`: time passes, and what is due by then is done; the mails that were sent."""

    def _later(**passed: float) -> list[EmailMessage]:
        mail.outbox.clear()
        worker = schedule.worker()
        while worker.run_one():  # what happened just now is told
            pass
        now.shift(timedelta(**passed))
        while worker.run_one():
            pass
        assert list(Job.objects.exclude(error="").values_list("kind", "error")) == []
        return list(mail.outbox)

    return _later


def tried(store: Merchant, issue: str) -> Ticket:
    """The latest ticket of the sandbox with an issue: a fresh one waits for the merchant."""
    return Ticket.objects.filter(merchant__sandbox_of=store, issue=issue).order_by("-opened_at")[0]
