"""The document of webhooks says what is sent."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marketdesk.journal.models import Event
from marketdesk.outbox.webhooks import manners, payloads
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.people.actor import Actor
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW

DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_every_event_is_listed_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z_.]+)` \|", DOCUMENT, re.MULTILINE) == list(KINDS.values())


@pytest.mark.django_db
def test_the_example_is_what_is_sent(now: Any, ask: Callable[..., Ticket], mehmet: Actor) -> None:
    ticket = ask("item_problem")
    refunding.refund_items(ticket, list(ticket.items.all()), by=Actor(**{**mehmet.__dict__, "at": NOW}))

    body = payloads.compose(Event.objects.get(verb="refund_requested")).body

    example = re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert example
    same_ids = re.sub(r"[0-9a-f]{24}", "0123456789abcdef01234567", body)
    assert json.loads(same_ids) == json.loads(example[1])


def test_the_tries_take_about_as_long_as_is_said() -> None:
    hours = sum(wait.total_seconds() for wait in manners.STANDARD.waits) / 3600

    assert len(manners.STANDARD.waits) + 1 == 10
    assert 75 < hours < 77
