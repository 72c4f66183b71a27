"""A program reads how its store answers, what that was counted from, and what followed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.api.v3.schemas import moment
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import contesting, judging, noticing, penalties, reading, sanctioning
from marketdesk.performance.models import Notice, Sanction, SanctionKind
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.tickets.models import Ticket
from tests.api.v3.conftest import Program
from tests.conftest import NOW
from tests.moments import later
from tests.severe import month, rated
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

Count = Callable[..., Any]


@pytest.fixture
def tickets(now: Any, store: Merchant, ada: Actor) -> list[Ticket]:
    """Three late answers, two in time; two found it helpful and one did not."""
    answered = month(store, NOW)
    for ticket, helpful in zip(answered, (False, True, True), strict=False):
        rated(ticket, ada, helpful=helpful)
    return answered


@pytest.fixture
def judged(tickets: list[Ticket], store: Merchant) -> list[Ticket]:
    """What follows from them: a warning, and two sanctions that are proposed."""
    judging.judge(store.pk, NOW)
    if not Sanction.objects.exists():
        sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)
    return tickets


# How the store answers


def test_a_program_reads_the_rates_by_which_its_store_is_judged(tickets: list[Ticket], program: Program) -> None:
    told = program.get("performance").data

    assert told["level"] == "SEVERE"
    assert told["judged"]["late_response_rate"] == {
        "part": 3,
        "whole": 5,
        "percent": 60.0,
        "level": "SEVERE",
        "normal": 5,
        "severe": 45,
    }
    assert told["judged"]["csat"] == {"part": 2, "whole": 3, "level": "NORMAL", "normal": 85, "severe": 60}
    assert (told["impressions_blocked"], told["suspended"]) == (False, False)


def test_the_figures_are_those_of_the_page(tickets: list[Ticket], program: Program) -> None:
    told = program.get("performance", period="30_DAYS", slices="WEEK", time_zone="Europe/Istanbul").data

    assert (told["whole"]["tickets"], told["whole"]["late_response_rate"]["part"]) == (5, 3)
    assert told["whole"]["answers"] == {"count": 5, "average_seconds": 3600 * 29.8, "median_seconds": 3600 * 49.0}
    assert sum(one["tickets"] for one in told["slices"]) == 5
    assert told["volume"] == [{"type": "PRE_PURCHASE", "issue": "store_question", "tickets": 5}]
    assert told["whole"]["start"] == moment(NOW - timedelta(days=30))
    assert told["slices"][1]["start"] == "2026-10-25T21:00:00.000Z"


def test_below_the_sample_there_is_no_percent(program: Program) -> None:
    told = program.get("performance", fields="level,whole(csat)").data

    assert told == {"level": "NORMAL", "whole": {"csat": {"part": 0, "whole": 0}}}


@pytest.mark.parametrize(
    ("call", "query"),
    [
        ("performance", {"period": "LAST_YEAR"}),
        ("performance", {"time_zone": "Mars/Olympus"}),
        ("performance", {"time_zone": "../../etc/passwd"}),
        ("performance", {"slices": "HOUR"}),
        ("performance", {"fields": "secret"}),
        ("performance/ledger", {"kind": "MOOD"}),
        ("performance/ledger", {"verdicts": "LATE,GOOD"}),
        ("performance/ledger", {"cursor": "made up"}),
        ("penalties", {"limit": 0}),
        ("penalties", {"cursor": "made up"}),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(call: str, query: dict[str, Any], program: Program) -> None:
    with nothing_changed():
        refused = program.get(call, **query)

    assert refused.refusal == (400, 1000)
    assert next(iter(query)) in " ".join(refused.data)


# The ledger


def test_the_ledger_says_of_every_wait_whether_it_counts_and_why(tickets: list[Ticket], program: Program) -> None:
    lines = program.get("performance/ledger").data

    assert [(one["verdict"], one["counts"]) for one in lines] == [("LATE", True)] * 3 + [("IN_TIME", True)] * 2
    assert {one["ticket_id"] for one in lines} == {one.public_id for one in tickets}
    assert lines[0]["words"]
    assert lines[0]["can_contest"] is True
    assert lines[0]["due_at"] < lines[0]["ended_at"]


def test_the_ledger_of_ratings_holds_no_word_of_a_customer(tickets: list[Ticket], program: Program, ada: Actor) -> None:
    lines = program.get("performance/ledger", kind="RATING", verdicts="UNHELPFUL").data

    assert [(one["kind"], one["verdict"], one["ticket_id"]) for one in lines] == [
        ("RATING", "UNHELPFUL", tickets[0].public_id)
    ]
    assert "comment" not in lines[0]


def test_the_ledger_is_read_to_its_end_page_by_page(tickets: list[Ticket], program: Program) -> None:
    page = program.get("performance/ledger", limit=2, fields="ticket_id")
    found = page.data
    while page.next:
        page = program.follow(page.next)
        found += page.data

    assert found == program.get("performance/ledger", fields="ticket_id").data
    assert len(found) == 5


# Warnings and penalties


def test_a_warning_names_its_rule_its_figures_and_its_tickets(judged: list[Ticket], program: Program) -> None:
    (warning,) = [one for one in program.get("penalties").data if one["type"] == "WARNING"]

    assert (warning["state"], warning["issued_at"]) == ("ISSUED", moment(NOW))
    assert warning["answer_until"] == moment(NOW + timedelta(days=14))
    assert warning["figures"] == {"late": 3, "answers": 5}
    assert warning["rule"]["warning_waits"] == 3
    assert sorted(warning["ticket_ids"]) == sorted(one.public_id for one in judged[:3])
    assert program.get(f"penalties/{warning['id']}").data == warning


def test_what_is_contested_says_so(judged: list[Ticket], program: Program, mehmet: Actor, sofia: Actor) -> None:
    contest = contesting.contest(Notice.objects.get(), "It was a holiday.", by=mehmet)

    (warning,) = [one for one in program.get("penalties").data if one["type"] == "WARNING"]
    assert warning["contest"] == {"id": contest.public_id, "state": "OPEN"}
    assert "answer_until" not in warning

    contesting.decide(contest, granted=True, reason="So it was.", by=sofia)
    told = program.get(f"penalties/{warning['id']}").data
    assert (told["state"], told["contest"]["state"]) == ("REVERSED", "GRANTED")


def test_a_penalty_notice_names_its_warnings(judged: list[Ticket], store: Merchant, program: Program) -> None:
    warning = Notice.objects.get()
    noticing.penalise(store.pk, [warning], promises.current(), NOW)

    (told,) = [one for one in program.get("penalties").data if one["type"] == "PENALTY_NOTICE"]

    assert (told["warning_ids"], told["ticket_ids"]) == ([warning.public_id], [])


def test_a_sanction_on_its_way(judged: list[Ticket], program: Program, mehmet: Actor, sofia: Actor) -> None:
    block = Sanction.objects.get(kind=SanctionKind.IMPRESSIONS)

    def told() -> Any:
        return program.get(f"penalties/{block.public_id}").data

    proposed = told()
    sanctioning.answer(block, "It was the flood.", by=mehmet)
    sanctioning.confirm(block, "Three of five were late.", by=sofia)
    in_force, performance = told(), program.get("performance").data
    sanctioning.lift(block, "You are heard.", by=later(sofia, hours=1))
    over = told()

    assert (proposed["type"], proposed["state"]) == ("IMPRESSIONS_BLOCKED", "PROPOSED")
    assert proposed["answer_until"] == moment(NOW + timedelta(days=5))
    assert len(proposed["ticket_ids"]) == 4 - 1  # one of the late ones was not helpful either
    assert "in_force_at" not in proposed
    assert (in_force["state"], in_force["decision"]) == ("ISSUED", "Three of five were late.")
    assert (in_force["in_force_at"], in_force["ends_at"]) == (moment(NOW), moment(NOW + timedelta(days=30)))
    assert (performance["impressions_blocked"], performance["suspended"]) == (True, False)
    assert (over["state"], over["ended_at"]) == ("CANCELLED", moment(NOW + timedelta(hours=1)))


def test_what_is_withdrawn_is_reversed(judged: list[Ticket], program: Program, sofia: Actor) -> None:
    noticing.withdraw(Notice.objects.get(), noticing.CONTESTED, by=sofia)

    (warning,) = [one for one in program.get("penalties").data if one["type"] == "WARNING"]

    assert (warning["state"], warning["ended_at"]) == ("REVERSED", moment(NOW))
    assert "answer_until" not in warning


def test_all_are_read_page_by_page_the_latest_first(judged: list[Ticket], store: Merchant, program: Program) -> None:
    for hours in range(4):
        noticing.penalise(store.pk, [], promises.current(), NOW + timedelta(hours=hours % 3))

    page = program.get("penalties", limit=2)
    found = page.data
    while page.next:
        page = program.follow(page.next)
        found += page.data

    assert found == program.get("penalties").data
    assert [one["issued_at"] for one in found] == sorted((one["issued_at"] for one in found), reverse=True)
    assert len({one["id"] for one in found}) == 7


def test_a_rivals_penalties_are_as_if_absent(judged: list[Ticket], rival_program: Program) -> None:
    theirs = rival_program.get(f"penalties/{Notice.objects.get().public_id}")
    nobodys = rival_program.get(f"penalties/{'0' * 24}")

    assert (theirs.refusal, theirs.body) == ((404, 1004), nobodys.body)
    assert rival_program.get("penalties").data == []
    assert rival_program.get("performance/ledger").data == []


def test_a_key_that_makes_no_sense_begins_at_the_start(judged: list[Ticket], mehmet: Actor) -> None:
    assert [len(penalties.page(mehmet, key, 5).rows) for key in ("", "x", "2026_")] == [3, 3, 3]


# Whose token it is, and what a call costs


@pytest.mark.parametrize("call", ["performance", "performance/ledger", "penalties", f"penalties/{'0' * 24}"])
def test_the_scope_is_needed(call: str, store: Merchant) -> None:
    token = AccessToken.issue(store, "ERP")
    AccessToken.objects.update(scope=" ".join(one for one in Scope.values if one != Scope.READ_PENALTIES))

    assert Program(token).get(call).refusal == (403, 1006)


@pytest.mark.usefixtures("prepaid")
@pytest.mark.parametrize(
    ("call", "most"), [("performance", 11), ("performance/ledger", 7), ("penalties", 8), ("one", 8)]
)
def test_a_call_costs_the_same_however_much_there_is(
    call: str, most: int, judged: list[Ticket], store: Merchant, program: Program, django_assert_max_num_queries: Count
) -> None:
    call = f"penalties/{Notice.objects.get().public_id}" if call == "one" else call
    program.get(call)  # which notes that the token was used
    with django_assert_max_num_queries(most) as few:
        program.get(call)
    month(store, NOW - timedelta(days=1), late=6)
    judging.judge(store.pk, NOW + timedelta(days=8))

    with django_assert_max_num_queries(most) as many:
        assert program.get(call).status == 200

    assert len(many) == len(few)
