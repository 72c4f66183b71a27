"""Only the platform's support team comes in; everybody else is sent to their own door."""

import pytest
from django.test import Client

from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db

ABSENT = "0" * 24


def addresses(ticket: Ticket) -> list[str]:
    page = f"/support/tickets/{ticket.public_id}"
    return [
        "/support/",
        "/support/queues/unassigned",
        "/support/search?q=O-1001",
        page,
        f"{page}/draft",
        f"{page}/refunds/{ABSENT}",
        f"{page}/pictures/{ABSENT}",
    ]


@pytest.mark.parametrize("method", ["get", "post"])
def test_customers_and_merchants_are_sent_to_their_own_door(
    method: str, purchase: Ticket, ada_client: Client, mehmet_client: Client
) -> None:
    for client in (ada_client, mehmet_client):
        for address in addresses(purchase):
            answer = getattr(client, method)(address, *([{"act": "take_over"}] if method == "post" else []))

            assert answer.status_code in (302, 405)
            if answer.status_code == 302:
                assert answer["Location"] == "/"
    purchase.refresh_from_db()
    assert purchase.state == "with_merchant"


def test_a_stranger_signs_in_first(purchase: Ticket, client: Client) -> None:
    for address in addresses(purchase):
        answer = client.get(address)

        assert answer.status_code in (302, 405)
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login/?next=/support/")


def test_support_sees_every_ticket(purchase: Ticket, ticket: Ticket, sofia_client: Client) -> None:
    for one in (purchase, ticket):
        assert sofia_client.get(f"/support/tickets/{one.public_id}").status_code == 200


def test_a_ticket_that_does_not_exist_is_not_found(db: None, sofia_client: Client) -> None:
    assert sofia_client.get(f"/support/tickets/{ABSENT}").status_code == 404
    assert sofia_client.post(f"/support/tickets/{ABSENT}", {"act": "close"}).status_code == 404


def test_an_agent_who_has_left_is_not_let_in(sofia_user: User, sofia_client: Client) -> None:
    sofia_user.is_active = False
    sofia_user.save()

    answer = sofia_client.get("/support/queues/unassigned")

    assert answer["Location"].startswith("/accounts/login/")
