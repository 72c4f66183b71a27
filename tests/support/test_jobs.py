"""Jobs that were given up: Sofia the administrator tries them again, or lets them go."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.people.models import User
from marketdesk.support import jobs
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW, make_administrator

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(sofia_user: User, sofia_client: Client) -> Client:
    make_administrator(sofia_user)
    return sofia_client


@pytest.fixture
def dead(ticket: Ticket, now: Any) -> Job:
    """The mail about Ada's question, which could not be sent."""
    event = Event.objects.filter(ticket_id=ticket.pk).latest("pk")
    Job.objects.all().delete()
    Job.put("mail", {"event": event.pk})
    Job.objects.update(dead_at=NOW - timedelta(hours=1), attempts=12, error="SMTPServerDisconnected('<gone>')")
    return Job.objects.get()


def press(client: Client, act: str, job: object, key: str = "k-1") -> Any:
    return client.post("/support/jobs", {"act": act, "job": str(job), "key": key})


def test_she_reads_what_was_to_be_done_and_what_went_wrong(
    administrator: Client, dead: Job, ticket: Ticket, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        page = administrator.get("/support/jobs").content.decode()

    assert "Send a mail" in page
    assert "SMTPServerDisconnected(&#x27;&lt;gone&gt;&#x27;)" in page
    assert f"/support/tickets/{ticket.public_id}" in page
    assert "Nothing is due" in page


def test_she_tries_it_again_once(administrator: Client, dead: Job) -> None:
    assert press(administrator, "revive", dead.pk).status_code == 302
    assert press(administrator, "revive", dead.pk).status_code == 302, "a double click is no mistake"

    dead.refresh_from_db()
    assert (dead.dead_at, dead.attempts, dead.run_at) == (None, 0, NOW)
    assert [one.data["kind"] for one in Event.objects.filter(verb="job_revived")] == ["mail"]
    claimed = Job.claim(timezone.now())
    assert claimed == dead, "the worker takes it"


def test_she_lets_it_go(administrator: Client, dead: Job) -> None:
    press(administrator, "drop", dead.pk)

    assert Job.claim(NOW + timedelta(days=1)) is None
    assert not Job.dead().exists()
    assert Event.objects.get(verb="job_dropped").actor["name"] == "Sofia Rossi"


def test_she_tries_all_of_them_again(administrator: Client, dead: Job) -> None:
    Job.put("mail", {"event": 0})
    Job.objects.update(dead_at=NOW)
    press(administrator, "revive", "all")

    assert Job.due(NOW).count() == 2
    assert not Job.dead().exists()


@pytest.mark.parametrize("number", ["0", "x", "", "9" * 30, "-1"])
def test_what_is_not_there_any_more_is_said(administrator: Client, dead: Job, number: str) -> None:
    answer = press(administrator, "drop", number)

    assert answer.status_code == 409
    assert "Somebody else has decided" in answer.content.decode()
    assert Job.dead().count() == 1


def test_a_job_that_lives_is_not_touched(administrator: Client, dead: Job) -> None:
    Job.objects.update(dead_at=None)

    assert press(administrator, "drop", dead.pk).status_code == 409
    assert Job.due(NOW).count() == 1


def test_another_button_does_nothing(administrator: Client, dead: Job) -> None:
    assert press(administrator, "explode", dead.pk).status_code == 422
    assert Job.dead().count() == 1


def test_it_is_for_administrators(sofia_client: Client, dead: Job) -> None:
    assert sofia_client.get("/support/jobs").status_code == 403
    assert press(sofia_client, "drop", dead.pk).status_code == 403
    assert Job.dead().count() == 1


def test_every_kind_of_job_that_has_words_exists() -> None:
    assert set(jobs.WORDS) <= set(schedule.HANDLERS)
