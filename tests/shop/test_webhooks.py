"""What the desk tells the shop is believed only when it is signed, and counts once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import OLD_SECRET, SECRET, STRANGERS, message, signed

Kept = Callable[[str], list[dict[str, Any]]]


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_either_secret_is_good_while_they_are_rotated(
    secret: str, browser: FlaskClient, kept: Kept, woken: list[bool]
) -> None:
    answer = browser.post("/webhooks", **signed(message(), secret=secret))

    assert answer.status_code == 204
    assert [event["id"] for event in kept("SELECT * FROM events")] == ["msg_1"]
    assert woken == [True]


def test_a_twin_changes_nothing(browser: FlaskClient, kept: Kept, woken: list[bool]) -> None:
    answers = [browser.post("/webhooks", **signed(message())) for _twin in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert len(kept("SELECT * FROM events")) == 1
    assert woken == [True]


def _with(request: dict[str, Any], **headers: str) -> dict[str, Any]:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return {**request, "headers": {**request["headers"], **changed}}


# Made when a test begins: a message is good for five minutes only.
BAD: dict[str, Callable[[], dict[str, Any]]] = {
    "signed by a stranger": lambda: signed(message(), secret=STRANGERS),
    "changed on the way": lambda: {**signed(message()), "data": message(refund={"amount": "899.00"}).encode()},
    "no text": lambda: {**signed(message()), "data": b"\xff\xfe"},
    "old": lambda: signed(message(), at=datetime.now(UTC) - timedelta(hours=1)),
    "early": lambda: signed(message(), at=datetime.now(UTC) + timedelta(hours=1)),
    "another id": lambda: _with(signed(message()), webhook_id="msg_2"),
    "no base64": lambda: _with(signed(message()), webhook_signature="v1,not base64"),
    "no signature": lambda: _with(signed(message()), webhook_signature="nonsense"),
    "unsigned": lambda: {"data": message().encode()},
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_desk_did_not_sign_just_now_is_refused(
    name: str, browser: FlaskClient, kept: Kept, woken: list[bool]
) -> None:
    answer = browser.post("/webhooks", **BAD[name]())

    assert answer.status_code == 400
    assert kept("SELECT * FROM events") == []
    assert woken == []


def test_a_message_of_any_length_is_not_read(browser: FlaskClient, kept: Kept) -> None:
    answer = browser.post("/webhooks", **signed("x" * 2_000_000))

    assert answer.status_code == 413
    assert kept("SELECT * FROM events") == []
