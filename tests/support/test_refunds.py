"""Sofia looks after the money: what waits, what has two answers, and what she notes by hand (D17)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.outbox.models import Delivery
from marketdesk.outbox.webhooks import planning
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.refunds import reconciling
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import OTHER
from marketdesk.refunds.refunding import refund_item, refund_items, settle
from marketdesk.tickets.models import Issue, Ticket
from tests.conftest import make_order
from tests.outbox.webhooks import endpoint
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

Ask = Callable[..., Ticket]


@pytest.fixture
def refund(purchase: Ticket, mehmet: Actor) -> Refund:
    return refund_items(purchase, list(purchase.items.all()), by=mehmet)[0]


@pytest.fixture
def contradicted(refund: Refund) -> Refund:
    reconciling.hear(refund, succeeded=True, by=clock())
    reconciling.hear(refund, succeeded=False, by=clock(), note="Bank 17: returned")
    refund.refresh_from_db()
    return refund


def note(client: Client, refund: Refund, **fields: Any) -> Any:
    return client.post(f"/support/refunds/{refund.public_id}", {"key": "k-1", **fields})


def test_what_waits_is_there_with_order_sum_and_merchant(refund: Refund, sofia_client: Client) -> None:
    page = sofia_client.get("/support/refunds").content.decode()

    for word in ("O-1001", "Table lamp Nara", "89.90 EUR", "Anadolu Home", "No program is told", "1 refund"):
        assert word in page
    assert page == sofia_client.get("/support/refunds/pending").content.decode() or "O-1001" in page


def test_a_late_one_stands_out_and_is_counted_in_the_queues(refund: Refund, sofia_client: Client) -> None:
    link = '<a href="/support/refunds">Refunds</a>'
    assert link in sofia_client.get("/support/queues/unassigned").content.decode()

    Refund.objects.update(requested_at=timezone.now() - timedelta(hours=73))

    assert '<td class="due over"><b>3 days</b>' in sofia_client.get("/support/refunds").content.decode()
    assert 'Refunds <b class="due-now">1</b>' in sofia_client.get("/support/queues/unassigned").content.decode()


def test_she_sees_what_the_marketplace_was_told(refund: Refund, sofia_client: Client) -> None:
    endpoint("http://127.0.0.1:9/hooks")
    planning.plan(Event.objects.get(verb="refund_requested"), timezone.now())
    Delivery.objects.update(attempts=3)

    assert "3 tries failed" in sofia_client.get("/support/refunds").content.decode()
    page = sofia_client.get(f"/support/refunds/{refund.public_id}").content.decode()
    assert "http://127.0.0.1:9/hooks" in page
    assert refund.key in page


@pytest.mark.parametrize(("outcome", "status"), [("paid", RefundStatus.SUCCEEDED), ("failed", RefundStatus.FAILED)])
def test_she_notes_by_hand_how_it_went_and_how_she_knows(
    outcome: str, status: str, refund: Refund, sofia_client: Client
) -> None:
    answer = note(sofia_client, refund, outcome=outcome, note="Seen in the bank's list.")

    assert (answer.status_code, answer["Location"]) == (302, "/support/refunds/pending")
    refund.refresh_from_db()
    assert (refund.status, refund.settled_note) == (status, "Seen in the bank's list.")
    page = sofia_client.get(f"/support/refunds/{refund.public_id}").content.decode()
    assert "Sofia Rossi" in page
    assert "Seen in the bank&#x27;s list." in page


@pytest.mark.parametrize("fields", [{"outcome": "paid"}, {"outcome": "failed", "note": " "}, {"note": "x"}, {}])
def test_without_a_reason_or_an_outcome_nothing_is_noted(
    fields: dict[str, str], refund: Refund, sofia_client: Client
) -> None:
    with nothing_changed():
        answer = note(sofia_client, refund, **fields)

    assert answer.status_code == 422


def test_a_double_click_notes_it_once(refund: Refund, sofia_client: Client) -> None:
    answers = [note(sofia_client, refund, outcome="paid", note="Seen.") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Event.objects.filter(verb="refund_succeeded").count() == 1


def test_the_marketplace_was_quicker_and_her_reason_is_kept(refund: Refund, sofia_client: Client) -> None:
    settle(Refund.objects.get(), succeeded=True, by=clock())

    with nothing_changed():
        answer = note(sofia_client, refund, outcome="failed", note="Nothing came.")

    assert answer.status_code == 409
    assert "settled already" in answer.content.decode()


def test_two_answers_stand_apart_and_on_the_ticket_until_she_looked(
    contradicted: Refund, purchase: Ticket, sofia_client: Client, mehmet_client: Client
) -> None:
    ticket = f"/support/tickets/{purchase.public_id}"
    assert "Table lamp Nara" in sofia_client.get("/support/refunds/contradicted").content.decode()
    assert "Look into the refund" in sofia_client.get(ticket).content.decode()
    page = sofia_client.get(f"/support/refunds/{contradicted.public_id}").content.decode()
    assert "that it failed" in page
    assert "Bank 17: returned" in page

    with nothing_changed():
        assert note(sofia_client, contradicted, outcome="acknowledged").status_code == 422
    answer = note(sofia_client, contradicted, outcome="acknowledged", note="The bank shows it: paid.")

    assert answer["Location"] == "/support/refunds/contradicted"
    assert "Table lamp Nara" not in sofia_client.get("/support/refunds/contradicted").content.decode()
    assert "Look into the refund" not in sofia_client.get(ticket).content.decode()
    page = sofia_client.get(f"/support/refunds/{contradicted.public_id}").content.decode()
    assert "The bank shows it: paid." in page
    assert "Sofia Rossi" in page
    assert "Bank 17" not in mehmet_client.get(f"/dashboard/tickets/{purchase.public_id}").content.decode()


def test_what_nobody_contradicts_is_not_looked_into(refund: Refund, sofia_client: Client) -> None:
    with nothing_changed():
        answer = note(sofia_client, refund, outcome="acknowledged", note="Hm.")

    assert answer.status_code == 409


@pytest.mark.parametrize("queue", reconciling.RefundList.values)
def test_an_empty_list_says_what_comes(queue: str, sofia_client: Client) -> None:
    assert "Nothing stands here" in sofia_client.get(f"/support/refunds/{queue}").content.decode()


def test_an_unknown_list_or_refund_is_not_found(refund: Refund, sofia_client: Client) -> None:
    assert sofia_client.get("/support/refunds/everything-else").status_code == 404
    assert sofia_client.get(f"/support/refunds/{'0' * 24}").status_code == 404


@pytest.mark.parametrize("who", ["mehmet_client", "ada_client"])
def test_nobody_else_looks_at_the_money(who: str, request: pytest.FixtureRequest, refund: Refund) -> None:
    client: Client = request.getfixturevalue(who)

    for address in ("/support/refunds", f"/support/refunds/{refund.public_id}"):
        assert client.get(address)["Location"] == "/"
    with nothing_changed():
        note(client, refund, outcome="paid", note="Me!")


@pytest.fixture
def sixty(ada_user: User, ada: Actor, sofia: Actor, store: Merchant, product: Product) -> None:
    """Sixty refunds on their way, told to two programs."""
    endpoint("http://127.0.0.1:9/a")
    endpoint("http://127.0.0.1:9/b")
    for number in range(60):
        order = make_order(ada_user, product, f"O-{number}")
        ticket = Ticket.open(
            customer=ada_user, merchant=store, issue=Issue.objects.get(pk="item_problem"), text="Broken.", by=ada,
            order=order, items=list(order.items.all()[:1]),
        )  # fmt: skip
        refund_items(ticket, list(ticket.items.all()), by=sofia)
    for event in Event.objects.filter(verb="refund_requested"):
        planning.plan(event, timezone.now())


def test_pages_stay_within_their_queries(sixty: None, sofia_client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        page = sofia_client.get("/support/refunds").content.decode()
    assert page.count("<tr data-href") == 50
    assert "Next 50" in page
    with django_assert_max_num_queries(20):
        sofia_client.get(f"/support/refunds/{Refund.objects.all()[0].public_id}")


# Outside a ticket


@pytest.fixture
def alone(order: Order, mehmet: Actor) -> Refund:
    (lamp, _shade) = order.items.order_by("pk")
    return refund_item(lamp, by=mehmet, reason=OTHER, note="A gift.")


def test_a_refund_without_a_ticket_is_listed_and_shown(alone: Refund, sofia_client: Client) -> None:
    planning.plan(Event.objects.get(verb="refund_requested"), timezone.now())

    listed = sofia_client.get("/support/refunds/pending").content.decode()
    page = sofia_client.get(f"/support/refunds/{alone.public_id}").content.decode()

    for word in ("O-1001", "Table lamp Nara", "89.90 EUR", "Anadolu Home", "Ada L."):
        assert word in listed
        assert word in page
    assert "A gift." in page
    assert "/support/tickets/" not in page


def test_she_notes_by_hand_how_one_without_a_ticket_went(alone: Refund, sofia_client: Client) -> None:
    answers = [note(sofia_client, alone, outcome="failed", note="The card is gone.") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    alone.refresh_from_db()
    assert (alone.status, alone.settled_note) == (RefundStatus.FAILED, "The card is gone.")
    assert Event.objects.filter(verb="refund_failed").count() == 1


def test_the_list_costs_the_same_however_many(
    alone: Refund, order: Order, mehmet: Actor, sofia_client: Client, django_assert_max_num_queries: Any
) -> None:
    refund_item(order.items.order_by("pk")[1], by=mehmet, reason=OTHER, note="Both.")

    with django_assert_max_num_queries(12):
        sofia_client.get("/support/refunds/pending")
    with django_assert_max_num_queries(20):
        sofia_client.get(f"/support/refunds/{alone.public_id}")
