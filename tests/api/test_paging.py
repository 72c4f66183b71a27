"""Pages of the list: named only when they exist, and each address can be called as it is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.lib import ids as ids_of
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Answer, Program, opened

pytestmark = pytest.mark.django_db

LIST = "ticket/get-action-required"


@pytest.fixture
def five(ask: Callable[..., Ticket]) -> list[str]:
    """Five waiting tickets; the one asked first is due last."""
    tickets = [ask("order_status") for _ in range(5)]
    for position, ticket in enumerate(tickets):
        assert ticket.due_at
        Ticket.objects.filter(pk=ticket.pk).update(due_at=ticket.due_at - timedelta(hours=position))
    return [ticket.public_id for ticket in reversed(tickets)]


def ids(answer: Answer) -> list[str]:
    return [one["Ticket"]["id"] for one in answer.data]


def test_soonest_due_comes_first(five: list[str], program: Program) -> None:
    assert ids(program.get(LIST)) == five


def test_only_tickets_that_wait_for_the_merchant(
    five: list[str], ask: Callable[..., Ticket], mehmet: Actor, ada: Actor, program: Program
) -> None:
    ask("order_status").reply("Done.", by=mehmet)
    ask("item_problem").appeal("Lost.", by=mehmet)
    ask("order_status").close(by=ada)

    assert ids(program.get(LIST)) == five


def test_one_page_names_no_other(five: list[str], program: Program) -> None:
    assert program.get(LIST).paging is None
    assert program.get(LIST, start=0, limit=5).paging is None
    assert b"paging" not in program.get(LIST).body


def test_a_client_walks_there_and_back(five: list[str], client: Client, token: str) -> None:
    address = f"/api/v2/{LIST}?limit=2&access_token={token}&format=json"
    walked, pages = [], []
    while address:
        answer = opened(client.get(address))
        pages.append(answer)
        walked += ids(answer)
        address = (answer.paging or {}).get("next", "")

    assert walked == five
    assert [set(page.paging or {}) for page in pages] == [{"next"}, {"next", "previous"}, {"previous"}]
    back = opened(client.get(pages[2].paging["previous"]))
    assert ids(back) == five[2:4]
    assert ids(opened(client.get(back.paging["previous"]))) == five[:2]


def test_an_address_keeps_scheme_host_path_and_what_was_asked(five: list[str], client: Client, token: str) -> None:
    answer = opened(
        client.get(
            f"/api/v1/{LIST}",
            {"key": token, "limit": "2", "start": "1"},
            headers={"Host": "localhost:8123"},
            secure=True,
        )
    )

    parts = urlsplit(answer.paging["next"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "localhost:8123", f"/api/v1/{LIST}")
    fields = parse_qs(parts.query)
    assert fields.pop("after")
    assert fields == {"start": ["3"], "limit": ["2"], "key": [token]}


def test_a_token_from_elsewhere_stays_out_of_the_address(five: list[str], program: Program) -> None:
    answer = program.get(LIST, limit=2, access_token="")

    assert set(parse_qs(urlsplit(answer.paging["next"]).query)) == {"start", "limit", "after"}


def test_a_ticket_answered_meanwhile_makes_a_walk_skip_none(
    five: list[str], client: Client, token: str, mehmet: Actor
) -> None:
    first = opened(client.get(f"/api/v2/{LIST}?limit=2&access_token={token}"))
    Ticket.objects.get(public_id=five[0]).reply("Here it is.", by=mehmet)

    second = opened(client.get(first.paging["next"]))

    assert ids(first) + ids(second) == five[:4]


@pytest.mark.parametrize("after", ["", "x", "_", "1e999_1", "nan_1", "1_-1", "1_99999999999999999999", "\x00"])
def test_a_place_that_we_never_named_is_none(after: str, five: list[str], program: Program) -> None:
    assert ids(program.get(LIST, start=1, limit=2, after=after)) == five[1:3]


def test_a_place_shows_only_the_own_list(five: list[str], program: Program, rival_program: Program) -> None:
    place = parse_qs(urlsplit(program.get(LIST, limit=2).paging["next"]).query)["after"][0]

    assert rival_program.get(LIST, start=2, limit=2, after=place).data == []


def test_past_the_end_there_is_nothing_and_that_is_no_error(five: list[str], program: Program) -> None:
    for start in (5, 6, 1000, 10**17):
        answer = program.get(LIST, start=start, limit=2)

        assert (answer.status, answer.code, answer.data) == (200, 0, [])
        assert set(answer.paging) == {"previous"}
        assert ids(opened(program.client.get(answer.paging["previous"], headers=program._bearer()))) == five[3:]


def test_an_empty_list_has_no_pages(program: Program) -> None:
    for start in (0, 50):
        answer = program.get(LIST, start=start)

        assert (answer.data, answer.paging) == ([], None)


def test_the_usual_limits(five: list[str], program: Program) -> None:
    for limit in (1, 50, 100, 200, 500):
        assert len(program.get(LIST, limit=limit).data) == min(5, limit)
    assert ids(program.get(LIST, start="", limit="")) == five
    assert ids(program.get(LIST, start=" 1 ", limit=1)) == five[1:2]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "1.0"),
        ("limit", "٣"),
        ("limit", "1e2"),
        ("start", "-1"),
        ("start", "x"),
        ("start", "1" * 5000),
        ("start", "null"),
        ("start", "\x00"),
        ("start", "+1"),
    ],
)
def test_a_start_or_limit_that_makes_no_sense(field: str, value: str, five: list[str], program: Program) -> None:
    answer = program.get(LIST, **{field: value})

    assert (answer.status, answer.code) == (400, 1000)
    assert f"'{field}'" in answer.message


def test_due_at_the_same_moment_the_older_ticket_comes_first(
    ask: Callable[..., Ticket], now: Any, program: Program
) -> None:
    tickets = [ask("order_status").public_id for _ in range(4)]

    assert [ids(program.get(LIST, start=start, limit=1))[0] for start in range(4)] == tickets


def plans(ask_for: Callable[[], Any]) -> str:
    """How the database finds what a call asks it for."""
    with CaptureQueriesContext(connection) as asked:
        ask_for()
    told = []
    for one in asked.captured_queries:
        if '"tickets_ticket"' in one["sql"]:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + ("QUERY PLAN " if connection.vendor == "sqlite" else "") + one["sql"])
                told += [" ".join(map(str, row)) for row in cursor.fetchall()]
    return "\n".join(told)


def test_places_are_counted_along_an_index_and_no_table_is_walked(
    five: list[str], program: Program, rival_store: Merchant
) -> None:
    row: Any = Ticket.objects.values()[0]
    others = {"id": None, "merchant_id": rival_store.pk}
    Ticket.objects.bulk_create(Ticket(**row | others | {"public_id": ids_of.new_public_id()}) for _ in range(300))
    if connection.vendor == "postgresql":  # a few rows are quicker read at once, unless that is forbidden
        connection.cursor().execute("ANALYZE; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    after = parse_qs(urlsplit(program.get(LIST, limit=2).paging["next"]).query)["after"][0]

    far = plans(lambda: program.get(LIST, start=100_000))
    page = plans(lambda: program.get(LIST, start=2, limit=2))
    behind = plans(lambda: program.get(LIST, start=2, limit=2, after=after))

    covering = "COVERING INDEX ticket_due" if connection.vendor == "sqlite" else "Index Only Scan using ticket_due"
    for plan in (far, page, behind):
        assert covering in plan
        assert "SCAN " not in plan
        assert "Seq Scan" not in plan
    assert "ORDER BY" not in far  # in the order of the index, not sorted
    assert "Sort" not in far
    assert "due_at>" in behind or "due_at >=" in behind  # entered at the place, not at the beginning
