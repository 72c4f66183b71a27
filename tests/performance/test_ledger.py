"""The ledger: every wait and rating of a store, whether it counts, and why in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.ledger import Asked, Kind, Ledger, Line
from marketdesk.performance.models import Contest, Incident, Rating
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket, Wait
from tests.conftest import NOW
from tests.performance.conftest import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
MONTH = Window.before(NOW, 30)
HOUR = timedelta(hours=1)


def ledger(store: Merchant, by: Actor, kind: Kind = Kind.ANSWERS, **asked: Any) -> Ledger:
    found = Asked(**{"kind": kind, "window": MONTH, **asked})
    return Ledger(store.pk, found, replace(by, at=NOW), promises.current())


def only(lines: list[Line]) -> tuple[Verdict, str]:
    (line,) = lines
    return line.verdict, line.why


def test_each_answer_says_whether_it_counts_and_why(story: Story, store: Merchant, mehmet: Actor) -> None:
    played = {
        story.open(-2): (Verdict.LATE, "Not answered: overdue by 2 h."),
        story.late(-20, by=3): (Verdict.LATE, "Answered 3 h after it was due."),
        story.answer(-30, early=5): (Verdict.IN_TIME, "Answered 5 h before it was due."),
        story.closed_by_customer(-40): (Verdict.PLATFORM, "The customer closed it before it was due."),
        story.taken_on(-50): (Verdict.PLATFORM, "the platform Support took it on before it was due."),
        story.taken_on(-60, early=-4): (
            Verdict.LATE,
            "Not answered: the platform Support took it on 4 h after it was due.",
        ),
        story.late(-721): (
            Verdict.OUTSIDE,
            "Answered 1 h after it was due. It lies outside the time that is counted here.",
        ),
    }

    page = ledger(store, mehmet).page()

    assert [(line.ticket, (line.verdict, line.why)) for line in page.lines] == list(played.items())
    assert page.after == ""


def test_what_can_still_be_answered_in_time_is_listed_when_asked_for(
    story: Story, store: Merchant, mehmet: Actor
) -> None:
    story.open(-2)
    story.open(6)

    assert only(ledger(store, mehmet, verdicts=frozenset({Verdict.RUNNING})).page().lines) == (
        Verdict.RUNNING,
        "Not answered yet: 6 h left.",
    )
    assert only(ledger(store, mehmet).page().lines)[0] == Verdict.LATE


def test_what_can_still_be_answered_begins_with_the_soonest_due(story: Story, store: Merchant, mehmet: Actor) -> None:
    tickets = {hours: story.open(hours) for hours in (30, 6, 20)}
    ahead = ledger(store, mehmet, verdicts=frozenset({Verdict.RUNNING}))

    first = ahead.page(size=2)
    second = ahead.page(first.after, size=2)

    assert [line.ticket for line in first.lines] == [tickets[6], tickets[20]]
    assert [line.ticket for line in second.lines] == [tickets[30]]
    assert second.after == ""


def test_other_deeds_than_a_reply_are_called_by_their_names(story: Story, store: Merchant, mehmet: Actor) -> None:
    by = replace(mehmet, at=NOW - 3 * HOUR)
    story.open(-2, "item_problem").appeal("I cannot solve this.", by=by)
    story.open(-4).resolve("It is on its way.", by=by)

    whys = [line.why for line in ledger(store, mehmet).page().lines]

    assert whys == ["Appealed to support 1 h before it was due.", "Answered 1 h after it was due."]


def test_an_incident_is_named_where_it_excuses(story: Story, store: Merchant, mehmet: Actor) -> None:
    story.late(-20, by=3)
    Incident.objects.create(words="No mails", starts_at=NOW - 30 * HOUR, ends_at=NOW - 25 * HOUR, at=NOW)

    verdict, why = only(ledger(store, mehmet).page().lines)

    assert verdict == Verdict.INCIDENT
    assert why.startswith("Answered 3 h after it was due. Incident from ")
    assert why.endswith(": No mails")


def test_what_was_contested_and_granted_does_not_count(story: Story, store: Merchant, mehmet: Actor) -> None:
    story.late(-20)
    Wait.objects.update(excused="contest")

    assert only(ledger(store, mehmet).page().lines) == (
        Verdict.CONTEST,
        "Answered 1 h after it was due. This was contested, and granted.",
    )


def test_each_rating_says_whether_it_counts_and_why(story: Story, store: Merchant, mehmet: Actor) -> None:
    promises.change({"customer_ratings": 1}, reason="One.", by=replace(story.sofia, at=NOW))
    promises.forget()
    story.rated(-10, helpful=False, comment="Nobody answered.")
    story.rated(-9)
    story.rated(-721, helpful=False)

    lines = ledger(store, mehmet, Kind.RATINGS).page().lines

    assert [(line.verdict, line.why, line.comment) for line in lines] == [
        (Verdict.SAME_CUSTOMER, "The customer found it helpful. Of one customer only the first rating counts.", ""),
        (Verdict.UNHELPFUL, "The customer did not find it helpful.", "Nobody answered."),
        (
            Verdict.OUTSIDE,
            "The customer did not find it helpful. It lies outside the time that is counted here.",
            "",
        ),
    ]


def test_the_ledger_comes_to_the_figure_that_was_opened(story: Story, store: Merchant, mehmet: Actor) -> None:
    for hours in range(4):
        story.answer(-10 - hours)
    story.late(-20)
    story.open(6)
    story.closed_by_customer(-30)

    found = ledger(store, mehmet)

    assert found.rate.percent == 20
    assert found.numbers == {Verdict.IN_TIME: 4, Verdict.LATE: 1, Verdict.RUNNING: 1, Verdict.PLATFORM: 1}


def test_verdicts_category_and_issue_narrow_it(story: Story, store: Merchant, mehmet: Actor) -> None:
    late, _in_time = story.late(-20), story.answer(-10)
    tracking = story.open(-12, "tracking")

    def found(**asked: Any) -> list[Ticket | None]:
        return [line.ticket for line in ledger(store, mehmet, **asked).page().lines]

    assert found(verdicts=frozenset({Verdict.LATE})) == [tracking, late]
    assert found(issue=("tracking",)) == [tracking]
    assert found(category=("post_purchase",)) == []
    assert len(found(category=("post_customer_support",))) == 3


def test_a_rating_is_judged_beside_those_that_a_filter_hides(story: Story, store: Merchant, mehmet: Actor) -> None:
    promises.change({"customer_ratings": 1}, reason="One.", by=replace(story.sofia, at=NOW))
    promises.forget()
    first = story.rated(-10)
    later = story.rated(-9)
    Ticket.objects.filter(pk=later.ticket_id).update(issue="tracking")

    lines = ledger(store, mehmet, Kind.RATINGS, issue=("tracking",)).page().lines

    assert [(line.judged.id, line.verdict) for line in lines] == [(later.pk, Verdict.SAME_CUSTOMER)]
    assert Rating.objects.get(pk=first.pk).excused == ""


def test_pages_follow_each_other_into_what_is_older(story: Story, store: Merchant, mehmet: Actor) -> None:
    played = [story.answer(hours) for hours in (-2, -3, -3, -4, -718, -721, -721, -722)]

    seen, after = [], ""
    while True:
        page = ledger(store, mehmet).page(after, size=2)
        seen += [line.ticket for line in page.lines]
        assert len(page.lines) <= 2
        if not page.after:
            break
        after = page.after

    assert len(seen) == len(played)
    assert set(seen) == set(played)
    assert seen[0] == played[0]
    assert seen[-1] == played[-1]


def test_a_window_that_was_cut_out_shows_nothing_else(story: Story, store: Merchant, mehmet: Actor) -> None:
    story.open(6)
    inside = story.answer(-10, early=1)
    story.answer(-20)
    cut = Window(NOW - 11 * HOUR, NOW - 5 * HOUR)

    page = ledger(store, mehmet, window=cut, older=False).page()

    assert [line.ticket for line in page.lines] == [inside]


def test_what_counts_against_a_store_can_be_contested_once_and_for_a_while(
    story: Story, store: Merchant, mehmet: Actor
) -> None:
    contested = story.late(-5)
    fresh, old = story.late(-20), story.late(-14 * 24)
    in_time = story.answer(-10)
    Contest.objects.create(
        merchant=store, kind="wait", wait=contested.waits.get(), reason="Our line was cut.", made_at=NOW
    )

    lines = {line.ticket: line for line in ledger(store, mehmet).page().lines}

    assert {ticket: line.can_contest for ticket, line in lines.items()} == {
        contested: False, in_time: False, fresh: True, old: False,
    }  # fmt: skip
    assert lines[contested].contest == Contest.objects.get()


def test_what_is_too_old_for_a_short_window_can_still_be_contested(
    story: Story, store: Merchant, mehmet: Actor
) -> None:
    story.late(-50)

    (line,) = ledger(store, mehmet, window=Window.before(NOW, 1)).page().lines

    assert (line.verdict, line.can_contest) == (Verdict.OUTSIDE, True)


def test_another_store_sees_nothing_of_it(
    story: Story, store: Merchant, rival_store: Merchant, rival: Actor, sofia: Actor
) -> None:
    story.late(-20)

    assert ledger(rival_store, rival).page().lines == []
    assert [line.ticket for line in ledger(store, rival).page().lines] == [None]
    assert [line.ticket for line in ledger(store, sofia).page().lines] == [Ticket.objects.get()]


def test_support_and_programs_read_the_same_lines(story: Story, store: Merchant, mehmet: Actor, sofia: Actor) -> None:
    story.late(-20)
    story.answer(-30)

    def said(by: Actor) -> list[tuple[Verdict, str]]:
        return [(line.verdict, line.why) for line in ledger(store, by).lines()]

    program = Actor(Party.MERCHANT, merchant_id=store.pk, app="erp")
    assert said(mehmet) == said(sofia) == said(program)
    assert len(said(mehmet)) == 2


def test_a_page_costs_the_same_however_long_the_ledger(
    story: Story, store: Merchant, mehmet: Actor, django_assert_num_queries: Any
) -> None:
    for number in range(12):
        story.rated(-10 - number)

    for kind in Kind:
        # Incidents; waits and those that still run, or ratings and what they say; tickets; contests.
        with django_assert_num_queries(5):
            assert len(ledger(store, mehmet, kind).page(size=10).lines) == 10
