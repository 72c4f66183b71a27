"""Calls to addresses that others chose: the only HTTP client here. Redirects are never followed, private networks never
reached, and no answer takes longer or more memory than we give it.

The address that was checked is the one that is connected to, so a name cannot change its mind in between (rebinding).
"""

import http.client
import io
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

DEADLINE = 15.0  # seconds for everything: looking up, connecting, sending, being answered
KEPT = 1024  # bytes of an answer that are read at all

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Of IPv6 only what is given out as unicast, so that every way of writing an IPv4 address in it is refused as well.
_UNICAST = ipaddress.ip_network("2000::/3")
_REFUSED: tuple[_Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "100.64.0.0/10",  # carriers' own networks
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
_PLAIN = re.compile(r"[!-~]+")


class BadUrl(ValueError):
    """It is no address that a call can go to; the text says why."""


class Forbidden(Exception):
    """The address lies in a network that must not be reached."""


class NoAnswer(Exception):
    """Nothing came, or nothing that can be understood; the text says what happened."""


@dataclass(frozen=True)
class Answer:
    """What came back: the beginning of the body, and the headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Target:
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str


class Allowed:
    """What may be reached although it is private: networks such as 10.1.0.0/16, and names of hosts."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.hosts: set[str] = set()
        self.networks: list[_Network] = []
        for word in words:
            try:
                self.networks.append(ipaddress.ip_network(word))
            except ValueError:
                if "/" in word:
                    raise ImproperlyConfigured(f"{word!r} is no network: write it like 10.1.0.0/16.") from None
                self.hosts.add(word.lower().rstrip("."))

    def names(self, host: str) -> bool:
        return host.lower().rstrip(".") in self.hosts

    def holds(self, address: _Address) -> bool:
        return any(address in network for network in self.networks)


def is_public(address: _Address) -> bool:
    """Whether an address belongs to the Internet at large."""
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _UNICAST):
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _REFUSED)


def parse(url: str) -> Target:
    """Take a URL apart. Raises BadUrl."""
    if not _PLAIN.fullmatch(url) or "\\" in url:
        raise BadUrl(_("An address has no spaces and no letters beyond ASCII: write those percent-encoded."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as bad:
        raise BadUrl(_("This is no address: %(reason)s.") % {"reason": bad}) from None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise BadUrl(_("An address begins with https:// and the name of a host."))
    if "@" in parts.netloc or parts.fragment:
        raise BadUrl(_("An address carries no user name, password or fragment."))
    # A zone (%eth0) is no part of a name either.
    if "%" in parts.hostname:
        raise BadUrl(_("The name of a host has no percent sign."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path, parts.netloc)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Allowed,
    deadline: float | None = None,
    kept: int = KEPT,
) -> Answer:
    """Send a body; `kept` bytes of the answer are read. Raises BadUrl, Forbidden or NoAnswer; whatever the other side
    does, it is over at the deadline."""
    given = {"Content-Length": str(len(body)), **headers}
    return _call("POST", url, body, given, allowed=allowed, deadline=deadline, kept=kept)


def get(url: str, headers: Mapping[str, str], *, allowed: Allowed, deadline: float, kept: int) -> Answer:
    """Ask for what is there; otherwise like `post`."""
    return _call("GET", url, None, headers, allowed=allowed, deadline=deadline, kept=kept)


def _call(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    allowed: Allowed,
    deadline: float | None,
    kept: int,
) -> Answer:
    target = parse(url)
    ends = time.monotonic() + (DEADLINE if deadline is None else deadline)
    addresses = resolve(target, allowed, ends)
    try:
        line = _Line(_connect(target, addresses, ends), ends)
    except (OSError, ValueError) as failure:
        raise NoAnswer(_words(failure)) from failure
    connection = http.client.HTTPConnection(target.host)
    connection.sock = line
    try:
        connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
        given = {"Host": target.authority, "Connection": "close", **headers}
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, _lower(answer.getheaders()), _beginning(answer, kept))
    except (OSError, http.client.HTTPException, ValueError) as failure:
        raise NoAnswer(_words(failure)) from failure
    finally:
        line.hang_up()


def resolve(target: Target, allowed: Allowed, ends: float) -> list[tuple[Any, ...]]:
    """The addresses of a host that may be connected to. Raises Forbidden when there are others only."""
    known = allowed.names(target.host)
    reachable, refused = [], []
    for family, _kind, _protocol, _name, where in _look_up(target, ends):
        address = ipaddress.ip_address(str(where[0]))
        trusted = known or allowed.holds(address)
        # Without TLS the words of customers would be read by whoever is on the way.
        if trusted or (is_public(address) and target.scheme == "https"):
            reachable.append((family, where))
        else:
            refused.append(str(address))
    if not reachable:
        words = {"addresses": ", ".join(sorted(set(refused)))}
        if target.scheme == "https":
            raise Forbidden(_("%(addresses)s is not public and not in MARKETDESK_WEBHOOK_ALLOW.") % words)
        raise Forbidden(
            _("%(addresses)s is reached without TLS (https://) and not in MARKETDESK_WEBHOOK_ALLOW.") % words
        )
    return reachable


def _look_up(target: Target, ends: float) -> list[Any]:
    """getaddrinfo, which knows no deadline of its own."""
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as failure:
            answers.put(failure)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.01, ends - time.monotonic()))
    except queue.Empty:
        raise NoAnswer("The name of the host could not be looked up in time.") from None
    if isinstance(answer, Exception):
        raise NoAnswer(f"The name of the host could not be looked up: {answer}") from answer
    found: list[Any] = answer
    return found


def _connect(target: Target, addresses: list[tuple[Any, ...]], ends: float) -> socket.socket:
    failure: OSError = OSError("there is no address")
    for place, (family, where) in enumerate(addresses):
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Its share only: an address behind which nobody answers leaves the next one time.
            line.settimeout(_left(ends) / (len(addresses) - place))
            line.connect(where)
            if target.scheme == "http":
                return line
            line.settimeout(_left(ends))
            return ssl.create_default_context().wrap_socket(line, server_hostname=target.host)
        except OSError as refused:
            line.close()
            failure = refused
    raise failure


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Line:
    """A connection on which every wait ends at the same moment, however slowly the other side drips."""

    def __init__(self, line: socket.socket, ends: float) -> None:
        self._line = line
        self._ends = ends

    def sendall(self, data: bytes) -> None:
        self._line.settimeout(_left(self._ends))
        self._line.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self))

    def receive(self, into: Any) -> int:
        self._line.settimeout(_left(self._ends))
        return self._line.recv_into(into)

    def close(self) -> None:
        """http.client is done with the line once it has the headers; what comes after them is read all the same."""

    def hang_up(self) -> None:
        self._line.close()


class _Reading(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        return self._line.receive(into)


def _beginning(answer: http.client.HTTPResponse, kept: int) -> bytes:
    """The first bytes of the body. One that does not end, or breaks off, is no reason to doubt the status."""
    try:
        return answer.read(kept)
    except (OSError, http.client.HTTPException):
        return b""


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def _words(failure: Exception) -> str:
    words = str(failure) or type(failure).__name__
    return f"{type(failure).__name__}: {words}"[:200] if not isinstance(failure, TimeoutError) else "It took too long."
