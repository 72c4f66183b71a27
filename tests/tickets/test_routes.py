"""The rules in force: remembered for a few seconds, changed once at a time, told as events."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.tickets import routes
from marketdesk.tickets.models import ListChange, Ticket
from marketdesk.tickets.ordered import BadList, ListMoved
from marketdesk.tickets.routes import ROUTING
from marketdesk.tickets.routing import SHIPPED, RoutingRule
from marketdesk.tickets.rules import Desk
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

TAGGED = RoutingRule("r-1", Desk.PLATFORM, tags=("watched",))


def rows(*rules: RoutingRule) -> list[dict[str, Any]]:
    return [rule.as_json() for rule in (*rules, *SHIPPED)]


def test_a_ticket_costs_no_query_for_the_rules_while_they_are_remembered(ask: Callable[..., Ticket]) -> None:
    def _rules_read() -> int:
        with CaptureQueriesContext(connection) as queries:
            ask("order_status")
        return sum("tickets_listchange" in one["sql"] for one in queries)

    assert [_rules_read(), _rules_read()] == [1, 0]


def test_a_saved_list_is_followed_and_told(
    ask: Callable[..., Ticket], sofia: Actor, store: Merchant, django_capture_on_commit_callbacks: Any
) -> None:
    store.tags = ["watched"]
    store.save()
    assert ask("order_status").desk == Desk.MERCHANT

    with django_capture_on_commit_callbacks(execute=True):
        change = ROUTING.change(rows(TAGGED), reason="Complaints.", by=sofia)

    ticket = ask("order_status")
    event = Event.objects.get(verb="routing_changed")
    assert ticket.desk == Desk.PLATFORM
    assert ticket.routed_by["rule"] == "r-1"
    assert (event.subject_id, event.audience, event.data["reason"]) == (change.pk, "platform", "Complaints.")


def test_selected_merchants_are_tagged_by_themselves(ask: Callable[..., Ticket], store: Merchant, order: Any) -> None:
    order.total = 1
    order.save()
    assert ask("item_problem").desk == Desk.PLATFORM

    store.selected = True
    store.save()

    ticket = ask("item_problem")
    assert ticket.desk == Desk.MERCHANT
    assert ticket.routed_by == {"rule": "selected_merchant"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (SHIPPED[:-1], "The last rule must take everything"),
        ((*SHIPPED[:-1], replace(SHIPPED[-1], active=False)), "The last rule must take everything"),
        ((SHIPPED[0], *SHIPPED), "A rule stands in the list twice"),
        ((), "The last rule must take everything"),
        ((*[replace(TAGGED, code=f"r-{one}", tags=(str(one),)) for one in range(100)], *SHIPPED), "at most 100 rules"),
        ((ANY := RoutingRule("any", Desk.PLATFORM), *SHIPPED), "Nothing can ever reach rule 2"),
        ((replace(TAGGED, merchants=("m-404",)), *SHIPPED), "There is no merchant"),
    ],
)
def test_a_wrong_list_is_refused_in_words(wrong: tuple[RoutingRule, ...], said: str, sofia: Actor) -> None:
    with nothing_changed(), pytest.raises(BadList, match=said):
        ROUTING.change([rule.as_json() for rule in wrong], reason="x", by=sofia)


def test_the_second_of_two_who_saw_the_same_list_is_refused(sofia: Actor) -> None:
    seen = ROUTING.edition()
    ROUTING.change(rows(TAGGED), reason="First.", by=sofia, seen=seen)

    with nothing_changed(), pytest.raises(ListMoved):
        ROUTING.change(rows(), reason="Second.", by=sofia, seen=seen)

    ROUTING.change(rows(), reason="Third.", by=sofia, seen=ROUTING.edition())
    assert ListChange.objects.count() == 2


def test_rules_of_another_version_of_the_program_are_read(sofia: Actor) -> None:
    ListChange(kind="routing", rows=[{**TAGGED.as_json(), "mood": "good"}], reason="x", actor={}).save()

    assert routes.current() == (TAGGED,)
