"""Exchanges of clients that exist, byte for byte: what each sends, and what it does with the answer."""

import json
import socket
from typing import Any

import pytest

from tests.api.exchanges.conftest import TOKEN, Recorded, read
from tests.desk import Desk

pytestmark = pytest.mark.heavy

LIST = "/api/v2/ticket/get-action-required"


def form(**fields: str) -> bytes:
    """A multipart body as PHP's curl writes it: no charset anywhere."""
    part = '--X\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*field) for field in fields.items()) + "--X--\r\n").encode()


def test_a_token_in_the_query_over_http_1_0(recorded: Recorded) -> None:
    """PHP's file_get_contents."""
    (answer,) = recorded.says(
        f"""
GET {LIST}?access_token={TOKEN}&start=0&limit=50&format=json HTTP/1.0
Host: localhost
Connection: close
"""
    )

    told = answer.envelope
    assert told["code"] == 0
    assert told["data"]
    assert "paging" not in told


def test_a_multipart_body_with_a_boundary_and_no_charset(recorded: Recorded) -> None:
    """PHP's curl with an array in CURLOPT_POSTFIELDS."""
    body = form(id=recorded.tickets[0], reply="Sie ist unterwegs — 已发货 👍", access_token=TOKEN)

    (answer,) = recorded.says(
        """
POST /api/v2/ticket/reply HTTP/1.1
Host: localhost
Accept: */*
Content-Length: {length}
Content-Type: multipart/form-data; boundary=X
""",
        body=body,
    )

    assert answer.envelope["data"] == {"success": True}
    (again,) = recorded.says(
        f"GET /api/v2/ticket?id={recorded.tickets[0]}&access_token={TOKEN} HTTP/1.1\nHost: localhost"
    )
    replies = again.envelope["data"]["Ticket"]["replies"]
    assert replies[-1]["Reply"]["message"] == "Sie ist unterwegs — 已发货 👍"


def test_expect_100_continue(recorded: Recorded) -> None:
    """curl and .NET wait for the go-ahead before they send the body."""
    body = f"id={recorded.tickets[1]}&reply={'x' * 1500}&access_token={TOKEN}".encode()
    head = (
        "POST /api/v2/ticket/reply HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", recorded.desk.port), timeout=10) as connection:
        connection.sendall(head.encode())
        with connection.makefile("rb") as stream:
            assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert stream.readline() == b"\r\n"
            connection.sendall(body)
            assert read(stream).envelope["data"] == {"success": True}


def test_a_chunked_body(recorded: Recorded) -> None:
    """Java's HttpURLConnection in streaming mode."""
    pieces = [f"id={recorded.tickets[2]}&re".encode(), f"ply=Soon.&access_token={TOKEN}".encode()]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    (answer,) = recorded.says(
        """
POST /api/v2/ticket/reply HTTP/1.1
host: localhost
content-type: application/x-www-form-urlencoded; charset=UTF-8
transfer-encoding: chunked
""",
        body=chunked,
    )

    assert answer.envelope["data"] == {"success": True}


def test_two_requests_over_one_connection(recorded: Recorded) -> None:
    """Apache HttpClient keeps the connection, after a refusal too."""
    bearer = f"Host: localhost\nAuthorization: Bearer {TOKEN}"

    first, second, third = recorded.says(
        f"GET /api/v2/ticket?id=x HTTP/1.1\n{bearer}",
        f"GET /api/v2/nothing HTTP/1.1\n{bearer}",
        f"GET /api/v2/auth_test HTTP/1.1\n{bearer}",
    )

    assert (first.status, first.envelope["code"]) == (400, 1000)
    assert (second.status, second.envelope["code"]) == (404, 404)
    assert third.envelope["data"]["merchant_username"] == "Anadolu Home"


def test_query_and_body_are_merged_whatever_the_order(recorded: Recorded) -> None:
    body = f"reply=Soon.&id={recorded.tickets[3]}".encode()

    (answer,) = recorded.says(
        f"""
POST /api/v2/ticket/reply?format=json&merchant_id=7&access_token={TOKEN}&id={recorded.tickets[3]} HTTP/1.1
Host: localhost
Content-Type: application/x-www-form-urlencoded
Content-Length: {{length}}
""",
        body=body,
    )

    assert answer.envelope["data"] == {"success": True}


def test_a_client_that_evaluates_the_body(recorded: Recorded) -> None:
    """A Python script of 2015 has `eval(response.text)`: a bare true, false or null would end it."""
    (answer,) = recorded.says(f"GET {LIST}?access_token={TOKEN}&limit=500 HTTP/1.1\nHost: localhost")

    told = eval(answer.body.decode("ascii"), {"__builtins__": {}})  # as they do

    assert told == answer.envelope
    assert len(told["data"]) > 10


def test_a_client_that_checks_types(recorded: Recorded) -> None:
    """C# and Java read into classes whose every field is a string."""
    (answer,) = recorded.says(f"GET {LIST}?access_token={TOKEN}&limit=500 HTTP/1.1\nHost: localhost")

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for one in value.values() for leaf in leaves(one)]
        return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]

    assert {type(leaf) for leaf in leaves(answer.envelope["data"])} == {str}


def test_a_client_that_pages_until_nothing_comes(recorded: Recorded) -> None:
    """Three ERPs count `start` up and never look at `paging`; one follows `next` as it is."""
    counted: list[str] = []
    start = 0
    while True:
        (answer,) = recorded.says(f"GET {LIST}?access_token={TOKEN}&start={start}&limit=3 HTTP/1.1\nHost: localhost")
        found = answer.envelope["data"]
        if not found:
            break
        counted += [one["Ticket"]["id"] for one in found]
        start += 3

    followed: list[str] = []
    address = f"{LIST}?access_token={TOKEN}&limit=3"
    while address:
        (answer,) = recorded.says(f"GET {address} HTTP/1.1\nHost: localhost:{recorded.desk.port}")
        followed += [one["Ticket"]["id"] for one in answer.envelope["data"]]
        after = answer.envelope.get("paging", {}).get("next", "")
        host = f"http://localhost:{recorded.desk.port}"
        assert after == "" or after.startswith(host)
        address = after.removeprefix(host)

    assert counted == followed
    assert len(counted) == len(set(counted)) > 10


