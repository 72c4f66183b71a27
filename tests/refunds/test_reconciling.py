"""The marketplace answers late, twice, contradictorily or not at all: nobody is paid twice, and support knows (D17)."""

import re
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import AlreadyDone, Event, KeyReused
from marketdesk.people.actor import Actor, clock
from marketdesk.policy import promises
from marketdesk.refunds import reconciling
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reconciling import RefundList, acknowledge, hear, sweep_unanswered
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets import thread
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def refund(now: Any, purchase: Ticket, mehmet: Actor) -> Refund:
    (refund,) = refund_items(purchase, list(purchase.items.all()), by=mehmet)
    return refund


def told() -> list[str]:
    """What was said about refunds, in order."""
    return list(Event.objects.filter(subject_kind="refund").order_by("pk").values_list("verb", flat=True))


# No answer


def test_a_refund_that_nobody_answers_is_told_once_in_each_period(now: Any, refund: Refund) -> None:
    sweep_unanswered({})
    assert told() == ["refund_requested"], "there is time yet"

    now.shift(timedelta(hours=72))
    for _ in range(3):
        sweep_unanswered({})
    assert told() == ["refund_requested", "refund_unanswered"]

    now.shift(timedelta(hours=71))
    sweep_unanswered({})
    assert told() == ["refund_requested", "refund_unanswered"]

    now.shift(timedelta(hours=1))
    sweep_unanswered({})
    assert told() == ["refund_requested", "refund_unanswered", "refund_unanswered"]


def test_a_worker_that_slept_for_weeks_tells_it_once(now: Any, refund: Refund) -> None:
    now.shift(timedelta(days=30))

    sweep_unanswered({})
    sweep_unanswered({})

    assert told().count("refund_unanswered") == 1


@pytest.mark.parametrize("succeeded", [True, False])
def test_an_answered_refund_is_not_asked_about(now: Any, refund: Refund, succeeded: bool) -> None:
    settle(refund, succeeded=succeeded, by=clock())
    now.shift(timedelta(days=30))

    with nothing_changed():
        sweep_unanswered({})


def test_the_money_is_never_asked_for_twice(now: Any, refund: Refund) -> None:
    key = refund.key
    for _ in range(5):
        now.shift(timedelta(hours=73))
        sweep_unanswered({})

    refund.refresh_from_db()
    assert (refund.key, refund.status) == (key, RefundStatus.PENDING)
    assert told().count("refund_requested") == 1


def test_the_promise_is_the_policys(now: Any, refund: Refund, sofia: Actor) -> None:
    promises.change({"refund_answer_hours": 2}, reason="The gateway is quick.", by=sofia)
    promises.forget()
    now.shift(timedelta(hours=2))

    sweep_unanswered({})

    assert told().count("refund_unanswered") == 1


def test_only_the_platform_reads_that_nothing_came(
    now: Any, refund: Refund, purchase: Ticket, ada: Actor, mehmet: Actor, sofia: Actor
) -> None:
    now.shift(timedelta(hours=73))
    seen = purchase.last_seen_by(sofia)

    sweep_unanswered({})

    assert "has not said yet" in _words(purchase, sofia)
    for other in (ada, mehmet):
        assert "has not said yet" not in _words(purchase, other)
    assert purchase.last_seen_by(sofia) == seen, "it interrupts nobody who is writing"


# Two answers


@pytest.mark.parametrize("first", [True, False])
def test_two_answers_change_nothing_and_are_shown(refund: Refund, purchase: Ticket, sofia: Actor, first: bool) -> None:
    assert hear(refund, succeeded=first, by=clock())
    status, refunded = refund.status, Refund.objects.get().item.refunded

    assert not hear(Refund.objects.get(), succeeded=not first, by=clock(), note="Bank 17")

    refund.refresh_from_db()
    assert (refund.status, refund.item.refunded, refund.is_contradicted) == (status, refunded, True)
    words = _words(purchase, sofia)
    assert ("failed; here it is noted as paid" if first else "was paid; here it is noted as failed") in words


def test_the_same_contradiction_again_is_known(refund: Refund) -> None:
    hear(refund, succeeded=True, by=clock())
    hear(refund, succeeded=False, by=clock(), note="first")

    with nothing_changed():
        assert not hear(Refund.objects.get(), succeeded=False, by=clock(), note="second")


