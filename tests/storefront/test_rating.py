"""Whether it helped: one tap, then perhaps a sentence, changeable for a week (D5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from marketdesk.people.actor import Actor
from marketdesk.performance.models import Rating
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def solved(ticket: Ticket, mehmet: Actor) -> Ticket:
    ticket.resolve("It arrives tomorrow.", by=mehmet)
    return ticket


def rate(client: Client, ticket: Ticket, helpful: str, **fields: str) -> Any:
    return client.post(reverse("storefront:helped", args=[ticket.public_id]), {"helpful": helpful, **fields})


def test_one_tap_rates(ada_client: Client, solved: Ticket) -> None:
    asked = ada_client.get(reverse("storefront:ticket", args=[solved.public_id])).text
    rate(ada_client, solved, "yes")

    assert "Did the answer help you?" in asked
    assert Rating.objects.get().helpful


def test_a_sentence_follows_and_survives_a_change_of_mind(ada_client: Client, solved: Ticket) -> None:
    rate(ada_client, solved, "yes")
    rate(ada_client, solved, "yes", comment="Schnell und freundlich.")

    rate(ada_client, solved, "no")

    rating = Rating.objects.get()
    assert (rating.helpful, rating.comment) == (False, "Schnell und freundlich.")


def test_after_a_week_it_stands(now: Any, ada_client: Client, solved: Ticket) -> None:
    rate(ada_client, solved, "yes")
    now.shift(timedelta(days=7))

    page = rate(ada_client, solved, "no")

    assert page.status_code == 409
    assert "This ticket cannot be rated now." in page.text
    assert Rating.objects.get().helpful


def test_an_open_ticket_is_not_rated(ada_client: Client, ticket: Ticket) -> None:
    page = rate(ada_client, ticket, "yes")

    assert page.status_code == 409
    assert Rating.objects.count() == 0


@pytest.mark.parametrize("helpful", ["", "perhaps"])
def test_a_rating_is_yes_or_no(ada_client: Client, solved: Ticket, helpful: str) -> None:
    assert rate(ada_client, solved, helpful).status_code == 422
    assert Rating.objects.count() == 0


def test_a_novel_is_too_long_and_kept(ada_client: Client, solved: Ticket) -> None:
    rate(ada_client, solved, "yes")

    page = rate(ada_client, solved, "yes", comment="b" * 2001)

    assert page.status_code == 422
    assert "b" * 2001 in page.text
    assert Rating.objects.get().comment == ""


def test_after_a_reopening_one_is_not_asked_again_but_may_say_it(
    ada_client: Client, solved: Ticket, ada: Actor, mehmet: Actor
) -> None:
    solved.reopen("It never came.", by=ada)
    solved.resolve("Now it did.", by=mehmet)

    page = ada_client.get(reverse("storefront:ticket", args=[solved.public_id])).text
    rate(ada_client, solved, "yes")

    assert "Did the answer help you?" not in page
    assert "Say whether the answer helped" in page
    assert Rating.objects.get().helpful
