"""Programs: Mehmet's and his rival's, each with a token."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from marketdesk.api import limits
from marketdesk.merchants.models import Merchant
from marketdesk.policy import promises
from marketdesk.policy.models import PolicyChange
from marketdesk.programs.models import AccessToken


@dataclass
class Answer:
    """An answer, checked to be in the envelope."""

    status: int
    body: bytes
    headers: Any
    code: int
    message: str
    data: Any
    paging: Any


def opened(response: Any) -> Answer:
    """Open the envelope; whatever was answered, it must be one."""
    body = response.content
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(body.decode("utf-8").splitlines()) == 1
    envelope = json.loads(body)
    assert set(envelope) - {"paging"} == {"message", "code", "data"}
    assert type(envelope["code"]) is int
    assert type(envelope["message"]) is str
    assert (response.status_code == 200) == (envelope["code"] == 0)
    assert (envelope["message"] == "") == (envelope["code"] == 0)
    assert not 300 <= response.status_code < 400
    assert response.headers["X-Request-Id"]
    assert not response.cookies
    return Answer(
        response.status_code,
        body,
        response.headers,
        envelope["code"],
        envelope["message"],
        envelope["data"],
        envelope.get("paging"),
    )


class Program:
    """A merchant's program: every answer comes opened."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client()

    def get(self, call: str, **fields: Any) -> Answer:
        return opened(self.client.get(f"/api/v2/{call}", fields, headers=self._bearer()))

    def post(self, call: str, **fields: Any) -> Answer:
        return opened(self.client.post(f"/api/v2/{call}", fields, headers=self._bearer()))

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@pytest.fixture
def token(store: Merchant) -> str:
    return AccessToken.issue(store, "ERP")


@pytest.fixture
def program(token: str) -> Program:
    return Program(token)


@pytest.fixture
def unlimited(db: None) -> None:
    """For tests that call more often than any program may."""
    values = {"program_calls": 0, "merchant_calls": 0, "unknown_tokens": 0}
    PolicyChange.objects.create(values=values, reason="A trial.", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    promises.forget()


@pytest.fixture
def prepaid(monkeypatch: pytest.MonkeyPatch, program: Any) -> None:
    """What a program's calls cost only now and then is paid: the policy is read, and its next calls are taken. However
    long a test takes, no window ends in it."""
    monkeypatch.setattr(promises, "REMEMBERED", 86_400.0)
    monkeypatch.setattr(limits, "MINUTE", 86_400)
    promises.forget()
    Client().get("/api/v2/auth_test", {"access_token": program.token})


@pytest.fixture
def rival_program(rival_store: Merchant) -> Program:
    return Program(AccessToken.issue(rival_store, "rival's ERP"))


@pytest.fixture
def stranger() -> Program:
    """A program without a token."""
    return Program("")