def test_the_true_answer_again_is_welcome(refund: Refund) -> None:
    hear(refund, succeeded=True, by=clock())
    hear(refund, succeeded=False, by=clock())

    with nothing_changed():
        assert hear(Refund.objects.get(), succeeded=True, by=clock())


def test_an_item_with_two_answers_is_not_refunded_again_until_somebody_looked(
    refund: Refund, purchase: Ticket, sofia: Actor
) -> None:
    hear(refund, succeeded=False, by=clock())
    hear(refund, succeeded=True, by=clock())

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(purchase, list(purchase.items.all()), by=sofia)
    assert refusal.value.reason == "contradicted"

    acknowledge(refund, reason="The bank sees no payment.", by=sofia)
    (again,) = refund_items(purchase, list(purchase.items.all()), by=sofia)
    assert again.key != refund.key


def test_looking_into_it_keeps_what_is_noted_and_says_who_and_why(
    refund: Refund, purchase: Ticket, sofia: Actor
) -> None:
    hear(refund, succeeded=True, by=clock())
    hear(refund, succeeded=False, by=clock())

    acknowledge(refund, reason="The bank shows it: paid.", by=sofia)

    refund.refresh_from_db()
    assert (refund.status, refund.is_contradicted) == (RefundStatus.SUCCEEDED, False)
    event = reconciling.acknowledgement(refund)
    assert event is not None
    assert (event.actor["name"], event.data["note"]) == ("Sofia Rossi", "The bank shows it: paid.")
    with nothing_changed():
        assert not hear(Refund.objects.get(), succeeded=False, by=clock()), "known, and looked into"


def test_a_double_click_looks_once(refund: Refund, sofia: Actor) -> None:
    hear(refund, succeeded=True, by=clock())
    hear(refund, succeeded=False, by=clock())
    by = sofia.with_form("look-1", None)
    acknowledge(refund, reason="Paid.", by=by)

    with nothing_changed(), pytest.raises(AlreadyDone):
        acknowledge(refund, reason="Paid.", by=by)
    with nothing_changed(), pytest.raises(KeyReused):
        acknowledge(refund, reason="Something else.", by=by)
    with nothing_changed(), pytest.raises(NotAllowed):
        acknowledge(refund, reason="Paid.", by=sofia)


@pytest.mark.parametrize("who", ["ada", "mehmet", "rival"])
def test_only_support_looks_into_it(who: str, request: pytest.FixtureRequest, refund: Refund) -> None:
    hear(refund, succeeded=True, by=clock())
    hear(refund, succeeded=False, by=clock())
    actor: Actor = request.getfixturevalue(who)

    with nothing_changed(), pytest.raises(NotAllowed):
        acknowledge(refund, reason="Paid.", by=actor)


# Who sees which refunds


def test_a_refund_is_seen_by_those_who_see_its_ticket(
    refund: Refund, ada: Actor, mehmet: Actor, sofia: Actor, rival: Actor
) -> None:
    for actor in (ada, mehmet, sofia, clock()):
        assert list(Refund.objects.visible_to(actor)) == [refund]
    assert not Refund.objects.visible_to(rival).exists()


def test_each_list_holds_its_own(refund: Refund, sofia: Actor) -> None:
    def lists() -> set[RefundList]:
        return {one for one in RefundList if reconciling.refunds(one, sofia).exists()}

    assert lists() == {RefundList.PENDING}
    assert reconciling.to_look_into(sofia) == 0
    hear(refund, succeeded=True, by=clock())
    assert lists() == {RefundList.PAID}
    hear(refund, succeeded=False, by=clock())
    assert lists() == {RefundList.PAID, RefundList.CONTRADICTED}
    assert reconciling.to_look_into(sofia) == reconciling.counts(sofia)[RefundList.CONTRADICTED] == 1
    acknowledge(refund, reason="Paid.", by=sofia)
    assert lists() == {RefundList.PAID}


def _words(ticket: Ticket, actor: Actor) -> str:
    return re.sub("[\u2066-\u2069]", "", " ".join(entry.words for entry in thread.entries(ticket, actor)))
