"""The marketplace's answer: paid back, or failed and back to the platform's desk (D17)."""

import pytest

from marketdesk.journal.models import Event
from marketdesk.orders.models import ItemState, OrderItem
from marketdesk.people.actor import Actor, clock
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def refund(purchase: Ticket, mehmet: Actor) -> Refund:
    (refund,) = refund_items(purchase, list(purchase.items.all()), by=mehmet)
    return refund


def test_a_paid_refund_is_told_and_the_ticket_stays_closed(refund: Refund, purchase: Ticket, ada: Actor) -> None:
    settle(refund, succeeded=True, by=clock())

    purchase.refresh_from_db()
    assert (refund.status, purchase.state) == (RefundStatus.SUCCEEDED, State.CLOSED)
    assert refund.settled_at is not None
    assert Verb.REFUND_SUCCEEDED in [event.verb for event in purchase.events_for(ada)]


def test_the_same_answer_twice_changes_nothing(refund: Refund) -> None:
    settle(refund, succeeded=True, by=clock())

    with nothing_changed():
        settle(Refund.objects.get(), succeeded=True, by=clock())


@pytest.mark.parametrize("first", [True, False])
def test_a_second_other_answer_is_refused(refund: Refund, first: bool) -> None:
    settle(refund, succeeded=first, by=clock())

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        settle(Refund.objects.get(), succeeded=not first, by=clock())

    assert refusal.value.reason == "settled"


def test_a_failed_refund_reopens_the_ticket_to_the_platform_and_says_so(
    refund: Refund, purchase: Ticket, mehmet: Actor, ada: Actor
) -> None:
    settle(refund, succeeded=False, by=clock(), note="Card expired. " * 100)

    purchase.refresh_from_db()
    item = OrderItem.objects.get(pk=refund.item_id)
    assert (purchase.state, purchase.desk, purchase.closed_at) == (State.WITH_SUPPORT, Desk.PLATFORM, None)
    assert (item.refunded, item.state) == (0, ItemState.SHIPPED)
    assert len(refund.settled_note) == 500
    for actor in (mehmet, ada):
        assert Verb.REFUND_FAILED in [event.verb for event in purchase.events_for(actor)]


def test_a_failed_refund_can_be_tried_again_under_another_key(refund: Refund, purchase: Ticket, sofia: Actor) -> None:
    settle(refund, succeeded=False, by=clock())

    (again,) = refund_items(purchase, list(purchase.items.all()), by=sofia)
    settle(again, succeeded=True, by=clock())

    item = OrderItem.objects.get(pk=refund.item_id)
    assert again.key != refund.key
    assert item.refunded == item.paid
    assert [one.status for one in Refund.objects.order_by("id")] == [RefundStatus.FAILED, RefundStatus.SUCCEEDED]


def test_an_answer_for_a_reopened_ticket_leaves_it_where_it_stands(
    refund: Refund, purchase: Ticket, ada: Actor
) -> None:
    purchase.reopen("Where is the money?", by=ada)

    settle(refund, succeeded=False, by=clock())

    purchase.refresh_from_db()
    assert purchase.state == State.WITH_MERCHANT
    assert purchase.waits.filter(ended_at__isnull=True).count() == 1


def test_an_order_not_sent_yet_returns_to_being_prepared(refund: Refund, purchase: Ticket) -> None:
    order = purchase.order
    assert order
    order.shipped_at = None
    order.save()

    settle(Refund.objects.get(), succeeded=False, by=clock())

    assert OrderItem.objects.get(pk=refund.item_id).state == ItemState.APPROVED


@pytest.mark.parametrize("who", ["mehmet", "ada", "rival"])
def test_only_the_platform_answers_for_the_marketplace(
    who: str, request: pytest.FixtureRequest, refund: Refund
) -> None:
    actor: Actor = request.getfixturevalue(who)
    with nothing_changed(), pytest.raises(NotAllowed):
        settle(Refund.objects.get(), succeeded=True, by=actor)


def test_every_cent_has_an_event(refund: Refund, purchase: Ticket, sofia: Actor) -> None:
    settle(refund, succeeded=False, by=clock())
    (again,) = refund_items(purchase, list(purchase.items.all()), by=sofia)
    settle(again, succeeded=True, by=clock())

    verbs = list(Event.objects.filter(ticket_id=purchase.pk).order_by("id").values_list("verb", flat=True))
    asked = [str(Verb.REFUND), "refund_requested"]
    assert verbs == ["open", *asked, Verb.REFUND_FAILED, *asked, Verb.REFUND_SUCCEEDED]
