"""Parameters come from anywhere, in any shape: what can be read is read, the rest is refused in the envelope."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import hypothesis
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from marketdesk.tickets.models import Message, Ticket
from marketdesk.wsgi import application
from tests.api.conftest import Answer, opened

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
REPLY = "/api/v2/ticket/reply"


def said(ticket: Ticket) -> list[str]:
    return [message.body for message in ticket.messages.order_by("id")[1:]]


def multipart(fields: list[tuple[str, bytes]], boundary: str = "b0undary") -> bytes:
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields
    )
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def test_query_and_body_are_merged(client: Client, token: str, ticket: Ticket) -> None:
    body = urlencode({"reply": "On its way."})

    answer = opened(client.generic("POST", f"{REPLY}?access_token={token}&id={ticket.public_id}", body, FORM))

    assert answer.code == 0
    assert said(ticket) == ["On its way."]


def test_a_multipart_body_is_read(client: Client, token: str, ticket: Ticket) -> None:
    body = multipart(
        [("reply", "Schöne Grüße".encode()), ("id", ticket.public_id.encode()), ("access_token", token.encode())]
    )

    answer = opened(client.generic("POST", REPLY, body, "multipart/form-data; boundary=b0undary"))

    assert answer.code == 0
    assert said(ticket) == ["Schöne Grüße"]


def test_files_are_passed_over(client: Client, token: str, ticket: Ticket) -> None:
    with open(__file__, "rb") as file:
        answer = opened(client.post(REPLY, {"f": file, "access_token": token, "id": ticket.public_id, "reply": "Hi."}))

    assert answer.code == 0


def test_of_a_name_that_comes_twice_the_last_value_counts(client: Client, token: str, ticket: Ticket) -> None:
    query = f"access_token={token}&reply=query&id=x&id={ticket.public_id}"
    body = f"reply=first&reply=last&id={ticket.public_id}"

    assert opened(client.generic("POST", f"{REPLY}?{query}", body, FORM)).code == 0

    assert said(ticket) == ["last"]


def test_the_same_everywhere_is_fine(client: Client, token: str, ticket: Ticket) -> None:
    fields = urlencode({"access_token": token, "id": ticket.public_id, "reply": "On its way."})
    header = {"HTTP_AUTHORIZATION": f"Bearer {token}"}

    assert opened(client.generic("POST", f"{REPLY}?{fields}&{fields}", f"{fields}&{fields}", FORM, **header)).code == 0  # type: ignore[arg-type]

    assert said(ticket) == ["On its way."]


def test_what_nobody_asks_for_is_ignored(client: Client, token: str, ticket: Ticket) -> None:
    junk = "format=json&merchant_id=1&%ff%fe=%ff&x[]=1&=&&a&reply%00=x"

    answer = opened(client.get(f"/api/v2/ticket?access_token={token}&id={ticket.public_id}&{junk}"))

    assert answer.code == 0


def test_a_body_without_a_type_is_a_form(client: Client, token: str, ticket: Ticket) -> None:
    body = urlencode({"access_token": token, "id": ticket.public_id, "reply": "On its way."})

    assert opened(client.generic("POST", REPLY, body, "")).code == 0


def test_a_json_body_is_no_form(client: Client, token: str, ticket: Ticket) -> None:
    body = f'{{"id": "{ticket.public_id}", "reply": "x"}}'

    answer = opened(client.generic("POST", f"{REPLY}?access_token={token}", body, "application/json"))

    assert (answer.code, answer.data) == (1001, "id")


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "big5", "shift_jis", "iso-8859-1", "windows-1252", "UTF8"])
def test_a_declared_encoding_is_honoured(encoding: str, client: Client, token: str, ticket: Ticket) -> None:
    words = "你好" if encoding in {"gbk", "gb18030", "big5", "UTF8"} else "日本" if encoding == "shift_jis" else "Grüße"
    body = f"access_token={token}&id={ticket.public_id}&reply={quote_from_bytes(words.encode(encoding))}"

    assert opened(client.generic("POST", REPLY, body, f"{FORM}; charset={encoding}")).code == 0

    assert said(ticket) == [words]


def test_bytes_that_are_not_escaped_are_read_too(client: Client, token: str, ticket: Ticket) -> None:
    body = f"access_token={token}&id={ticket.public_id}&reply=Grüße, 你好".encode()

    assert opened(client.generic("POST", REPLY, body, FORM)).code == 0

    assert said(ticket) == ["Grüße, 你好"]


# A body from far off: other encodings, arrays, NUL, duplicates, wrong types

CALLS = ["auth_test", "ticket", "ticket/get-action-required", "ticket/reply", "ticket/close"]
CALLS += ["ticket/appeal-to-wish-support", "ticket/re-open"]
PATHS = [f"/api/{version}/{call}" for version in ("v1", "v2") for call in CALLS]
TOKEN, ID = b"<token>", b"<id>"
words = st.sampled_from(
    [
        b"",
        b"0",
        b"-1",
        b"\x00",
        b"null",
        b"[]",
        b"{}",
        b"true",
        b"1e9",
        b"%",
        b"%zz",
        b"%00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        "你好".encode("gbk"),
        "Grüße".encode("utf-16"),
        "\u2028\u202e".encode(),
        b"9" * 30,
        b"\r\n",
        b"x" * 10_001,
    ]
)
values = st.one_of(
    st.just(TOKEN),
    st.just(ID),
    st.just(ID),
    words,
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace")),
)
names = st.sampled_from(
    [
        "access_token",
        "key",
        "id",
        "reply",
        "start",
        "limit",
        "id[]",
        "reply[0]",
        "format",
        "merchant_id",
        "",
        "\x00",
        "é",
    ]
)
fields = st.lists(st.one_of(st.just(("id", ID)), st.tuples(names, values)), max_size=8)
charsets = st.sampled_from(
    ["", "utf-8", "gbk", "latin-1", "utf-16", "utf-7", "base64", "idna", "unicode_escape", "x" * 99]
)
types = st.sampled_from(
    [FORM, "multipart/form-data; boundary=b0undary", "application/json", "text/xml", "", ";", "multipart/"]
)
HOSTILE = hypothesis.settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


def served(method: str, path: str, query: str, body: bytes, content_type: str, authorization: str) -> Answer:
    """Ask the application as a server does: some requests never become a request of Django's."""
    environ = RequestFactory().get("/").environ | {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": authorization,
        "wsgi.input": BytesIO(body),
    }
    response = HttpResponse()

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        response.status_code = int(status.split(maxsplit=1)[0])
        for name, value in headers:
            response.headers[name] = value

    response.content = b"".join(application(environ, start))
    return opened(response)


