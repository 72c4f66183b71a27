"""Whatever a client of API v2 sends, in whatever shape: an envelope, no failure of ours, and a refusal changes nothing.

The calls, names and values are those of clients that exist, among them what they get wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marketdesk.orders.models import Order
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Answer
from tests.api.test_parameters import FORM, _served, served
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db, pytest.mark.usefixtures("_served")]
served_everywhere = _served  # the fixture, here too

CASES = cases(20_000, release=200_000)
CALLS = [
    "v2/auth_test", "v2/ticket", "v2/ticket/get-action-required", "v2/ticket/reply", "v2/ticket/close",
    "v2/ticket/appeal-to-wish-support", "v2/ticket/re-open", "v2/order", "v2/order/refund", "v1/ticket/reply",
    "v1/order",
]  # fmt: skip
NAMES = [
    b"id", b"id", b"reply", b"reason_code", b"reason_note", b"start", b"limit", b"after", b"access_token", b"key",
    b"id[]", b"reply[0]", b"ID", b"format", b"merchant_id", b"", b"\x00", "é".encode(), b"\xff", b"__proto__",
]  # fmt: skip
# What stands for a living ticket's id, an item's, a token.
TICKET, ITEM, TOKEN = b"<ticket>", b"<item>", b"<token>"
VALUES = [
    TICKET, TICKET, ITEM, ITEM, TOKEN, b"", b" ", b"0", b"1", b"-1", b"25", b"500", b"1e3", b"9" * 30, b"null", b"true",
    b"None", b"[]", b"{}", b"['x']", b'{"id": 1}', b"x", b"\x00", b"a\x00b", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"\xd6\xd0\xce\xc4", "Ünïcödé 已发货 👍".encode(), "\u202e".encode(), b"a" * 24, b"A" * 24, b"' OR 1=1 --",
    b"<script>", b"%", b"%zz", b"\r\n\r\n", b"x" * 600, b"x" * 10_001, "Grüße".encode("latin-1"), b"1.7e9_1", b"_",
]  # fmt: skip
TYPES = [
    FORM, FORM, "multipart", "multipart", f"{FORM}; charset=utf-8", f"{FORM}; charset=gbk", f"{FORM}; charset=latin-1",
    f"{FORM}; charset=utf-16", f"{FORM}; charset=x", "multipart/form-data", 'multipart/form-data; boundary=""',
    "application/json", "text/xml", "", ";", "; charset=base64", "application/octet-stream",
]  # fmt: skip

field = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES))
fields = st.lists(field, max_size=5)


@dataclass(frozen=True)
class Sent:
    """One request."""

    call: str
    method: str
    query: list[tuple[bytes, bytes]]
    body: list[tuple[bytes, bytes]]
    content_type: str
    place: str  # of a good token
    cut: int  # how many bytes of the body are missing


sent = st.builds(
    Sent,
    call=st.sampled_from(CALLS),
    method=st.sampled_from(["GET", "POST", "POST", "POST", "PATCH", "PUT"]),
    query=fields,
    body=fields,
    content_type=st.sampled_from(TYPES),
    place=st.sampled_from(["header", "header", "query", "body", ""]),
    cut=st.sampled_from([0, 0, 0, 0, 1, 7]),
)


@pytest.fixture
def world(ask: Callable[..., Ticket], order: Order, token: str) -> dict[bytes, bytes]:
    """What the marks stand for: a ticket that waits, and an item of it."""
    ticket = ask("item_problem")
    return {TICKET: ticket.public_id.encode(), ITEM: order.items.all()[0].public_id.encode(), TOKEN: token.encode()}


def any_request(cases: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        every = settings(
            max_examples=cases,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        return every(given(sent)(test))

    return decorate


@any_request(CASES)
def test_twenty_thousand_requests_on_sqlite(world: dict[bytes, bytes], one: Sent) -> None:
    check(world, one)


@pytest.mark.postgres
@any_request(CASES // 5)
def test_four_thousand_requests_on_postgresql(world: dict[bytes, bytes], one: Sent) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("for postgresql")
    check(world, one)


def check(world: dict[bytes, bytes], one: Sent) -> None:
    """Ask, look, and take it back: each request meets the same world."""
    with transaction.atomic():
        before = state()
        answer = ask_for(world, one)
        after = state()
        transaction.set_rollback(True)
    assert answer.status in {200, 400, 401, 405, 413}, (one, answer)
    assert answer.code in {0, 405, 413, 1000, 1001, 1004, 1010, 4000}, (one, answer)
    if answer.status != 200:
        assert before == after, (one, answer)


def ask_for(world: dict[bytes, bytes], one: Sent) -> Answer:
    query = [(name, world.get(value, value)) for name, value in one.query]
    body = [(name, world.get(value, value)) for name, value in one.body]
    named = b"key" if one.call.startswith("v1") else b"access_token"
    if one.place in {"query", "body"}:
        (query if one.place == "query" else body).append((named, world[TOKEN]))
    is_multipart = one.content_type == "multipart"
    raw = multipart(body) if is_multipart else urlencoded(body).encode()
    raw = raw[: len(raw) - one.cut]
    content_type = "multipart/form-data; boundary=X" if is_multipart else one.content_type
    bearer = f"Bearer {world[TOKEN].decode()}" if one.place == "header" else ""
    return served(one.method, f"/api/{one.call}", urlencoded(query), raw, content_type, bearer)


def urlencoded(pairs: list[tuple[bytes, bytes]]) -> str:
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in pairs)


def multipart(pairs: list[tuple[bytes, bytes]]) -> bytes:
    part = b'--X\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    return b"".join(part % pair for pair in pairs) + b"--X--\r\n"


def state() -> tuple[Any, ...]:
    """Whether anything was written, in one question: what a call can add, and what it can move."""
    added = ("journal_event", "journal_job", "tickets_message", "refunds_refund", "tickets_wait", "journal_deed")
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in added)
    moved = "(SELECT min(state) FROM tickets_ticket), (SELECT sum(refunded) FROM orders_orderitem)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}, {moved}")
        row: tuple[Any, ...] = cursor.fetchone()
    return row


@pytest.mark.parametrize("content_type", [FORM, "multipart"])
@pytest.mark.parametrize("name", [b"reply", b"reason_note", b"id", b"unknown", b"access_token"])
def test_ten_megabytes_in_a_field(name: bytes, content_type: str, world: dict[bytes, bytes]) -> None:
    call = "v2/order/refund" if name == b"reason_note" else "v2/ticket/reply"
    body = [(b"reason_code", b"-1"), (b"id", ITEM if name == b"reason_note" else TICKET), (name, b"x" * 10_000_000)]

    check(world, Sent(call, "POST", [], body, content_type, "header", 0))
    check(world, Sent(call, "POST", [], [(b"x", b"1")] * 100_000, content_type, "header", 0))
