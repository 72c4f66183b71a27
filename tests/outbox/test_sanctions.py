"""Who is told of sanctions, and what: the merchant's team with the reasons, the administrators, the marketplace."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import translation

from marketdesk import schedule
from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.outbox import mail as letters
from marketdesk.outbox import recipients
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import reading, sanctioning
from marketdesk.performance.models import Sanction, SanctionKind
from marketdesk.policy import promises
from tests import severe
from tests.conftest import NOW
from tests.moments import later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now", "ada_user")]


@pytest.fixture
def block(store: Merchant, mehmet_user: User, sofia_user: User) -> Sanction:
    """A proposed block of impressions, for late answers."""
    severe.month(store, NOW)
    Event.objects.all().delete()
    return sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)[0]


def told(verb: str) -> dict[str, Any]:
    """What people and programs are told of the latest event of a verb: letters by person, and the message."""
    event = Event.objects.filter(verb=verb).latest("pk")
    found = {}
    for one in recipients.of(event):
        reader = recipients.reader(one.user, event)
        assert reader
        found[one.user.given_name] = letters.compose(event, one.letter, one.user, reader)
    return {"letters": found, "message": json.loads(payloads.compose(event).body)}


def test_a_proposal_is_told_with_its_reasons_and_until_when_to_answer(block: Sanction) -> None:
    said = told("sanction_proposed")

    to_mehmet = said["letters"]["Mehmet"]
    assert set(said["letters"]) == {"Mehmet", "Sofia"}
    assert "Anadolu Home" in to_mehmet.subject
    assert "Late answers: 3 of 5 that count (60%). Above 45% is severe." in to_mehmet.body
    assert "by 23 November 2026, 10:00 (UTC)" in to_mehmet.body
    assert f"/dashboard/performance/sanctions/{Sanction.objects.latest('pk').public_id}" in to_mehmet.body
    assert "/support/sanctions/" in said["letters"]["Sofia"].body


def test_a_confirmed_one_is_told_with_the_persons_reasons(block: Sanction, sofia: Actor) -> None:
    sanctioning.confirm(block, "Three of five is too many.", by=later(sofia, days=5))

    said = told("impressions_blocked")
    assert set(said["letters"]) == {"Mehmet"}
    body = said["letters"]["Mehmet"].body
    assert "Three of five is too many." in body
    assert "until 23 December 2026, 10:00 (UTC)" in body
    assert said["message"]["type"] == "merchant.impressions_blocked"
    assert said["message"]["data"] == {
        "by": "support",
        "merchant": "m-1",
        "sanction": {
            "id": block.public_id, "kind": "impressions", "state": "confirmed",
            "figures": {"late": 3, "answers": 5, "helpful": 0, "ratings": 0}, "severe": ["late"],
            "reasons": "", "decision": "Three of five is too many.", "hear_until": "2026-11-23T10:00:00+00:00",
            "ends_at": "2026-12-23T10:00:00+00:00", "ended_how": "",
        },
    }  # fmt: skip


def test_an_answer_is_told_to_the_administrators(block: Sanction, sofia_user: User, mehmet: Actor) -> None:
    User.objects.create_user("marco@example.org", name="Marco Bianchi", party=Party.SUPPORT)
    User.objects.filter(pk=sofia_user.pk).update(is_staff=True)

    sanctioning.answer(block, "We moved house.", by=mehmet)

    event = Event.objects.get(verb="sanction_answered")
    assert [one.user.given_name for one in recipients.of(event)] == ["Sofia"]
    reader = recipients.reader(sofia_user, event)
    assert reader
    letter = letters.compose(event, "support/sanction_answered", sofia_user, reader)
    assert letter
    assert "We moved house." in str(letter.body)


def test_what_ended_says_how(block: Sanction, sofia: Actor) -> None:
    sanctioning.confirm(block, "Too many.", by=later(sofia, days=5))
    sanctioning.lift(block, "They hired somebody.", by=later(sofia, days=6))

    said = told("sanction_ended")
    assert "They hired somebody." in said["letters"]["Mehmet"].body
    assert said["message"]["data"]["sanction"]["ended_how"] == "lifted"


def test_a_rival_is_told_nothing(block: Sanction, rival_user: User, sofia: Actor) -> None:
    sanctioning.decline(block, "They were ill.", by=sofia)

    for event in Event.objects.filter(subject_kind="sanction"):
        assert rival_user not in [one.user for one in recipients.of(event)]
        assert recipients.reader(rival_user, event) is None


@pytest.mark.parametrize("language", ["de", "ar", "zh-hant"])
def test_every_letter_can_be_written_in_every_language(
    language: str, block: Sanction, sofia: Actor, mehmet: Actor, store: Merchant
) -> None:
    User.objects.update(language=language)
    suspension = Sanction.objects.get(kind=SanctionKind.SUSPENSION)
    sanctioning.answer(block, "We moved house.", by=mehmet)
    sanctioning.confirm(block, "Too many.", by=later(sofia, hours=1))
    sanctioning.decline(suspension, "Not now.", by=sofia)
    sanctioning.propose(store, SanctionKind.SUSPENSION, "Another reason.", by=sofia)
    sanctioning.end_due(NOW + timedelta(days=40))

    with translation.override("en"):
        for event in Event.objects.filter(subject_kind="sanction"):
            for one in recipients.of(event):
                reader = recipients.reader(one.user, event)
                assert reader
                letter = letters.compose(event, one.letter, one.user, reader)
                assert letter
                assert letter.subject
                assert "{" not in str(letter.body)


def test_the_worker_sends_each_letter_once(block: Sanction) -> None:
    worker = schedule.worker()
    for _time in range(2):
        while worker.run_one():
            pass

    assert sorted(one.to[0] for one in mail.outbox) == ["mehmet@example.org"] * 2 + ["sofia@example.org"] * 2


def test_with_the_policys_switch_the_letter_says_that_nobody_decided(
    store: Merchant, mehmet_user: User, sofia: Actor
) -> None:
    promises.change({"blocks_impressions": True}, reason="Strict.", by=replace(sofia, at=NOW))
    promises.forget()
    severe.month(store, NOW)
    sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), clock(NOW).at)

    assert "puts it in force by itself" in told("impressions_blocked")["letters"]["Mehmet"].body
