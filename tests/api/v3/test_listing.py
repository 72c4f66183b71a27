"""The list of tickets: what is in it, in which order, and how a program reads all of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from tests.api.v3.conftest import Answer, Program
from tests.conftest import NOW
from tests.moments import later

pytestmark = pytest.mark.django_db

# Two moments that are one on the wire, one of them three times, and one of each side of them.
MOMENTS = [NOW + timedelta(microseconds=us) for us in (0, 1_000, 1_500, 1_500, 1_500, 2_000, 7_000)]


@pytest.fixture
def seven(ask: Callable[..., Ticket]) -> list[Ticket]:
    """Tickets that changed last at these moments, oldest first."""
    tickets = [ask("order_status") for _ in MOMENTS]
    for ticket, moment in zip(tickets, MOMENTS, strict=True):
        Ticket.objects.filter(pk=ticket.pk).update(public_updated_at=moment)
    return tickets


def ids(answer: Answer) -> list[str]:
    return [one["id"] for one in answer.data]


def pages(program: Program, **query: Any) -> Iterator[list[str]]:
    answer = program.get("tickets", **query)
    while True:
        yield ids(answer)
        if not answer.next:
            return
        assert answer.headers["Link"] == f'<{answer.next}>; rel="next"'
        answer = program.follow(answer.next)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_no_ticket_is_passed_over_or_told_twice(limit: int, seven: list[Ticket], program: Program) -> None:
    oldest_first = [one.public_id for one in seven]

    for sort_by, order in (("updated_at.asc", oldest_first), ("updated_at.desc", oldest_first[::-1])):
        read = list(pages(program, limit=limit, sort_by=sort_by))
        assert [one for page in read for one in page] == order
        assert {len(page) for page in read[:-1]} <= {limit}
    assert ids(program.get("tickets")) == oldest_first[::-1]


def test_what_changes_while_one_reads_comes_again_at_the_end(
    now: Any, seven: list[Ticket], mehmet: Actor, program: Program
) -> None:
    first = program.get("tickets", sort_by="updated_at.asc", limit=3)
    now.shift(timedelta(seconds=1))
    seven[0].reply("On its way.", by=later(mehmet, seconds=1))

    second = program.follow(first.next)
    third = program.follow(second.next)

    assert ids(third)[-1] == ids(first)[0] == seven[0].public_id
    assert {*ids(first), *ids(second), *ids(third)} == {one.public_id for one in seven}


def test_a_page_that_is_full_and_last_names_no_other(seven: list[Ticket], program: Program) -> None:
    answer = program.get("tickets", limit=7)

    assert (len(answer.data), answer.next) == (7, "")
    assert b"paging" not in answer.body
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"updated_at_min": "2026-11-18T10:00:00.001Z"}, [1, 2, 3, 4, 5, 6]),
        ({"updated_at_max": "2026-11-18T10:00:00.001Z"}, [0, 1, 2, 3, 4]),
        ({"updated_at_max": "2026-11-18T10:00:00Z"}, [0]),
        ({"updated_at_min": "2026-11-18T12:00:00.002+02:00"}, [5, 6]),
        ({"updated_at_min": "2026-11-18T12:00:00.002 02:00"}, [5, 6]),
        ({"updated_at_min": "2026-11-18T10:00:00.001Z", "updated_at_max": "2026-11-18T10:00:00.002Z"}, [1, 2, 3, 4, 5]),
        ({"updated_at_min": "2026-11-18T10:00:01"}, []),
        (
            {"updated_at_min": "0001-01-01T00:00:00Z", "updated_at_max": "9998-12-31T23:59:59.999Z"},
            [0, 1, 2, 3, 4, 5, 6],
        ),
    ],
)
def test_from_when_until_when(query: dict[str, Any], found: list[int], seven: list[Ticket], program: Program) -> None:
    answer = program.get("tickets", sort_by="updated_at.asc", **query)

    assert ids(answer) == [seven[place].public_id for place in found]


def test_kinds_and_states_repeated_or_with_commas(
    ask: Callable[..., Ticket], mehmet: Actor, ada: Actor, program: Program
) -> None:
    question, order, purchase, gone = (
        ask(issue) for issue in ("product_question", "order_status", "item_problem", "product_question")
    )
    order.reply("On its way.", by=mehmet)
    purchase.appeal("No.", by=mehmet)
    gone.close(by=ada)

    def read(**query: Any) -> set[str]:
        return set(ids(program.get("tickets", **query)))

    assert read(types="ORDER") == {purchase.public_id}
    assert read(types="ORDER,POST_CUSTOMER_SUPPORT") == {purchase.public_id, order.public_id}
    assert read(types=["ORDER", "POST_CUSTOMER_SUPPORT"]) == {purchase.public_id, order.public_id}
    assert read(states="AWAITING_MERCHANT") == {question.public_id}
    assert read(states=["AWAITING_USER, CLOSED", "AWAITING_WISH"]) == {one.public_id for one in (order, gone, purchase)}
    assert read(types="PRE_PURCHASE", states="CLOSED") == {gone.public_id}
    assert read(states="PERMANENTLY_CLOSED") == set()


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"limit": 0}, "limit", "must be 1 or more"),
        ({"limit": 501}, "limit", "must be 500 or less"),
        ({"limit": "many"}, "limit", "must be a whole number"),
        ({"sort_by": "id.asc"}, "sort_by", "must be 'updated_at.asc' or 'updated_at.desc'"),
        ({"types": "ORDER,OTHER"}, "types.1", "must be 'ORDER', 'PRE_PURCHASE' or 'POST_CUSTOMER_SUPPORT'"),
        ({"states": ""}, "states.0", "must be 'AWAITING_MERCHANT', "),
        ({"updated_at_min": "yesterday"}, "updated_at_min", "must be a time such as"),
        ({"updated_at_min": "2026-02-30T10:00:00Z"}, "updated_at_min", "must be a time such as"),
        ({"updated_at_max": "9999-12-31T23:59:59-23:00"}, "updated_at_max", "must be a time such as"),
        ({"updated_at_max": "1763460000"}, "updated_at_max", "must be a time such as"),
        ({"cursor": "nonsense"}, "cursor", "must be one that stood in paging.next"),
        ({"cursor": "ü"}, "cursor", "must be one that stood in paging.next"),
    ],
)
def test_parameters_that_cannot_be_taken(query: dict[str, Any], field: str, words: str, program: Program) -> None:
    answer = program.get("tickets", **query)

    assert answer.refusal == (400, 1000)
    assert answer.data[field].startswith(words), answer.data
    assert answer.message.startswith(f"{field}: ")


def test_a_cursor_leads_to_nobody_elses(seven: list[Ticket], program: Program, rival_program: Program) -> None:
    following = program.get("tickets", limit=3, fields="id").next
    cursor = following.rpartition("cursor=")[2]

    assert "limit=3" in following
    assert "fields=id" in following
    assert rival_program.follow(following).data == []
    assert program.get("tickets", cursor=cursor[:-2] + "AA").status == 400


def test_what_the_platform_has_to_itself_is_not_in_the_list(ticket: Ticket, program: Program) -> None:
    Ticket.objects.update(shared=False)

    assert program.get("tickets").data == []


def test_the_moments_told_are_those_that_happened(seven: list[Ticket], program: Program) -> None:
    told = [one["updated_at"] for one in program.get("tickets", sort_by="updated_at.asc").data]

    assert told[0] == "2026-11-18T10:00:00.000Z"
    assert told[1:5] == ["2026-11-18T10:00:00.001Z"] * 4
    assert [datetime.fromisoformat(one) for one in told] <= [moment.astimezone(UTC) for moment in MOMENTS]
