"""The marketplace's program, with a key for everything; and the cast with the marketplace's ids."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from marketdesk.people.models import PlatformKey, Scope, User

_keys = itertools.count(1)


@dataclass
class Answer:
    """An answer, checked to be JSON, and a problem where it is no success."""

    status: int
    body: bytes
    headers: Any
    data: Any

    @property
    def code(self) -> str:
        return str(self.data["error"]["code"])

    @property
    def fields(self) -> dict[str, str]:
        found: dict[str, str] = self.data["error"].get("fields", {})
        return found


def opened(response: Any) -> Answer:
    """Whatever is answered under /platform/ is JSON; what is no success has a code and a message."""
    assert response.headers["Content-Type"].startswith("application/json"), response.content[:200]
    assert response.headers["X-Request-Id"]
    assert not response.cookies
    data = json.loads(response.content)
    if response.status_code >= 400:
        assert set(data) == {"error"}
        assert {"code", "message"} <= set(data["error"]) <= {"code", "message", "fields"}
        assert data["error"]["message"]
    return Answer(response.status_code, response.content, response.headers, data)


class Program:
    """A program of the marketplace."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client()

    def get(self, path: str, **fields: Any) -> Answer:
        return opened(self.client.get(f"/platform/v1/{path}", fields, headers=self.headers()))

    def post(self, path: str, body: Any, *, once: str | None = None) -> Answer:
        return opened(self.send("POST", path, body, once=once))

    def delete(self, path: str, *, once: str | None = None) -> Answer:
        return opened(self.send("DELETE", path, None, once=once))

    def send(self, method: str, path: str, body: Any, *, once: str | None = None) -> Any:
        """With a fresh Idempotency-Key unless told otherwise; empty sends none."""
        once = f"k-{next(_keys)}" if once is None else once
        headers = self.headers() | ({"Idempotency-Key": once} if once else {})
        text = body if isinstance(body, (bytes, str)) else b"" if body is None else json.dumps(body)
        return self.client.generic(method, f"/platform/v1/{path}", text, "application/json", headers=headers)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


@pytest.fixture
def shop(db: None) -> Program:
    return Program(PlatformKey.issue("shop", Scope.values))


@pytest.fixture
def ada_user(ada_user: User) -> User:
    ada_user.external_id = "c-1"
    ada_user.save()
    return ada_user


@pytest.fixture
def bob_user(db: None) -> User:
    return User.objects.create_user("bob@example.org", "x", name="Bob Builder", country="FR", external_id="c-2")
