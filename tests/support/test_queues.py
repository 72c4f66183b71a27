"""The platform's queues: what stands in each, in which order, and what they cost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.lib.paging import Neighbours
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets import desk
from marketdesk.tickets.desk import Arrival, DeskQueue
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW
from tests.support.conftest import Press

pytestmark = pytest.mark.django_db


def held(queue: DeskQueue, actor: Actor) -> list[Ticket]:
    return list(desk.tickets(queue, actor).order_by(queue.order_field))


def test_an_appealed_ticket_waits_unassigned(at_desk: Ticket, sofia: Actor) -> None:
    assert held(DeskQueue.UNASSIGNED, sofia) == [at_desk]
    assert held(DeskQueue.WITH_SUPPORT, sofia) == [at_desk]
    assert held(DeskQueue.MINE, sofia) == []
    assert desk.arrivals([at_desk]) == {at_desk.pk: Arrival.APPEALED}


def test_an_assigned_ticket_is_somebodys_own(at_desk: Ticket, sofia: Actor, sofia_user: User) -> None:
    at_desk.assign(sofia_user, by=sofia)

    assert held(DeskQueue.MINE, sofia) == [at_desk]
    assert held(DeskQueue.UNASSIGNED, sofia) == []


def test_an_answered_ticket_waits_for_the_customer_and_comes_back(at_desk: Ticket, sofia: Actor, ada: Actor) -> None:
    at_desk.reply("Which part is broken?", by=sofia)
    assert held(DeskQueue.AWAITING_USER, sofia) == [at_desk]

    at_desk.reply("The foot.", by=ada)

    assert held(DeskQueue.UNASSIGNED, sofia) == [at_desk]


def test_what_merchants_answer_is_there_with_the_overdue_first(
    now: Any, ask: Callable[..., Ticket], ada: Actor, sofia: Actor, sofia_client: Client
) -> None:
    old = ask("order_status", "Where is it?", by=replace(ada, at=NOW))
    now.shift(timedelta(hours=49))
    young = ask("order_status", "And the other one?", by=replace(ada, at=NOW + timedelta(hours=49)))

    assert held(DeskQueue.WITH_MERCHANTS, sofia) == [old, young]
    assert "Overdue by 1 h" in sofia_client.get("/support/queues/with-merchants").content.decode()


def test_what_the_platform_closed_is_there_and_nothing_else(
    at_desk: Ticket, ticket: Ticket, sofia: Actor, mehmet: Actor
) -> None:
    at_desk.close(by=sofia)
    ticket.resolve("It arrives tomorrow.", by=mehmet)

    assert held(DeskQueue.CLOSED, sofia) == [at_desk]


def test_the_oldest_turn_is_on_top(now: Any, ask: Callable[..., Ticket], sofia: Actor, sofia_client: Client) -> None:
    first, second = ask("item_problem", "First."), ask("item_problem", "Second.")
    second.take_over(by=sofia)
    now.shift(timedelta(hours=1))
    first.take_over(by=Actor(sofia.party, user_id=sofia.user_id))

    page = sofia_client.get("/support/queues/unassigned").content.decode()

    assert page.index(second.public_id) < page.index(first.public_id)
    assert page.count("Taken over") == 2


def test_the_menu_counts_what_is_open(at_desk: Ticket, ticket: Ticket, sofia: Actor) -> None:
    counts = desk.counts(sofia)

    assert counts[DeskQueue.UNASSIGNED] == counts[DeskQueue.WITH_SUPPORT] == 1
    assert counts[DeskQueue.WITH_MERCHANTS] == 1
    assert DeskQueue.CLOSED not in counts


def test_home_leads_to_ones_own_tickets_or_to_those_of_nobody(
    at_desk: Ticket, sofia_client: Client, sofia: Actor, sofia_user: User
) -> None:
    assert sofia_client.get("/support/")["Location"] == "/support/queues/unassigned"

    at_desk.assign(sofia_user, by=sofia)

    assert sofia_client.get("/support/")["Location"] == "/support/queues/mine"


@pytest.mark.parametrize("queue", DeskQueue.values)
def test_an_empty_queue_says_what_comes_next(queue: str, sofia_client: Client) -> None:
    answer = sofia_client.get(f"/support/queues/{queue}")

    assert "Nothing stands here" in answer.content.decode()


def test_an_unknown_queue_is_not_found(sofia_client: Client) -> None:
    assert sofia_client.get("/support/queues/everything-else").status_code == 404


@pytest.mark.parametrize("queue", DeskQueue.values)
def test_a_list_of_sixty_stays_within_twelve_queries(
    queue: str,
    ask: Callable[..., Ticket],
    sofia: Actor,
    sofia_user: User,
    sofia_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(60):
        ticket = ask("item_problem", f"Number {number} is broken.")
        if queue == "with-merchants":
            continue
        ticket.take_over(by=sofia)
        if queue == "mine":
            ticket.assign(sofia_user, by=sofia)
        if queue == "awaiting-user":
            ticket.reply("How?", by=sofia)
        if queue == "closed":
            ticket.close(by=sofia)

    with django_assert_max_num_queries(12):
        answer = sofia_client.get(f"/support/queues/{queue}")

    page = answer.content.decode()
    assert page.count("<tr data-href") == 50
    after = page.split('href="?after=')[1].split('"')[0]
    assert sofia_client.get(f"/support/queues/{queue}?after={after}").content.decode().count("<tr data-href") == 10


def test_next_and_previous_walk_the_queue_that_one_came_from(
    now: Any, ask: Callable[..., Ticket], sofia: Actor, press: Press
) -> None:
    queue = []
    for text in ("First.", "Second.", "Third."):
        now.shift(timedelta(minutes=1))
        ticket = ask("item_problem", text)
        ticket.take_over(by=Actor(sofia.party, user_id=sofia.user_id))
        queue.append(ticket)
    first, second, third = (one.public_id for one in queue)

    assert desk.neighbours(DeskQueue.UNASSIGNED, queue[1], sofia) == Neighbours(first, third)

    queue[0].close(by=sofia)
    assert desk.neighbours(DeskQueue.UNASSIGNED, queue[0], sofia) == Neighbours("", second)
