"""The demo: big enough to feel, something to do everywhere, and consistent to the last row."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum
from django.test import override_settings

from marketdesk.demo import sources
from marketdesk.demo.filling import demo
from marketdesk.journal.models import Event, Job
from marketdesk.lib import languages
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.levels import Level
from marketdesk.performance.models import (
    Contest,
    ContestKind,
    Incident,
    Notice,
    NoticeKind,
    Outcome,
    Rating,
    Sanction,
    SanctionKind,
    SanctionState,
    Standing,
)
from marketdesk.policy import promises
from marketdesk.programs import stories
from marketdesk.programs.models import AccessToken
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets import jobs, queues
from marketdesk.tickets.models import Attachment, Message, Ticket, Wait
from marketdesk.tickets.rules import OVER, Category, Desk, State
from marketdesk.translations.models import Translation
from tests.conftest import NOW

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """The whole demo, loaded once for this file."""
    home = tmp_path_factory.mktemp("home")
    quick = override_settings(
        MEDIA_ROOT=home / "files", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
    )
    with django_db_blocker.unblock(), quick, transaction.atomic():
        promises.forget()
        made = demo(home, quiet=True, now=NOW)
        if connection.vendor == "postgresql":  # which has no statistics of what is not committed
            connection.cursor().execute("ANALYZE")
        yield {**made, "home": home}
        transaction.set_rollback(True)
    promises.forget()


@pytest.fixture
def full(filled: dict[str, Any], db: None) -> dict[str, Any]:
    return filled


def merchant(shop: Merchant) -> Actor:
    return Actor(Party.MERCHANT, merchant_id=shop.pk)


def test_it_is_as_big_as_promised(full: dict[str, Any]) -> None:
    customers = User.objects.filter(party=Party.CUSTOMER, is_active=True)

    assert Merchant.objects.real().count() == 25
    assert customers.count() == 1500
    assert customers.values("country").distinct().count() >= 20
    assert Order.objects.filter(merchant__sandbox_of=None).count() == 4000
    assert Ticket.objects.filter(is_sandbox=False).count() == 2500
    assert promises.at(NOW).platform_name == "Bazario"


def test_every_category_state_language_and_desk_is_there(full: dict[str, Any]) -> None:
    cells = set(Ticket.objects.values_list("category", "state"))

    assert cells == {(category, state) for category in Category for state in State}
    assert set(Ticket.objects.values_list("language", flat=True)) == set(languages.LANGUAGES)
    assert set(Ticket.objects.values_list("desk", flat=True)) == set(Desk)
    assert {status for (status,) in Refund.objects.values_list("status")} == set(RefundStatus)
    assert {routed["rule"] for routed in Ticket.objects.values_list("routed_by", flat=True)} == {
        "direct_country",
        "other_country",
        "selected_merchant",
        "high_value",
        "platform_refunds",
        "before_gate",
    }


def test_every_queue_of_every_merchant_has_something_to_do(full: dict[str, Any]) -> None:
    for shop in Merchant.objects.all():
        assert all(queues.counts(merchant(shop)).by_queue.values()), shop


def test_mehmet_has_a_realistic_load(full: dict[str, Any]) -> None:
    anadolu = Merchant.objects.get(name="Anadolu Home")
    counts = queues.counts(merchant(anadolu))
    hours_left = [
        (due - NOW) / timedelta(hours=1)
        for due in Ticket.objects.visible_to(merchant(anadolu)).waiting_for_merchant().values_list("due_at", flat=True)
        if due
    ]

    assert 55 <= counts.waiting <= 65
    assert 70 <= counts.by_queue[queues.Queue.AWAITING_USER] <= 90
    assert 140 <= counts.by_queue[queues.Queue.CLOSED] <= 165
    assert sum(left < 0 for left in hours_left) >= 3
    assert {int(left) // 12 for left in hours_left if left > 0} == {0, 1, 2, 3}


def test_late_purchases_have_been_taken_over(full: dict[str, Any]) -> None:
    overdue = Ticket.objects.filter(state=State.WITH_MERCHANT, due_at__lt=NOW)

    assert overdue.exists()
    assert not overdue.filter(category=Category.POST_PURCHASE).exists()


def test_the_platform_has_tickets_to_assign(full: dict[str, Any]) -> None:
    with_support = Ticket.objects.filter(state=State.WITH_SUPPORT)

    assert 110 <= with_support.count() <= 150
    assert with_support.filter(assignee=None).count() >= 30
    assert with_support.exclude(assignee=None).count() >= 30


def test_ada_has_something_in_every_state(full: dict[str, Any]) -> None:
    ada = User.objects.get(email="ada@example.org")

    assert set(ada.tickets.values_list("state", flat=True)) == set(State)
    assert ada.orders.filter(delivered_at__lt=NOW - timedelta(days=150)).exists()
    assert ada.orders.filter(delivered_at__gt=NOW - timedelta(days=60)).exists()
    assert ada.orders.filter(delivered_at=None).exists()


def test_both_readings_of_the_120_days_have_cases(full: dict[str, Any]) -> None:
    ends = [order.refund_ends_at(30) for order in Order.objects.all()]
    after_gate = [end for end in ends if end and end + timedelta(days=120) <= NOW]

    assert len(after_gate) > 1000
    assert len(ends) - len(after_gate) > 1000


def test_who_is_shown_can_sign_in(full: dict[str, Any]) -> None:
    for person in full["people"]:
        user = User.objects.get(email=person["email"])
        assert (user.party, user.name) == (person["role"], person["name"])
        assert user.check_password(person["password"])
    assert [person["role"] for person in full["people"][:3]] == ["customer", "merchant", "support"]


def test_the_tokens_open_their_merchants(full: dict[str, Any]) -> None:
    assert len(full["merchants"]) == 25
    for one in full["merchants"]:
        token = AccessToken.find(one["api_token"])
        assert token is not None
        assert (token.merchant.public_id, token.merchant.name) == (one["id"], one["name"])


def test_the_home_is_marked_and_only_its_owner_reads_the_passwords(full: dict[str, Any]) -> None:
    path = full["home"] / "demo.json"

    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {name: full[name] for name in ("url", "people", "merchants", "sandbox")}


def test_a_second_call_answers_the_same_and_changes_nothing(full: dict[str, Any]) -> None:
    before = Ticket.objects.count(), Event.objects.count(), AccessToken.objects.count()

    again = demo(full["home"], quiet=True, now=NOW)

    assert again == {name: full[name] for name in ("url", "people", "merchants", "sandbox")}
    assert (Ticket.objects.count(), Event.objects.count(), AccessToken.objects.count()) == before


def test_there_are_good_middling_and_bad_figures(full: dict[str, Any]) -> None:
    levels = Counter(Standing.objects.values_list("level", flat=True))

    assert levels.total() == 25
    assert levels[Level.NORMAL] >= 10
    assert levels[Level.WATCH] >= 5
    assert levels[Level.SEVERE] >= 1


def test_the_stores_that_are_shown_have_something_of_everything(full: dict[str, Any]) -> None:
    notices, sanctions, contests = Notice.objects.all(), Sanction.objects.all(), Contest.objects.all()

    assert {one.kind for one in notices} == set(NoticeKind)
    assert notices.filter(read_at=None).exists()
    assert notices.exclude(read_at=None).exists()
    assert {one.kind for one in sanctions.filter(state=SanctionState.PROPOSED)} == set(SanctionKind)
    assert sanctions.filter(state=SanctionState.PROPOSED, hear_until__gt=NOW, answered_at=None).exists()
    assert sanctions.filter(state=SanctionState.CONFIRMED).count() == 1
    assert Merchant.objects.filter(impressions_blocked_at__lt=NOW).count() == 1
    assert set(contests.filter(merchant__name="Anadolu Home").values_list("outcome", flat=True)) == {"", *Outcome}
    assert contests.filter(kind=ContestKind.NOTICE, outcome="").exists()
    assert Incident.objects.count() == 1


# What holds for every ticket


def test_exactly_the_tickets_with_merchants_have_an_open_wait(full: dict[str, Any]) -> None:
    tickets = Ticket.objects.annotate(open_waits=Count("waits", filter=Q(waits__ended_at=None)))

    assert not tickets.filter(state=State.WITH_MERCHANT).exclude(open_waits=1).exists()
    assert not tickets.exclude(state=State.WITH_MERCHANT).exclude(open_waits=0).exists()
    assert not tickets.filter(state=State.WITH_MERCHANT, due_at=None).exists()
    assert not tickets.exclude(state=State.WITH_MERCHANT).exclude(due_at=None).exists()
    assert not Wait.objects.filter(ended_at=None).exclude(due_at=F("ticket__due_at")).exists()


def test_exactly_the_closed_tickets_say_when_by_whom_and_how(full: dict[str, Any]) -> None:
    unclosed = Q(closed_at=None, closed_by="", closed_how="")

    assert (
        not Ticket.objects.filter(state__in=OVER)
        .filter(Q(closed_at=None) | Q(closed_by="") | Q(closed_how=""))
        .exists()
    )
    assert not Ticket.objects.exclude(state__in=OVER).exclude(unclosed).exists()


def test_nothing_lies_in_the_future_or_before_its_ticket(full: dict[str, Any]) -> None:
    for rows in (Message, Event, Refund, Rating):
        when = "requested_at" if rows is Refund else "at"
        assert not rows.objects.filter(**{f"{when}__gt": NOW}).exists()
    assert not Message.objects.filter(at__lt=F("ticket__opened_at")).exists()
    assert not Ticket.objects.filter(opened_at__lt=F("order__placed_at")).exists()


def test_no_more_was_refunded_than_paid(full: dict[str, Any]) -> None:
    given = dict(Refund.objects.exclude(status=RefundStatus.FAILED).values_list("item").annotate(sum=Sum("amount")))

    for item in OrderItem.objects.all():
        assert given.get(item.pk, 0) == item.refunded <= item.paid


def test_merchants_never_had_what_they_do_not_see(full: dict[str, Any]) -> None:
    hidden = Ticket.objects.filter(shared=False)

    assert hidden.exists()
    assert not hidden.filter(waits__isnull=False).exists()
    assert not hidden.filter(desk=Desk.MERCHANT).exists()
    for shop in Merchant.objects.all():
        assert not Ticket.objects.visible_to(merchant(shop)).filter(shared=False).exists()


def test_every_ticket_begins_with_its_customers_words(full: dict[str, Any]) -> None:
    for ticket in Ticket.objects.prefetch_related("messages").select_related("customer", "merchant", "order"):
        first = ticket.messages.all()[0]
        assert (first.author, first.user_id, first.at) == (Party.CUSTOMER, ticket.customer_id, ticket.opened_at)
        assert first.language == ticket.customer.language
    assert not Message.objects.filter(body__contains="{").exists()


def test_pictures_lie_where_they_are_looked_for(full: dict[str, Any]) -> None:
    with_pictures = Ticket.objects.filter(messages__attachments__isnull=False).distinct()

    assert with_pictures.count() > 100
    assert not Ticket.objects.filter(has_pictures=True).exclude(pk__in=with_pictures).exists()
    assert not Attachment.objects.filter(message=None).exists()
    for path in {attachment.path for attachment in Attachment.objects.all()}:
        assert (full["home"] / "files" / path).exists()
    folder = Path(sources.__file__).parent
    for image in set(Product.objects.exclude(image_url=stories.IMAGE).values_list("image_url", flat=True)):
        assert (folder / image.removeprefix("/")).exists()


def test_mehmet_can_view_some_messages_in_english(full: dict[str, Any]) -> None:
    anadolu = Merchant.objects.get(name="Anadolu Home")
    opened = Message.objects.filter(merchant_id=anadolu.pk, at=F("ticket__opened_at"))
    translated = Translation.objects.filter(message__in=opened, language="en", engine="human")

    assert translated.values("body").distinct().count() >= 12
    assert not Translation.objects.filter(body__contains="{").exists()


def test_nobody_is_written_to_about_the_past(full: dict[str, Any]) -> None:
    assert not Job.objects.exists()

    with time_machine.travel(NOW, tick=False):
        for sweep in (jobs.sweep_overdue, jobs.sweep_silent, jobs.sweep_due_soon):
            sweep({})

    assert not Job.objects.exists()


def test_programs_are_tried_on_a_sandbox_of_the_first_store(full: dict[str, Any]) -> None:
    token = AccessToken.find(full["sandbox"]["api_token"])

    assert token is not None
    assert token.merchant.public_id == full["sandbox"]["merchant"]
    assert token.merchant.sandbox_of == Merchant.objects.get(public_id=full["merchants"][0]["id"])
    assert Ticket.objects.visible_to(token.actor()).filter(is_sandbox=True).count() >= 12
