"""Calls to addresses that others chose: never into a private network, never for long, never much (S1)."""

import ast
import ipaddress
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketdesk.lib import calling
from marketdesk.lib.calling import Allowed, BadUrl, Forbidden, NoAnswer
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, always, answers

NOBODY = Allowed()
EVERYBODY = Allowed(["0.0.0.0/0", "::/0"])

# Every way of writing a forbidden address that a resolver, a library or a person ever understood.
LITERALS = [
    # loopback, in numbers of every kind
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1",
    "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "0x7f.0x0.0x0.0x1", "127.000.000.001", "00000177.0.0.1",
    "0x0000007f.0.0.1", "127.0.0.1.", "127.1.", "127.0x1", "0x7F000001", "localhost", "LOCALHOST", "localhost.",
    # this network, private ones, links, carriers, documentation, tests, multicast, broadcast
    "0", "0.0.0.0", "0x0", "00", "0.0.0.1", "10.0.0.1", "10.255.255.255", "0xa000001", "012.0.0.1", "167772161",
    "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1", "3232235521", "169.254.169.254", "0xa9fea9fe",
    "2852039166", "0251.0376.0251.0376", "169.254.43518", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.0.170",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "198.18.0.1", "198.19.255.254", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "0xffffffff", "4294967295", "037777777777",
    # IPv6
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[0::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:0:127.0.0.1]",
    "[::ffff:0:7f00:1]", "[::127.0.0.1]", "[::7f00:1]", "[::10.0.0.1]", "[::ffff:8.8.8.8]", "[::8.8.8.8]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:ffff::a00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2002:a00:1::1]", "[2002:a9fe:a9fe::1]",
    "[2001::1]", "[2001:0:7f00:1::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2001:2::1]", "[2001:10::1]",
    "[2001:20::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[fc00::1]", "[fd00::1]",
    "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fe80::a9fe:a9fe%25eth0]", "[::1%25lo]",
    "[febf::1]", "[fec0::1]", "[fec0::7f00:1]", "[feff::1]", "[ff02::1]", "[ff0e::1]", "[4000::1]", "[e000::1]",
    # letters that look like digits, and tricks with the shape of the URL
    "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "%31%32%37.0.0.1", "127.0.0.1%00.example.org",
    "example.org@127.0.0.1", "127.0.0.1@example.org", "example.org:x@127.0.0.1", "127.0.0.1#.example.org",
    "127.0.0.1\\@example.org", "example.org\\.127.0.0.1", "127.0.0.1?.example.org", "127.0.0.1/.example.org",
    "127.0.0.1:80", "127.0.0.1:443", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1\t", "127.0.0.1\r\nHost: x", "[127.0.0.1]",
    "[::1", "[::1]example.org", "1.1.1.1 &@127.0.0.1# @127.0.0.1/", "127.0.0.1:",
]  # fmt: skip
# What a name server that means harm would answer.
NAMES = {
    "rebound.example": ["127.0.0.1"],
    "private.example": ["10.1.2.3", "192.168.1.1"],
    "metadata.example": ["169.254.169.254"],
    "six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "translated.example": ["64:ff9b::7f00:1"],
    "tunnel.example": ["2002:7f00:1::1", "2001:0:7f00:1::1"],
    "site.example": ["fec0::1", "fd00::1", "fe80::1"],
    "both.example": ["127.0.0.1", "1.1.1.1", "::1"],  # the public one may be called, the others never
}
FORMS = [f"{scheme}://{host}/" for host in [*LITERALS, *NAMES] for scheme in ("https", "http")]