@pytest.mark.parametrize("path", [f"{LIST}?access_token={TOKEN}", "/api/v2/openapi.json", "/accounts/login/"])
def test_head_has_the_headers_and_no_body(path: str, recorded: Recorded) -> None:
    """What came behind the headers would be the beginning of the next answer."""
    head, after = recorded.says(
        f"HEAD {path} HTTP/1.1\nHost: localhost",
        f"GET /api/v2/auth_test?access_token={TOKEN} HTTP/1.1\nHost: localhost\nConnection: close",
    )

    assert head.status == (405 if path.startswith(LIST) else 200)
    assert int(head.headers["content-length"]) > 0
    assert after.envelope["data"]["merchant_username"] == "Anadolu Home"


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        (f"GET {LIST}?access_token={TOKEN} HTTP/1.1", "somewhere.example", 400),
        ("OPTIONS /api/v2/ticket HTTP/1.1", "localhost", 405),
        ("TRACE /api/v2/ticket HTTP/1.1", "localhost", 405),
        ("PATCH /api/v2/ticket HTTP/1.1", "localhost", 405),
        ("BREW /api/v2/ticket HTTP/1.1", "localhost", 405),
        ("GET /api HTTP/1.1", "localhost", 404),
        ("GET //api/v2/ticket HTTP/1.1", "localhost", 401),  # a base address that ends with a slash works
        ("GET /api//v2/ticket HTTP/1.1", "localhost", 404),
        ("GET /api/v2/%ff%zz% HTTP/1.1", "localhost", 404),
        ("GET /api/v2/../v2/ticket HTTP/1.1", "localhost", 404),
        (f"GET /api/v2/ticket?id=%ff%fe%zz&access_token={TOKEN} HTTP/1.1", "localhost", 400),
        ("GET /api/v2/ticket?%00=%00&access_token=%00 HTTP/1.1", "localhost", 401),
    ],
)
def test_whatever_else_is_asked_is_refused_in_the_envelope(
    request_line: str, host: str, status: int, recorded: Recorded
) -> None:
    (answer,) = recorded.says(f"{request_line}\nHost: {host}\nConnection: close")

    assert answer.status == status
    assert answer.envelope["code"] != 0


@pytest.mark.parametrize("content_type", ["application/json", "text/xml", "multipart/form-data", "; charset=base64"])
def test_a_body_of_another_kind_holds_no_parameters(content_type: str, recorded: Recorded) -> None:
    (answer,) = recorded.says(
        f"""
POST /api/v2/ticket/close?access_token={TOKEN} HTTP/1.1
Host: localhost
Content-Type: {content_type}
Content-Length: {{length}}
""",
        body=json.dumps({"id": recorded.tickets[4]}).encode(),
    )

    assert answer.status == 400
    assert answer.envelope["code"] in {1000, 1001}


def test_a_body_that_is_too_large(recorded: Recorded) -> None:
    (answer,) = recorded.says(
        """
POST /api/v2/ticket/reply HTTP/1.1
Host: localhost
Content-Type: application/x-www-form-urlencoded
Content-Length: 9999999999
"""
    )

    assert (answer.status, answer.envelope["code"]) == (413, 413)


def test_a_refund_and_the_same_again(recorded: Recorded) -> None:
    body = form(id=recorded.items[0], reason_code="-1", reason_note="Geschenk", access_token=TOKEN)
    refund = """
POST /api/v2/order/refund HTTP/1.1
Host: localhost
Content-Length: {length}
Content-Type: multipart/form-data; boundary=X
"""

    (first,) = recorded.says(refund, body=body)
    (again,) = recorded.says(refund, body=body)

    assert first.envelope["data"] == again.envelope["data"] == {"success": True}
    (told,) = recorded.says(f"GET /api/v2/order?id={recorded.items[0]}&access_token={TOKEN} HTTP/1.1\nHost: localhost")
    assert told.envelope["data"]["Order"]["state"] == "REFUNDED"


def test_a_client_that_writes_by_get(recorded: Recorded) -> None:
    """Off, and told what the operator can do; on, as long ago. And a client that reads by POST."""
    writes = (
        f"GET /api/v2/ticket/reply?id={recorded.tickets[5]}&reply=Soon.&access_token={TOKEN} HTTP/1.1\nHost: localhost"
    )
    reads = "POST /api/v2/auth_test HTTP/1.1\nHost: localhost\nContent-Length: {length}\n" + (
        "Content-Type: application/x-www-form-urlencoded"
    )
    token = f"access_token={TOKEN}".encode()

    for refused in (*recorded.says(writes), *recorded.says(reads, body=token)):
        assert (refused.status, refused.envelope["code"]) == (405, 405)
        assert "API_V2_LEGACY_METHODS" in refused.envelope["message"]

    recorded.desk.kill()  # a home has one server
    desk = Desk({**recorded.desk.environment, "API_V2_LEGACY_METHODS": "yes"})
    try:
        desk.start()
        legacy = Recorded(desk, recorded.tickets, recorded.items)
        assert legacy.says(writes)[0].envelope["data"] == {"success": True}
        assert legacy.says(reads, body=token)[0].envelope["data"]["success"] is True
    finally:
        desk.kill()
        recorded.desk.start()
