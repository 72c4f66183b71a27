"""The PyPI client `wish-api`, written by strangers for the marketplace, drives a running server unchanged."""

from collections.abc import Callable
from typing import Any

import pytest
from wish import Client
from wish.order import Order as OrderClient
from wish.ticket import Ticket as TicketClient

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State


@pytest.fixture
def connect(live_server: Any) -> Callable[[str], TicketClient]:
    def _connect(token: str) -> TicketClient:
        client = Client(token)
        client.base_url = f"{live_server.url}/api/v2/"
        return TicketClient(client)

    return _connect


@pytest.fixture
def wish(connect: Callable[[str], TicketClient], store: Merchant) -> TicketClient:
    return connect(AccessToken.issue(store, "wish-api"))


def test_it_works_through_a_merchants_day(
    wish: TicketClient, ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, order: Order
) -> None:
    question, purchase = ask("order_status"), ask("item_problem", "Die Lampe kam kaputt an.")

    waiting = wish.list_waiting_tickets(start=0, limit=50)
    assert [one["Ticket"]["id"] for one in waiting] == [question.public_id, purchase.public_id]
    assert wish.list_waiting_tickets(start=50, limit=50) == []

    told = wish.retrieve(id=question.public_id)["Ticket"]
    assert (told["state_id"], told["UserInfo"]["name"]) == ("4", "Ada L.")
    assert told["replies"][0]["Reply"]["message"] == "Wo ist meine Bestellung? Danke."

    assert wish.reply(id=question.public_id, reply="Sie ist unterwegs — morgen ist sie da. 👍")["success"] == 1
    told = wish.retrieve(id=question.public_id)["Ticket"]
    assert (told["state"], told["replies"][1]["Reply"]["sender"]) == ("Awaiting buyer response", "merchant")
    assert told["replies"][1]["Reply"]["message"] == "Sie ist unterwegs — morgen ist sie da. 👍"

    assert wish.close(id=question.public_id)["success"] == 1
    assert wish.retrieve(id=question.public_id)["Ticket"]["closed_by"] == "merchant"
    assert wish.reopen(id=question.public_id, reply="Noch etwas.")["success"] == 1
    assert wish.appeal(id=purchase.public_id)["success"] == 1
    refunds = OrderClient(wish.client)
    lamp, shade = (item.public_id for item in order.items.order_by("pk"))
    assert refunds.retrieve(id=shade)["Order"]["state"] == "SHIPPED"
    assert refunds.cancel_order(id=shade, reason_code=-1, reason_note="A gift.")["success"] == 1
    assert refunds.retrieve(id=shade)["Order"]["refunded_reason"] == "Other reason"
    with pytest.raises(ValueError, match="handling this ticket now"):
        refunds.cancel_order(id=lamp, reason_code=25)

    assert wish.list_waiting_tickets() == []
    question.refresh_from_db()
    purchase.refresh_from_db()
    assert (question.state, purchase.state) == (State.WITH_CUSTOMER, State.WITH_SUPPORT)


def test_it_learns_of_every_refusal(
    wish: TicketClient,
    connect: Callable[[str], TicketClient],
    ask: Callable[..., Ticket],
    rival_store: Merchant,
    mehmet: Actor,
) -> None:
    ticket = ask("order_status")
    rival = connect(AccessToken.issue(rival_store, "rival"))

    with pytest.raises(ValueError, match=r"^x is an invalid id$"):
        wish.retrieve(id="x")
    with pytest.raises(ValueError, match=r"^The parameter 'reply' is missing$"):
        wish.reply(id=ticket.public_id)
    with pytest.raises(ValueError, match=r"^No 'Ticket' Found"):
        rival.close(id=ticket.public_id)
    with pytest.raises(ValueError, match=r"^Unauthorized Request$"):
        connect("unknown").list_waiting_tickets()
    with pytest.raises(ValueError, match=r"^There is no such call\.$"):
        wish.client.execute("order/nothing", "GET", {})
    ticket.close(by=mehmet)
    with pytest.raises(ValueError, match=r"^The ticket is closed$"):
        wish.reply(id=ticket.public_id, reply="Hello?")

    ticket.refresh_from_db()
    assert (ticket.state, ticket.messages.count()) == (State.CLOSED, 1)