@pytest.fixture
def _served(settings: Any) -> Iterator[None]:
    """Every method everywhere. And a served request drops its connection at the end; a test keeps the one that its
    rows are in."""
    settings.API_V2_LEGACY_METHODS = True
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_served", "unlimited")
@HOSTILE
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "POST"]),
    query=fields,
    body=fields,
    content_type=types,
    charset=charsets,
    header=st.booleans(),
    raw=st.one_of(st.none(), st.binary(max_size=200)),
)
def test_whatever_comes_the_answer_is_an_envelope(
    token: str,
    ticket: Ticket,
    path: str,
    method: str,
    query: list[tuple[str, bytes]],
    body: list[tuple[str, bytes]],
    content_type: str,
    charset: str,
    header: bool,
    raw: bytes | None,
) -> None:
    def real(sent: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        known = {TOKEN: token.encode(), ID: ticket.public_id.encode()}
        return [(name, known.get(value, value)) for name, value in sent]

    if raw is None:
        is_multipart = content_type.startswith("multipart/form-data")
        raw = multipart(real(body)) if is_multipart else urlencode(real(body)).encode()
    declared = f"{content_type}; charset={charset}" if charset and content_type else content_type

    answer = served(method, path, urlencode(real(query)), raw, declared, f"Bearer {token}" if header else "")

    assert answer.status < 500
    if answer.status != 200:
        assert answer.code in {1000, 1001, 1010, 4000}


@HOSTILE
@given(reply=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), as_form=st.booleans())
def test_a_text_arrives_as_it_was_sent(token: str, ask: Any, reply: str, as_form: bool) -> None:
    ticket = ask("order_status")
    sent = [("access_token", token.encode()), ("id", ticket.public_id.encode()), ("reply", reply.encode())]
    body = urlencode(sent).encode() if as_form else multipart(sent)

    answer = opened(
        Client().generic("POST", REPLY, body, FORM if as_form else "multipart/form-data; boundary=b0undary")
    )

    stored = Message.objects.filter(ticket=ticket, author="merchant").values_list("body", flat=True)
    meant = reply.replace("\x00", "").replace("\r\n", "\n").strip()
    assert list(stored) == ([meant] if meant else [])
    assert answer.code == (0 if meant else 1000)
