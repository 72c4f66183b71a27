"""One item is refunded, as programs do it: with a ticket about it or without, and never twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.orders.models import ItemState, Order, OrderItem
from marketdesk.outbox import mail, recipients
from marketdesk.outbox.models import Delivery
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party
from marketdesk.refunds import details, reasons, reconciling
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import DAMAGED, OTHER, TOO_LONG
from marketdesk.refunds.refunding import refund_item, refund_items, settle
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(mehmet: Actor) -> Actor:
    return replace(mehmet, user_id=None, app="token-1")


@pytest.fixture
def lamp(order: Order) -> OrderItem:
    return order.items.get(name__startswith="Table lamp")


@pytest.fixture
def alone(lamp: OrderItem, erp: Actor) -> Refund:
    return refund_item(lamp, by=erp, reason=DAMAGED, note="Broken glass.")


def test_an_item_without_a_ticket(lamp: OrderItem, alone: Refund) -> None:
    lamp.refresh_from_db()
    assert (lamp.refunded, lamp.state) == (lamp.paid, ItemState.REFUNDED)
    assert (alone.ticket, alone.amount, alone.currency) == (None, lamp.paid, "EUR")
    assert (alone.reason, alone.reason_note) == ("item_is_damaged", "Broken glass.")
    event = Event.objects.get(verb="refund_requested")
    assert (event.subject_id, event.ticket_id, event.merchant_id) == (alone.pk, None, lamp.merchant_id)


def test_the_last_affected_item_closes_the_ticket(ask: Callable[..., Ticket], order: Order, erp: Actor) -> None:
    lamp, shade = order.items.order_by("pk")
    ticket = ask("item_problem", items=[lamp, shade])

    first = refund_item(lamp, by=erp, reason=DAMAGED)
    ticket.refresh_from_db()
    assert (first.ticket, ticket.state) == (ticket, State.WITH_MERCHANT)

    second = refund_item(shade, by=erp, reason=DAMAGED)
    ticket.refresh_from_db()
    assert (second.ticket, ticket.state, ticket.closed_how) == (ticket, State.CLOSED, "refunded")
    assert [one.item for one in details.of(ticket).refunds] == [lamp, shade]


def test_every_ticket_about_it_closes(ask: Callable[..., Ticket], lamp: OrderItem, erp: Actor) -> None:
    tickets = [ask("item_problem", items=[lamp]) for _ in range(2)]

    refund = refund_item(lamp, by=erp, reason=DAMAGED)

    assert refund.ticket == tickets[0]
    assert {one.state for one in Ticket.objects.all()} == {State.CLOSED}
    assert Event.objects.filter(verb="refund_requested").count() == 1


def test_a_question_about_it_stays_open(ask: Callable[..., Ticket], lamp: OrderItem, erp: Actor) -> None:
    ticket = ask("remove_item", items=[lamp])

    refund = refund_item(lamp, by=erp, reason=DAMAGED)

    ticket.refresh_from_db()
    assert (refund.ticket, ticket.state) == (None, State.WITH_MERCHANT)


def test_not_while_support_handles_it(ask: Callable[..., Ticket], lamp: OrderItem, erp: Actor, sofia: Actor) -> None:
    ticket = ask("item_problem", items=[lamp])
    ticket.take_over(by=sofia)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_item(lamp, by=erp, reason=DAMAGED)

    assert refusal.value.reason == "with_support"


def test_a_ticket_that_the_merchant_never_saw_gives_nothing_away(
    ask: Callable[..., Ticket], lamp: OrderItem, erp: Actor, ada: Actor
) -> None:
    ticket = ask("item_problem", items=[lamp])
    Ticket.objects.update(shared=False, state=State.WITH_SUPPORT, desk="platform")

    refund = refund_item(lamp, by=erp, reason=DAMAGED)

    ticket.refresh_from_db()
    assert (refund.ticket, ticket.state) == (None, State.WITH_SUPPORT)
    assert details.of(ticket).refunds == [refund]  # support and customer see what was paid back


def test_the_same_again_within_a_minute_is_done_already(lamp: OrderItem, erp: Actor, alone: Refund) -> None:
    with nothing_changed(), pytest.raises(AlreadyDone) as done:
        refund_item(
            lamp, by=replace(erp, at=alone.requested_at + timedelta(seconds=59)), reason=DAMAGED, note="Broken glass."
        )

    assert done.value.answer == {"refund": alone.public_id}


@pytest.mark.parametrize("other", [{"at": timedelta(seconds=61)}, {"app": "token-2"}, {"user_id": 1, "app": ""}])
def test_anything_else_again_is_refused(other: dict[str, Any], lamp: OrderItem, erp: Actor, alone: Refund) -> None:
    if "at" in other:
        other = {"at": alone.requested_at + other["at"]}

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_item(lamp, by=replace(erp, **other), reason=DAMAGED, note="Broken glass.")

    assert refusal.value.reason == "refunded"


@pytest.mark.parametrize(("reason", "note"), [(TOO_LONG, "Broken glass."), (DAMAGED, "")])
def test_another_reason_is_another_call(
    reason: reasons.Reason, note: str, lamp: OrderItem, erp: Actor, alone: Refund
) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        refund_item(lamp, by=erp, reason=reason, note=note)


def test_a_key_makes_it_happen_once(lamp: OrderItem, erp: Actor) -> None:
    keyed = erp.with_form("k-1", None)
    refund = refund_item(lamp, by=keyed, reason=DAMAGED)

    with nothing_changed(), pytest.raises(AlreadyDone) as done:
        refund_item(lamp, by=replace(keyed, at=keyed.at + timedelta(days=1)), reason=DAMAGED)

    assert done.value.answer == {"refund": refund.public_id}


@pytest.mark.parametrize("note", ["", "  ", "x" * 501])
def test_a_note_that_will_not_do(note: str, lamp: OrderItem, erp: Actor) -> None:
    with nothing_changed(), pytest.raises(BadText):
        refund_item(lamp, by=erp, reason=OTHER, note=note)


def test_a_rival_and_a_customer_find_no_item(lamp: OrderItem, rival: Actor, ada: Actor) -> None:
    for actor in (rival, ada, replace(rival, app="token-9"), Actor(Party.MERCHANT)):
        with nothing_changed(), pytest.raises(NotAllowed) as refusal:
            refund_item(lamp, by=actor, reason=DAMAGED)

        assert refusal.value.reason == "absent"


def test_a_paid_refund_outside_a_ticket(alone: Refund, sofia: Actor) -> None:
    settle(alone, succeeded=True, by=clock())

    with nothing_changed():
        settle(Refund.objects.get(), succeeded=True, by=clock())
    assert alone.status == RefundStatus.SUCCEEDED
    event = Event.objects.get(verb=Verb.REFUND_SUCCEEDED)
    assert (event.ticket_id, event.subject_id) == (None, alone.pk)
    assert recipients.of(event) == []


def test_a_failed_refund_outside_a_ticket_can_be_tried_again(lamp: OrderItem, alone: Refund, erp: Actor) -> None:
    settle(alone, succeeded=False, by=clock(), note="Card expired.")

    lamp.refresh_from_db()
    assert (lamp.refunded, lamp.state) == (0, ItemState.SHIPPED)
    again = refund_item(lamp, by=erp, reason=DAMAGED, note="Broken glass.")
    assert again.key != alone.key
    assert again.status == RefundStatus.PENDING


def test_store_and_support_are_told_that_it_failed(alone: Refund, mehmet: Actor, sofia: Actor) -> None:
    settle(alone, succeeded=False, by=clock(), note="Card expired.")
    event = Event.objects.get(verb=Verb.REFUND_FAILED)

    letters = {}
    for one in recipients.of(event):
        reader = recipients.reader(one.user, event)
        assert reader
        written = mail.compose(event, one.letter, one.user, reader)
        assert written
        letters[one.letter] = written.body

    assert set(letters) == {"merchant/refund_failed", "support/refund_failed"}
    assert "Table lamp Nara" in letters["merchant/refund_failed"]
    assert "O-1001" in letters["merchant/refund_failed"]
    assert "Card expired." not in letters["merchant/refund_failed"]
    assert "Card expired." in letters["support/refund_failed"]
    assert f"/refunds/{alone.public_id}" in letters["support/refund_failed"]


def test_two_answers_about_a_refund_outside_a_ticket(alone: Refund, sofia: Actor) -> None:
    settle(alone, succeeded=False, by=clock())

    assert not reconciling.hear(alone, succeeded=True, by=clock())

    event = Event.objects.get(verb="refund_contradicted")
    (told,) = recipients.of(event)
    written = mail.compose(event, told.letter, told.user, sofia)
    assert written
    assert "O-1001" in written.body
    assert "page of the refund" in written.body
    reconciling.acknowledge(alone, reason="Asked them.", by=sofia)
    looked = reconciling.acknowledgement(alone)
    assert looked
    assert looked.data["note"] == "Asked them."


def test_what_is_silent_too_long_is_asked_about(alone: Refund, sofia: Actor) -> None:
    Refund.objects.update(requested_at=alone.requested_at - timedelta(days=30))

    reconciling.sweep_unanswered({})

    assert Event.objects.filter(verb="refund_unanswered", subject_id=alone.pk, ticket_id=None).exists()
    event = Event.objects.get(verb="refunds_unanswered")
    (told,) = recipients.of(event)
    written = mail.compose(event, told.letter, told.user, sofia)
    assert written
    assert "Table lamp Nara" in written.body


@pytest.mark.parametrize("verb", ["refund_requested", "refund_failed"])
def test_the_marketplaces_program_is_told_of_the_order(verb: str, alone: Refund) -> None:
    settle(alone, succeeded=False, by=clock())

    said = payloads._data(Event.objects.get(verb=verb))

    assert "ticket" not in said
    assert said["refund"]["order"] == "O-1001"
    assert said["refund"]["merchant"] == "m-1"
    assert said["refund"]["reason"] == "item_is_damaged"


def test_who_sees_a_refund_outside_a_ticket(
    alone: Refund, mehmet: Actor, rival: Actor, ada: Actor, sofia: Actor
) -> None:
    for actor in (mehmet, ada, sofia, clock()):
        assert list(Refund.objects.visible_to(actor)) == [alone]
    for stranger in (rival, Actor(Party.CUSTOMER, user_id=10**6), Actor(Party.MERCHANT)):
        assert list(Refund.objects.visible_to(stranger)) == []
    assert list(Delivery.about([alone.pk])) == []


def test_a_ticket_can_be_refunded_no_more(
    ask: Callable[..., Ticket], lamp: OrderItem, alone: Refund, mehmet: Actor
) -> None:
    ticket = ask("item_problem", items=[lamp])

    with nothing_changed(), pytest.raises(NotAllowed):
        refund_items(ticket, [OrderItem.objects.get(pk=lamp.pk)], by=mehmet)


# The words of the original's document.
V3 = set(
    """
    UNABLE_TO_SHIP ITEM_RETURNED_TO_SENDER ITEM_IS_DAMAGED SHIPPING_TAKING_TOO_LONG ITEM_DOES_NOT_FIT
    RECEIVED_WRONG_ITEM ITEM_IS_COUNTERFEIT ITEM_DOES_NOT_WORK_AS_DESCRIBED ITEM_DOES_NOT_MATCH_LISTING
    ITEM_MARKED_DELIVERED_BUT_DID_NOT_ARRIVE MERCHANT_SENT_TO_WRONG_ADDRESS REPLACEMENT_NEVER_RECEIVED WRONG_COLOR
    ITEM_IS_POOR_QUALITY INCOMPLETE_ORDER MERCHANT_OUT_OF_STOCK EMPTY_PACKAGE PRODUCT_LISTING_MISSING_INFO
    ITEM_DID_NOT_MEET_EXPECTATIONS RECEIVED_NOTE_FROM_MERCHANT MERCHANT_REPORTED_ORDER MERCHANT_REPORTED_BUYER_FRAUD
    """.split()
)


def test_the_table_of_reasons_has_every_code_of_the_wire() -> None:
    wire = [-1, 1, 18, 20, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33, 34, 35, 1001, 1002, 1004, 1005, 1006]
    oldest = [0, 1, 2, 3, 7, 8, 9, -1]

    assert {int(code) for reason in reasons.REASONS for code in reason.v2} == set(wire)
    assert {int(code) for reason in reasons.REASONS for code in reason.oldest} == set(oldest)
    assert set(map(int, reasons.BY_V2)) == set(wire + oldest)
    assert set(reasons.BY_V3) == V3
    assert len(reasons.BY_CODE) == len(reasons.REASONS)
    assert [reason for reason in reasons.REASONS if reason.needs_note] == [OTHER]
    for code in reasons.BY_V2:  # each code means one reason, and is told as one that means the same
        assert reasons.BY_V2[reasons.BY_V2[code].told_v2] is reasons.BY_V2[code]
