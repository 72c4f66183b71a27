"""Notices reach people and programs: each mail and message once, with the rule and the tickets behind it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage

from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.outbox import jobs, recipients
from marketdesk.outbox import mail as letters
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import judging, noticing
from marketdesk.performance.models import Notice
from marketdesk.policy import promises
from tests import answering
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

Told = Callable[[], list[EmailMessage]]
DAY = timedelta(days=1)
DOCUMENT = Path(__file__).parents[2] / "docs" / "notices.md"


@pytest.fixture
def warned(now: Any, ada_user: User, mehmet_user: User, store: Merchant) -> Notice:
    """A warning for three late answers of ten; nobody was told of it yet, and nobody is told of the tickets."""
    answering.in_time(ada_user, store, NOW - 5 * DAY, 7)
    answering.late(ada_user, store, NOW - 5 * DAY, 3)
    Job.objects.all().delete()
    judging.judge(store.pk, NOW)
    return Notice.objects.get()


def test_a_warning_is_mailed_with_the_figures_the_rule_and_the_tickets(
    warned: Notice, mehmet_user: User, told: Told, settings: Any
) -> None:
    settings.BASE_URL = "https://desk.example"

    (letter,) = told()

    body = str(letter.body)
    assert (letter.to, letter.subject) == ([mehmet_user.email], "Warning: 3 answers came late")
    assert "Late response rate within 30 days: 30% (3 of 10). Below 5% is normal." in body
    assert body.count("“Do you ship to Iceland?”, due on 13 November 2026, 10:00 (UTC)") == 3
    assert body.count("https://desk.example/dashboard/tickets/") == 3
    assert f"https://desk.example/dashboard/performance/notices/{warned.public_id}" in body
    assert "within 14 days" in body


def test_a_program_is_told_why(warned: Notice, sofia: Actor) -> None:
    said = json.loads(payloads.compose(Event.objects.get(verb="warned")).body)

    tickets = [wait.ticket.public_id for wait in noticing.waits(warned, sofia)]
    assert (said["type"], said["sequence"]) == ("merchant.warned", None)
    assert said["data"] == {
        "by": "clock",
        "merchant": "m-1",
        "notice": {
            "id": warned.public_id,
            "kind": "warning",
            "given_at": NOW.isoformat(),
            "rule": warned.rule,
            "figures": {"late": 3, "answers": 10},
            "tickets": tickets,
            "warnings": [],
        },
    }
    assert len(tickets) == 3


def test_the_example_of_the_document_is_what_is_sent(warned: Notice) -> None:
    said = json.loads(payloads.compose(Event.objects.get(verb="warned")).body)

    example = re.search(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    assert json.loads(re.sub(r"[0-9a-f]{24}", "0123456789abcdef01234567", json.dumps(said["data"]))) == json.loads(
        example[1]
    )


def test_a_penalty_notice_names_its_warnings(warned: Notice, told: Told) -> None:
    told()
    penalty = noticing.penalise(warned.merchant_id, [warned], promises.current(), NOW)

    (letter,) = told()
    said = json.loads(payloads.compose(Event.objects.get(verb="penalty_noticed")).body)

    assert letter.subject == "Penalty notice for Anadolu Home"
    assert "1 warning within 90 days." in str(letter.body)
    assert f"/performance/notices/{warned.public_id}" in str(letter.body)
    assert said["data"]["notice"]["warnings"] == [warned.public_id]
    assert said["data"]["notice"]["id"] == penalty.public_id


def test_a_withdrawal_is_told_with_its_reason(warned: Notice, told: Told, sofia: Actor) -> None:
    told()
    noticing.withdraw(warned, noticing.CONTESTED, by=sofia)

    (letter,) = told()
    said = json.loads(payloads.compose(Event.objects.get(verb="notice_withdrawn")).body)

    assert letter.subject == "A warning was withdrawn"
    assert "It was contested, and the contest was granted." in str(letter.body)
    assert (said["type"], said["data"]["how"], said["data"]["by"]) == (
        "merchant.notice_withdrawn",
        "contest",
        "support",
    )


def test_telling_twice_mails_once(warned: Notice) -> None:
    event = Event.objects.get(verb="warned")

    for _twice in range(2):
        jobs.tell({"event": event.pk})

    assert Job.objects.filter(kind="mail", payload__event=event.pk).count() == 1


def test_neither_customers_nor_rivals_are_told(warned: Notice, ada_user: User, rival_user: User) -> None:
    told = {one.user for one in recipients.of(Event.objects.get(verb="warned"))}

    assert told == {User.objects.get(email="mehmet@example.org")}


def test_every_letter_can_be_written_in_every_language(warned: Notice, mehmet_user: User, sofia: Actor) -> None:
    noticing.penalise(warned.merchant_id, [warned], promises.current(), NOW)
    noticing.withdraw(warned, noticing.CONTESTED, by=sofia)

    for event, language in product(Event.objects.filter(subject_kind="notice"), ["de", "tr", "ar", "zh-hant", "vi"]):
        (told,) = recipients.of(event)
        reader = recipients.reader(mehmet_user, event)
        assert reader is not None
        mehmet_user.language = language
        letter = letters.compose(event, told.letter, mehmet_user, reader)
        assert letter is not None
        assert letter.subject
        assert "{" not in str(letter.body)