class Trapped(OSError):
    """A connection was about to be made."""


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where connections were about to go; none is made, and names are looked up in the list above."""
    went: list[str] = []
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        name = str(host).lower().rstrip(".")
        addresses = NAMES.get(name) or (["127.0.0.1", "::1"] if name == "localhost" else None)
        if addresses is None:
            return look_up(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        six = socket.AF_INET6
        return [
            (six, socket.SOCK_STREAM, 6, "", (one, port, 0, 0)) if ":" in one
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]  # fmt: skip

    def connect(_self: Any, where: Any) -> None:
        went.append(str(where[0]))
        raise Trapped("trapped")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    return went


def _call(url: str, allowed: Allowed) -> str:
    try:
        calling.post(url, b"{}", {}, allowed=allowed, deadline=2)
    except (BadUrl, Forbidden, NoAnswer) as refusal:
        return type(refusal).__name__
    return "answered"


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(set(FORMS)) >= 100


@pytest.mark.parametrize("url", FORMS)
def test_no_way_of_writing_a_private_address_reaches_it(trap: list[str], url: str) -> None:
    outcome = _call(url, NOBODY)

    assert outcome != "answered"
    assert set(trap) <= {"1.1.1.1"}


def test_the_control_without_the_check_reaches_many_of_them(trap: list[str]) -> None:
    for url in FORMS:
        _call(url, EVERYBODY)

    inside = {where for where in trap if not calling.is_public(ipaddress.ip_address(where.split("%")[0]))}
    assert len(inside) >= 60
    assert {"127.0.0.1", "169.254.169.254", "::1"} <= inside


@pytest.mark.parametrize("host", ["1.1.1.1", "8.8.8.8", "[2606:4700::1111]", "[2a00:1450:4001::1]"])
def test_public_addresses_are_called_with_tls_and_not_without(trap: list[str], host: str) -> None:
    assert _call(f"http://{host}/", NOBODY) == "Forbidden"
    assert trap == []

    assert _call(f"https://{host}/", NOBODY) == "NoAnswer"
    assert trap == [host.strip("[]")]


# The allow-list


@pytest.mark.parametrize(
    ("words", "host", "reached"),
    [
        (["10.1.0.0/16"], "10.1.2.3", True),
        (["10.1.0.0/16"], "10.2.0.1", False),
        (["10.1.0.0/16"], "10.0.255.255", False),
        (["10.1.2.3"], "10.1.2.3", True),
        (["10.1.2.3"], "10.1.2.4", False),
        (["fd00:1::/32"], "[fd00:1::9]", True),
        (["fd00:1::/32"], "[fd00:2::9]", False),
        (["127.0.0.0/8"], "[::ffff:127.0.0.1]", False),
        (["10.1.0.0/16"], "private.example", True),
        (["rebound.example"], "rebound.example", True),
        (["Rebound.Example."], "rebound.example", True),
        (["rebound.example"], "metadata.example", False),
        (["rebound.example"], "127.0.0.1", False),
    ],
)
def test_what_is_allowed_is_reached_and_its_neighbours_are_not(
    trap: list[str], words: list[str], host: str, reached: bool
) -> None:
    outcome = _call(f"http://{host}/", Allowed(words))

    assert outcome == ("NoAnswer" if reached else "Forbidden")
    assert bool(trap) == reached
    assert "192.168.1.1" not in trap


def test_a_network_that_is_none_is_said_at_once() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"10\.1\.0\.0/99"):
        Allowed(["10.1.0.0/99"])


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    trap: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, *_rest: Any, **_more: Any) -> list[Any]:
        asked.append(host)
        where = "1.1.1.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    _call("https://rebinding.example/", NOBODY)

    assert trap == ["1.1.1.1"]
    assert len(asked) == 1


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(5))
    begun = time.monotonic()

    with pytest.raises(NoAnswer, match="in time"):
        calling.post("https://slow.example/", b"", {}, allowed=NOBODY, deadline=0.2)

    assert time.monotonic() - begun < 2


def test_an_address_where_nobody_answers_leaves_time_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:  # nobody accepts them, so that whoever comes next is not even answered
        one.setblocking(False)
        one.connect_ex(full.getsockname())

    with webhooks.receiver() as good:
        places = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (full.getsockname()[1], good.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: places)
        answer = calling.post(good.url, b"{}", {}, allowed=LOOPBACK, deadline=3)

    for one in (*waiting, full):
        one.close()
    assert answer.status == 200


# Bad answers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with webhooks.receiver() as inside, webhooks.receiver(always(answers(status, Location=inside.url))) as outside:
        answer = calling.post(outside.url, b"{}", {}, allowed=LOOPBACK)

    assert answer.status == status
    assert inside.came == []


@pytest.mark.parametrize("behave", [webhooks.silence, webhooks.drip, webhooks.reset], ids=lambda one: one.__name__)
def test_however_badly_it_answers_the_call_ends_in_time(behave: webhooks.Behaviour) -> None:
    begun = time.monotonic()

    with webhooks.receiver(always(behave)) as bad, pytest.raises(NoAnswer):
        calling.post(bad.url, b"{}", {}, allowed=LOOPBACK, deadline=0.4)

    assert time.monotonic() - begun < 2


def test_of_a_hundred_megabytes_one_kilobyte_is_read() -> None:
    begun = time.monotonic()

    with webhooks.receiver(always(webhooks.flood)) as bad:
        answer = calling.post(bad.url, b"{}", {}, allowed=LOOPBACK)

    assert (answer.status, len(answer.body)) == (200, 1024)
    assert time.monotonic() - begun < 2


def test_an_answer_that_comes_in_pieces_is_read_to_its_end() -> None:
    def in_pieces(line: socket.socket, _request: object) -> None:
        line.sendall(b"HTTP/1.0 500 No\r\nContent-Length: 12\r\n\r\n")
        for piece in (b"out ", b"of s", b"tock"):
            time.sleep(0.05)
            line.sendall(piece)

    with webhooks.receiver(always(in_pieces)) as slow:
        answer = calling.post(slow.url, b"{}", {}, allowed=LOOPBACK, deadline=3)

    assert answer.body == b"out of stock"


@pytest.mark.parametrize(
    "said",
    [b"", b"\x00\x01", b"SSH-2.0-x\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000, b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000,
     b"HTTP/1.1 100 Continue\r\n\r\n" * 5, b"HTTP/1.1 99999 No\r\n\r\n"],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_answer_is_said_so(said: bytes) -> None:
    def behave(line: socket.socket, _request: object) -> None:
        line.sendall(said)

    with webhooks.receiver(always(behave)) as bad, pytest.raises(NoAnswer, match=r"\w"):
        calling.post(bad.url, b"{}", {}, allowed=LOOPBACK, deadline=3)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with webhooks.receiver(tls=tmp_path) as bad, pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
        calling.post(bad.url.replace("http:", "https:"), b"{}", {}, allowed=LOOPBACK, deadline=2)

    assert bad.came == []


# The one way out


def test_nothing_else_here_speaks_http_to_others() -> None:
    package = Path(calling.__file__).parent.parent
    clients = {"requests", "httpx", "urllib3", "aiohttp", "http.client", "urllib.request", "pycurl"}
    found = set()
    for source in package.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            if clients & set(names):
                found.add(source.relative_to(package).as_posix())

    # The operator's own sign-in service is named by the environment, and allauth speaks to it.
    assert found == {"lib/calling.py", "joining/openid.py"}
