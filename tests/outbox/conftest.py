"""What the outbox's tests share: everything that is due, told."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from marketdesk import schedule
from marketdesk.journal.models import Job


@pytest.fixture
def told() -> Callable[[], list[EmailMessage]]:
    """`told()` runs what is due and gives the mails that it sent; jobs that failed fail the test."""

    def _told() -> list[EmailMessage]:
        mail.outbox.clear()
        worker = schedule.worker()
        while worker.run_one():
            pass
        assert list(Job.objects.exclude(error="").values_list("kind", "error")) == []
        return list(mail.outbox)

    return _told
