"""Contests and incidents reach the people and programs that they concern."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.outbox import mail as letters
from marketdesk.outbox import recipients
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, incidents
from marketdesk.performance.models import Contest
from marketdesk.tickets.models import Wait
from tests import answering
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

Told = Callable[[], list[EmailMessage]]


@pytest.fixture
def wait(ada_user: User, store: Merchant, mehmet: Actor, told: Told) -> Wait:
    """An answer that was late; everybody was told of it."""
    (wait,) = answering.late(ada_user, store, NOW - 5 * timedelta(days=1))
    told()
    return wait


@pytest.fixture
def contest(wait: Wait, mehmet: Actor) -> Contest:
    return contesting.contest(wait, "The portal was down.\nSee our log.", by=mehmet)


def test_support_reads_what_the_merchant_says(contest: Contest, sofia_user: User, told: Told, settings: Any) -> None:
    settings.BASE_URL = "https://desk.example"

    (letter,) = told()

    assert (letter.to, letter.subject) == ([sofia_user.email], "Anadolu Home contests a late answer")
    assert "> The portal was down.\n> See our log." in str(letter.body)
    assert f"https://desk.example/support/contests/{contest.public_id}" in str(letter.body)


@pytest.mark.parametrize(("granted", "subject"), [(True, "granted"), (False, "declined")])
def test_the_merchant_reads_what_was_decided_and_why(
    granted: bool, subject: str, contest: Contest, mehmet_user: User, sofia: Actor, told: Told
) -> None:
    told()
    contesting.decide(contest, granted=granted, reason="The log says so.", by=sofia)

    (letter,) = told()

    assert (letter.to, letter.subject) == ([mehmet_user.email], f"Your contest was {subject}")
    assert "> The log says so." in str(letter.body)
    assert f"/dashboard/performance/contests/{contest.public_id}" in str(letter.body)
    assert sofia.name not in str(letter.body)


def test_a_program_is_told_of_the_contest_and_of_the_decision(contest: Contest, wait: Wait, sofia: Actor) -> None:
    contesting.decide(contest, granted=True, reason="The log says so.", by=sofia)

    made, decided = (
        json.loads(payloads.compose(Event.objects.get(verb=verb)).body) for verb in ("contested", "contest_decided")
    )

    said = {
        "id": contest.public_id, "kind": "wait", "ticket": wait.ticket.public_id, "notice": None,
        "reason": "The portal was down.\nSee our log.", "outcome": None, "decision": None,
    }  # fmt: skip
    assert (made["type"], made["data"]) == ("contest.made", {"by": "merchant", "merchant": "m-1", "contest": said})
    said |= {"outcome": "granted", "decision": "The log says so."}
    assert (decided["type"], decided["data"]["contest"]) == ("contest.decided", said)


def test_a_merchant_hears_of_its_own_incident_and_of_its_withdrawal(
    store: Merchant, mehmet_user: User, rival_user: User, sofia: Actor, told: Told
) -> None:
    incident = incidents.declare("the line was cut", NOW, None, store, by=sofia)
    incidents.withdraw(incident, by=sofia)

    mails = told()

    assert [one.to for one in mails] == [[mehmet_user.email]] * 2
    assert [one.subject for one in mails] == [
        "Late answers are excused: the line was cut",
        "Late answers count again: the line was cut",
    ]


def test_of_an_incident_of_all_programs_are_told_and_no_mails_are_sent(
    mehmet_user: User, sofia: Actor, told: Told
) -> None:
    incident = incidents.declare("The mail service was down.", NOW, by=sofia)
    incidents.end(incident, NOW + timedelta(hours=1), by=sofia)

    assert told() == []
    said = json.loads(payloads.compose(Event.objects.get(verb="incident_ended")).body)
    assert (said["type"], said["data"]["merchant"]) == ("incident.ended", None)
    assert said["data"]["incident"] == {
        "id": incident.public_id, "words": "The mail service was down.",
        "starts_at": "2026-11-18T10:00:00+00:00", "ends_at": "2026-11-18T11:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_letter_can_be_written_in_every_language(
    language: str, contest: Contest, store: Merchant, sofia: Actor, mehmet_user: User, sofia_user: User
) -> None:
    contesting.decide(contest, granted=False, reason="No.", by=sofia)
    incidents.withdraw(incidents.declare("the line was cut", NOW, None, store, by=sofia), by=sofia)
    User.objects.update(language=language)

    told = [(event, one) for event in Event.objects.filter(at=NOW).order_by("pk") for one in recipients.of(event)]

    assert {one.letter for _event, one in told} >= {
        "support/contested", "merchant/contest_decided", "merchant/incident_declared", "merchant/incident_withdrawn"
    }  # fmt: skip
    for event, one in told:
        reader = recipients.reader(one.user, event)
        assert reader is not None
        letter = letters.compose(event, one.letter, one.user, reader)
        assert letter is not None
        assert letter.subject
        assert "{" not in str(letter.body)
