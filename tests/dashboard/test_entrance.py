"""Who comes in by the merchant's door, and who is sent elsewhere."""

from typing import Any

import pytest
from django.test import Client

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Draft, Ticket
from tests.dashboard.conftest import address, words

pytestmark = pytest.mark.django_db


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client: Client, ticket: Ticket) -> None:
    page = client.get(address(ticket))

    assert page.status_code == 302
    assert page["Location"] == f"/accounts/login/?next={address(ticket)}"


@pytest.mark.parametrize("who", ["ada_client", "sofia_client"])
def test_other_parties_are_sent_to_their_own_door(request: Any, who: str, ticket: Ticket) -> None:
    page = request.getfixturevalue(who).get(address(ticket))

    assert page.status_code == 302
    assert page["Location"] == "/"


def test_staff_of_no_store_are_told_so(client: Client, db: None) -> None:
    user = User.objects.create_user("new@example.org", "new-password", name="New", party=Party.MERCHANT, language="en")
    client.force_login(user)

    page = client.get("/dashboard/")

    assert page.status_code == 403
    assert "Ask the owner of your store" in words(page)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("rest", ["", "/draft"])
def test_a_rivals_404_is_that_of_a_missing_ticket(rival_client: Client, ticket: Ticket, method: str, rest: str) -> None:
    events = Event.objects.count()
    fields = {"act": "reply", "text": "Buy from us instead."}

    foreign = getattr(rival_client, method)(address(ticket) + rest, fields)
    missing = getattr(rival_client, method)(f"/dashboard/tickets/{'0' * 24}{rest}", fields)

    assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)
    assert foreign.status_code == 405 if (method, rest) == ("get", "/draft") else foreign.status_code == 404
    assert Event.objects.count() == events
    assert not Draft.objects.exists()


def test_a_ticket_at_the_platforms_desk_is_absent_until_it_was_shared(mehmet_client: Client, ask: Any) -> None:
    order = ask().order
    Ticket.objects.all().delete()
    order.total = 100
    order.save()
    hidden = ask("item_problem")

    assert not hidden.shared
    assert mehmet_client.get(address(hidden)).status_code == 404


def test_staff_of_two_stores_choose_one_and_switch(
    mehmet_client: Client, mehmet_user: User, rival_store: Merchant, ticket: Ticket
) -> None:
    Membership.objects.create(user=mehmet_user, merchant=rival_store)
    assert mehmet_client.get(address(ticket)).status_code == 200

    page = mehmet_client.post("/dashboard/store", {"store": rival_store.public_id})

    assert page["Location"] == "/dashboard/"
    assert mehmet_client.get(address(ticket)).status_code == 404


def test_nobody_chooses_a_store_of_other_people(mehmet_client: Client, ticket: Ticket, rival_store: Merchant) -> None:
    assert mehmet_client.post("/dashboard/store", {"store": rival_store.public_id}).status_code == 404
    assert mehmet_client.get(address(ticket)).status_code == 200
