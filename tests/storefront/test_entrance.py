"""Who comes in by the customer's door."""

import pytest
from django.test import Client
from django.urls import reverse

from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_a_stranger_is_asked_to_sign_in(client: Client, ticket: Ticket) -> None:
    for address in (reverse("storefront:home"), reverse("storefront:ticket", args=[ticket.public_id])):
        assert client.get(address).url == f"{reverse('account_login')}?next={address}"  # type: ignore[attr-defined]


def test_merchants_and_support_are_shown_to_their_own_door(mehmet_client: Client, sofia_client: Client) -> None:
    for client in (mehmet_client, sofia_client):
        assert client.get(reverse("storefront:home")).url == reverse("home")  # type: ignore[attr-defined]


def test_a_merchant_cannot_answer_as_the_customer(mehmet_client: Client, ticket: Ticket) -> None:
    mehmet_client.post(reverse("storefront:reply", args=[ticket.public_id]), {"text": "I am Ada."})

    assert ticket.messages.count() == 1
