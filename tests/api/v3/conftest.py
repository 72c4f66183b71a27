"""Programs of API v3: Mehmet's and his rival's; every answer comes opened."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken


@dataclass
class Answer:
    """An answer, checked to be in the envelope, with the headers that every answer has."""

    status: int
    body: bytes
    headers: Any
    code: int
    message: str
    data: Any
    next: str

    @property
    def refusal(self) -> tuple[int, int]:
        return self.status, self.code


def opened(response: Any) -> Answer:
    """Open the envelope; whatever was answered, it must be one."""
    headers = response.headers
    assert headers["Wish-Request-Id"] == headers["X-Request-Id"]
    assert headers["Content-Language"]
    assert "Accept-Language" in headers["Vary"]
    assert not response.cookies
    if response.status_code == 304:
        assert response.content == b""
        return Answer(304, b"", headers, 0, "", None, "")
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    envelope = json.loads(response.content)
    assert set(envelope) - {"paging"} == {"message", "code", "data"}
    assert (response.status_code < 300) == (envelope["code"] == 0) == (envelope["message"] == "")
    return Answer(
        response.status_code,
        response.content,
        headers,
        envelope["code"],
        envelope["message"],
        envelope["data"],
        envelope.get("paging", {}).get("next", ""),
    )


class Program:
    """A merchant's program."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client()

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        return opened(self.client.get(f"/api/v3/{path}", query, headers=self.headers(headers)))

    def follow(self, address: str) -> Answer:
        """Call an address that an answer named, as it is."""
        return opened(self.client.get(address.removeprefix("http://testserver"), headers=self.headers()))

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("PUT", path, body, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any, **headers: str) -> Answer:
        """Headers are written as names: `if_match="…"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, (bytes, str)) else json.dumps(body)
        address = f"/api/v3/{path}"
        return opened(self.client.generic(method, address, text, "application/json", headers=self.headers(named)))

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **(more or {})} if self.token else more or {}


@pytest.fixture
def program(store: Merchant) -> Program:
    return Program(AccessToken.issue(store, "ERP"))


@pytest.fixture
def rival_program(rival_store: Merchant) -> Program:
    return Program(AccessToken.issue(rival_store, "rival's ERP"))
