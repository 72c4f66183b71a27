"""Finding tickets: the menu with its numbers, the queues, filters, search and the red number."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import zeal
from django.test import Client

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket
from tests.conftest import make_order
from tests.dashboard.conftest import address, words

pytestmark = pytest.mark.django_db
QUESTIONS = "/dashboard/tickets/post-customer-support/"


def test_home_is_the_first_queue_in_which_something_waits(mehmet_client: Client, ticket: Ticket) -> None:
    assert mehmet_client.get("/dashboard/")["Location"] == QUESTIONS


def test_home_without_tickets_says_what_comes_next(mehmet_client: Client) -> None:
    page = mehmet_client.get("/dashboard/", follow=True)

    assert "No Post Purchase Ticket waits for you" in words(page)


def test_the_top_bar_says_how_many_wait_in_words_and_in_the_title(
    mehmet_client: Client, ticket: Ticket, purchase: Ticket
) -> None:
    page = mehmet_client.get(QUESTIONS)

    assert "<title>(2) Support Tickets" in page.content.decode()
    assert "2 tickets wait for you" in words(page)
    for entry in ("Post Purchase Tickets 1", "Pre-Purchase Questions 0", "Post Customer Support Questions 1"):
        assert entry in words(page)
    for entry in ("Awaiting User 0", "With support 0", "Closed 0"):
        assert entry in words(page)


def test_a_list_shows_what_a_merchant_needs_to_choose(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(QUESTIONS)

    for column in ("Ticket ID", "Issue Type", "Time left to reply", "Customer", "Action"):
        assert column in words(page)
    for fact in ("Order status", "47 h left", "Ada L.", "Germany", "Wo ist meine Bestellung?", "DE", "View"):
        assert fact in words(page)
    assert page.content.decode().count(f' href="{address(ticket)}"') == 2


def test_what_is_due_soonest_is_on_top_fifty_a_page(mehmet_client: Client, many: list[Ticket]) -> None:
    first = mehmet_client.get(QUESTIONS)
    second = mehmet_client.get(first.context["next_url"])

    shown = [row["id"] for page in (first, second) for row in page.context["rows"]]
    assert shown == [ticket.public_id for ticket in many]
    assert len(first.context["rows"]) == 50
    assert second.context["next_url"] == ""
    assert "60 tickets." in words(second)


@pytest.mark.parametrize("queue", ["post-customer-support", "awaiting-user", "closed"])
def test_a_list_costs_ten_queries_however_long(
    mehmet_client: Client, mehmet: Actor, many: list[Ticket], queue: str, django_assert_max_num_queries: Any
) -> None:
    for ticket in many:
        if queue == "awaiting-user":
            ticket.reply("Unterwegs.", by=mehmet)
        if queue == "closed":
            ticket.close(by=mehmet)

    with django_assert_max_num_queries(10), zeal.zeal_context():
        promises.forget()
        page = mehmet_client.get(f"/dashboard/tickets/{queue}/")

    assert len(page.context["rows"]) == 50


def test_an_unknown_queue_is_not_found(mehmet_client: Client) -> None:
    assert mehmet_client.get("/dashboard/tickets/secret/").status_code == 404


def test_awaiting_user_says_how_long(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("Unterwegs.", by=mehmet)

    assert "Waiting 0 min" in words(mehmet_client.get("/dashboard/tickets/awaiting-user/"))


def test_a_list_of_all_categories_names_each_tickets_own(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    row = "Order status<small>Post Customer Support Questions</small>"
    assert row not in mehmet_client.get(QUESTIONS).text

    ticket.reply("On its way.", by=mehmet)

    assert row in mehmet_client.get("/dashboard/tickets/awaiting-user/").text


def test_closed_says_how_each_ended(
    mehmet_client: Client, ask: Callable[..., Ticket], mehmet: Actor, ada: Actor, sofia: Actor
) -> None:
    ask().resolve("Unterwegs.", by=mehmet)
    ask().close(by=mehmet)
    ask().close(by=ada, how="solved")
    ask().close(by=sofia)

    page = words(mehmet_client.get("/dashboard/tickets/closed/"))

    for ending in ("Resolved", "Closed by you", "Closed by customer", "By the platform Support"):
        assert ending in page


def test_filters_are_chips_that_stay_in_the_address(
    mehmet_client: Client, ask: Callable[..., Ticket], ada_user: User, product: Any
) -> None:
    ask("order_status", "Wo ist sie?")
    french = make_order(ada_user, product, "O-2", country="FR")
    wanted = ask("tracking", "Où est-elle ?", order=french, items=[], language="fr")

    for query in ("issue=tracking", "language=fr", "country=FR", "text=est-elle", "country=FR&issue=tracking"):
        page = mehmet_client.get(f"{QUESTIONS}?{query}")
        assert [row["id"] for row in page.context["rows"]] == [wanted.public_id], query
        assert page.context["chips"], query
        assert "1 ticket." in words(page)

    chips = page.context["chips"]
    assert [(chip.words, chip.url) for chip in chips] == [
        ("Tracking and shipping", f"{QUESTIONS}?country=FR"),
        ("France", f"{QUESTIONS}?issue=tracking"),
    ]


def test_overdue_is_a_filter_and_a_word(now: Any, mehmet_client: Client, ask: Callable[..., Ticket]) -> None:
    late = ask("order_status", "Wo ist sie?")
    now.shift(timedelta(hours=51))
    ask("tracking", "Und wo?", by=Actor(Party.CUSTOMER, user_id=late.customer_id))
    mehmet_client.force_login(User.objects.get(email="mehmet@example.org"))

    page = mehmet_client.get(f"{QUESTIONS}?overdue=yes")

    assert [row["id"] for row in page.context["rows"]] == [late.public_id]
    assert "Overdue by 3 h" in words(page)
    assert "1 is overdue." in words(page)


@pytest.mark.parametrize(
    "query", ["merchant_id=2", "order_by=customer__password", "issue=%00", "after=x_y", "text=%00"]
)
def test_an_address_never_names_a_column(mehmet_client: Client, ticket: Ticket, query: str) -> None:
    page = mehmet_client.get(f"{QUESTIONS}?{query}")

    assert page.status_code == 200


def test_filters_that_fit_nothing_offer_the_way_back(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(f"{QUESTIONS}?text=nonsense")

    assert "No ticket fits these filters" in words(page)
    assert f'href="{QUESTIONS}"' in page.content.decode()


def test_an_empty_queue_offers_the_next_deadline(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get("/dashboard/tickets/pre-purchase/")

    assert "No Pre-Purchase Question waits for you" in words(page)
    assert address(ticket) in page.content.decode()


@pytest.mark.parametrize("asked", ["id", "beginning", "order", "tracking"])
def test_search_opens_the_one_ticket_it_finds(mehmet_client: Client, ticket: Ticket, asked: str) -> None:
    query = {"id": ticket.public_id, "beginning": ticket.public_id[:8].upper(), "order": "O-1001"}.get(
        asked, "TR-O-1001"
    )

    assert mehmet_client.get("/dashboard/search", {"q": query})["Location"] == address(ticket)


def test_search_lists_several_and_says_when_there_is_none(
    mehmet_client: Client, rival_client: Client, ticket: Ticket, purchase: Ticket
) -> None:
    assert len(mehmet_client.get("/dashboard/search?q=O-1001").context["rows"]) == 2
    assert "No ticket has this number" in words(mehmet_client.get("/dashboard/search?q=O-9"))
    assert "No ticket has this number" in words(rival_client.get("/dashboard/search?q=O-1001"))


def test_the_red_number_costs_one_query_and_no_answer_while_it_is_the_same(
    mehmet_client: Client, ticket: Ticket, django_assert_num_queries: Any
) -> None:
    promises.current()  # every process remembers the policy for some seconds
    with django_assert_num_queries(4):  # session, person, stores and the number itself
        first = mehmet_client.get("/dashboard/waiting")

    again = mehmet_client.get("/dashboard/waiting", headers={"If-None-Match": first["ETag"]})

    assert first.content == b"1"
    assert (again.status_code, again.content) == (304, b"")


def test_the_red_number_changes_when_a_ticket_is_answered(mehmet_client: Client, ticket: Ticket, mehmet: Actor) -> None:
    first = mehmet_client.get("/dashboard/waiting")
    ticket.reply("Unterwegs.", by=mehmet)

    again = mehmet_client.get("/dashboard/waiting", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (200, b"0")


def test_the_language_is_switched_from_the_bar(mehmet_client: Client, ticket: Ticket) -> None:
    mehmet_client.post("/language", {"language": "ar", "next": QUESTIONS})

    assert '<html lang="ar" dir="rtl">' in mehmet_client.get(QUESTIONS).content.decode()
