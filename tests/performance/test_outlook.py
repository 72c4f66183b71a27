"""What a store is told of what lies ahead, and what then happens."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import levels, outlook, outlook_words, reading
from marketdesk.performance.counting import Rate
from marketdesk.performance.levels import Level
from marketdesk.performance.outlook import JUST
from marketdesk.policy.defaults import Policy
from tests.conftest import NOW
from tests.performance.conftest import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
POLICY = Policy()
HOUR = timedelta(hours=1)


def ahead(store: Merchant) -> outlook.LateAhead:
    return outlook.ahead(store.pk, NOW, POLICY)[0]


def said(store: Merchant) -> list[str]:
    late, csat = outlook.ahead(store.pk, NOW, POLICY)
    return [one.words for one in (*outlook_words.late(late, NOW), *outlook_words.csat(csat))]


def test_answering_what_is_due_brings_it_back_to_normal(story: Story, store: Merchant, mehmet: Actor) -> None:
    story.late(-20)
    for hours in range(18):
        story.answer(-30 - hours)
    tickets = [story.open(5), story.open(9)]

    assert said(store)[0] == (
        "Answer these 2 tickets in time, the first within 5 h, and your late response rate is 4.8%."
    )
    better = ahead(store).better
    assert better is not None
    for ticket in tickets:
        ticket.reply("It is on its way.", by=replace(mehmet, at=NOW + HOUR))
    then = reading.rates(store.pk, NOW + 2 * HOUR, POLICY).late

    assert (then, levels.of_late(then, POLICY)) == (better.rate, better.level) == (Rate(1, 21, 5), Level.NORMAL)


def test_what_stays_unanswered_passes_the_line(story: Story, store: Merchant) -> None:
    for hours in range(18):
        story.answer(-30 - hours)
    story.open(30)

    assert said(store) == [
        "Answer this ticket within 30 h, and your late response rate is 0%. Otherwise it is 5.3%.",
        "Tomorrow 16:00: your late response rate is 5.3% if this ticket has no answer in time.",
    ]
    worse = ahead(store).worse
    assert worse is not None
    assert worse.at == NOW + 30 * HOUR + JUST
    assert reading.rates(store.pk, worse.at - JUST, POLICY).level(POLICY) == Level.NORMAL
    assert reading.rates(store.pk, worse.at, POLICY).late == worse.rate == Rate(1, 19, 5)


def test_late_answers_leave_by_themselves(story: Story, store: Merchant) -> None:
    story.late(-27 * 24)
    for hours in range(9):
        story.answer(-30 - hours)

    better = ahead(store).better
    assert better is not None
    assert said(store) == [
        "Saturday 10:00: your late response rate is 0%, because older late answers no longer count then."
    ]
    assert better.at == NOW + timedelta(days=3) + JUST
    assert reading.rates(store.pk, better.at - JUST, POLICY).late == Rate(1, 10, 5)
    assert reading.rates(store.pk, better.at, POLICY).late == better.rate == Rate(0, 9, 5)


def test_ratings_are_looked_ahead_too(story: Story, store: Merchant) -> None:
    policy = replace(POLICY, customer_ratings=100)
    story.rated(-29 * 24, helpful=False)
    for hours in range(5):
        story.rated(-10 - hours)

    csat = outlook.ahead(store.pk, NOW, policy)[1]

    assert (csat.rate, csat.level) == (Rate(5, 6, 5), Level.WATCH)
    assert [one.words for one in outlook_words.csat(csat)] == [
        "With 1 more helpful rating your CSAT is 85.7%.",
        "Tomorrow 10:00: your CSAT is 100%, because older ratings no longer count then.",
    ]


def test_a_store_that_nobody_asks_is_told_nothing(store: Merchant) -> None:
    assert said(store) == []
