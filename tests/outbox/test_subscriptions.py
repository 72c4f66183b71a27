"""Merchants' apps are told: signed with their secret, every hour again, in order, folded, and only while allowed."""

import base64
import hashlib
import hmac
import io
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.lib import calling
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Attempt, Delivery, DeliveryStatus, Subscription, Topic
from marketdesk.outbox.webhooks import delivering, forgetting, manners, subscribing, telling, topics, watching
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.records import erasing
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Attachment, Ticket
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Receiver, always, answers, at_first

pytestmark = pytest.mark.django_db
Ask = Callable[..., Ticket]
Subscribe = Callable[..., Subscription]


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = settings.APP_WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(calling, "DEADLINE", 0.3)


@pytest.fixture
def erp() -> Iterator[Receiver]:
    """The program of a merchant, which accepts everything."""
    with webhooks.receiver() as here:
        yield here


@pytest.fixture
def app(store: Merchant) -> App:
    """The store's own app, which the store lets in."""
    app = App(merchant=store, name="ERP", scopes=Scope.values)
    app.set_secret()
    app.save()
    AccessToken.issue(store, "ERP", app=app)
    return app


@pytest.fixture
def subscribe(app: App, store: Merchant) -> Subscribe:
    """`subscribe(url)`: the app is told of tickets that await the merchant, unless told otherwise."""

    def _subscribe(url: str, topic: Topic = Topic.TICKET_AWAITING_MERCHANT, **fields: Any) -> Subscription:
        named = {"app": app, "merchant": store, "topic": topic, "url": url, "by": clock(), **fields}
        return subscribing.subscribe(**named)

    return _subscribe


def _told() -> None:
    """Run the jobs that are due."""
    worker = schedule.worker()
    while worker.run_one():
        pass
    assert list(Job.objects.exclude(error="").values_list("kind", "error")) == []


def _delivered() -> None:
    _told()
    webhooks.deliver_everything()


def _said(receiver: Receiver) -> list[Any]:
    """What each message said; each is a list of one."""
    return [one["data"] for request in receiver.came for one in json.loads(request.body)]


# How they are signed


def _verified(secret: str, request: webhooks.Request) -> bool:
    """The check as a merchant writes it, from the document alone."""
    digest = hmac.new(secret.encode(), request.body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), request.headers["wish-hmac-sha256"])


def test_a_message_says_the_ticket_as_its_merchant_reads_it_and_is_signed_with_the_apps_secret(
    now: Any, erp: Receiver, subscribe: Subscribe, app: App, store: Merchant, ask: Ask, sofia: Actor
) -> None:
    shown = app.set_secret()  # as the page of the app shows it
    app.save()
    subscription = subscribe(erp.url)
    ticket = ask("order_status")
    ticket.note("CANARY", by=sofia)

    _delivered()

    (request,) = erp.came
    assert _verified(shown, request)
    assert not _verified("mds_other", request)
    headers = {name: value for name, value in request.headers.items() if name.startswith("wish-")}
    del headers["wish-hmac-sha256"]
    assert headers == {
        "wish-topic": "TICKET_AWAITING_MERCHANT",
        "wish-api-version": "V3",
        "wish-merchant-id": store.public_id,
        "wish-subscription-id": subscription.public_id,
        "wish-retry-attempt": "0",
    }
    (said,) = json.loads(request.body)
    assert said["timestamp"] == int(Event.objects.get(verb="open").at.timestamp())
    assert said["data"]["id"] == ticket.public_id
    assert said["data"]["state"] == "AWAITING_MERCHANT"
    assert [reply["message"] for reply in said["data"]["replies"]] == ["Wo ist meine Bestellung? Danke."]
    assert b"CANARY" not in request.body


def test_a_picture_in_a_message_is_fetched_without_a_token_until_the_app_is_revoked(
    erp: Receiver, subscribe: Subscribe, ask: Ask, ada: Actor, client: Client
) -> None:
    subscribe(erp.url)
    shot = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(shot, "PNG")
    ask("order_status", pictures=[Attachment.keep(io.BytesIO(shot.getvalue()), "lamp.png", by=ada)])

    _delivered()

    ((told,),) = [reply["supporting_files"] for reply in _said(erp)[0]["replies"]]
    address = told["url"].removeprefix(settings.BASE_URL)
    assert client.get(address).headers["Content-Type"] == "image/jpeg"
    AccessToken.objects.get().revoke()
    assert client.get(address).status_code == 404


def test_after_a_new_secret_messages_carry_its_signature(
    erp: Receiver, subscribe: Subscribe, app: App, ask: Ask
) -> None:
    subscribe(erp.url)
    ask("order_status")
    _told()
    old, new = app.secret, app.set_secret()
    app.save()

    webhooks.deliver_everything()

    assert _verified(new, erp.came[0])
    assert not _verified(old, erp.came[0])


# What is told


def test_a_ticket_is_told_whenever_it_comes_to_the_merchant(
    now: Any, erp: Receiver, subscribe: Subscribe, ask: Ask, ada: Actor, mehmet: Actor, sofia: Actor
) -> None:
    subscribe(erp.url)
    ticket = ask("order_status")
    steps: list[tuple[Callable[[], Any], bool]] = [
        (lambda: ticket.reply("It is on its way.", by=_at(mehmet)), False),
        (lambda: ticket.reply("And today?", by=_at(ada)), True),
        (lambda: ticket.reply("Hello?", by=_at(ada)), True),
        (lambda: ticket.note("Look here.", by=_at(sofia)), False),
        (lambda: ticket.assign(User.objects.get(email="sofia@example.org"), by=_at(sofia)), False),
        (lambda: ticket.end_links(by=_at(sofia)), False),
        (lambda: ticket.take_over(by=_at(sofia)), False),
        (lambda: ticket.hand_back(by=_at(sofia)), True),
        (lambda: ticket.resolve("There it is.", by=_at(mehmet)), False),
    ]
    _delivered()
    assert len(erp.came) == 1

    for step, is_told in steps:
        before = len(erp.came)
        now.shift(timedelta(minutes=1))
        step()
        _delivered()
        assert len(erp.came) - before == is_told


def _at(actor: Actor) -> Actor:
    return Actor(**{**actor.__dict__, "at": timezone.now()})


def test_a_refund_is_told_and_that_it_failed(
    now: Any, erp: Receiver, subscribe: Subscribe, ask: Ask, mehmet: Actor
) -> None:
    subscribe(erp.url, Topic.ORDER_REFUND)
    ticket = ask("item_problem")
    _delivered()
    refunding.refund_items(ticket, list(ticket.items.all()), by=_at(mehmet))
    _delivered()
    now.shift(timedelta(minutes=1))
    refunding.settle(Refund.objects.get(), succeeded=False, by=clock())
    _delivered()

    asked, failed = _said(erp)
    assert (asked["id"], asked["state"]) == (ticket.items.get().public_id, "REFUNDED")
    (refund,) = asked["refunds"]
    assert refund["refund_amount"] == {"amount": 89.9, "currency_code": "EUR"}
    assert (refund["refund_source"], refund["status"]) == ("MERCHANT", "PENDING")
    assert (failed["id"], failed["state"], failed["refunds"]) == (asked["id"], "SHIPPED", [])


def test_nobody_is_told_of_another_stores_tickets_nor_of_those_of_the_platforms_desk(
    erp: Receiver, subscribe: Subscribe, rival_store: Merchant, ask: Ask, sofia: Actor
) -> None:
    rivals = App(merchant=rival_store, name="Rival's ERP", scopes=Scope.values)
    rivals.set_secret()
    rivals.save()
    AccessToken.issue(rival_store, "ERP", app=rivals)
    subscribe(erp.url, app=rivals, merchant=rival_store)
    subscribe(erp.url, Topic.ORDER_REFUND, app=rivals, merchant=rival_store)
    mine = subscribe("https://erp.example/")
    ask("order_status").take_over(by=sofia)

    _told()

    assert not Delivery.objects.exists()
    assert mine.is_active


def test_an_app_that_many_stores_allow_is_told_of_each_as_that_store_reads(
    erp: Receiver, subscribe: Subscribe, app: App, rival_store: Merchant, ask: Ask
) -> None:
    AccessToken.issue(rival_store, "ERP", app=app)
    subscribe(erp.url, merchant=rival_store)
    subscribe(erp.url)
    ticket = ask("order_status")

    _delivered()

    (request,) = erp.came
    assert request.headers["wish-merchant-id"] == ticket.merchant.public_id


def test_what_happened_before_somebody_subscribed_is_not_told(erp: Receiver, subscribe: Subscribe, ask: Ask) -> None:
    ask("order_status")
    subscribe(erp.url)

    _delivered()

    assert erp.came == []


def test_the_operators_endpoints_and_merchants_apps_are_told_side_by_side(
    erp: Receiver, subscribe: Subscribe, ask: Ask
) -> None:
    with webhooks.receiver() as shop:
        endpoint, _secret = webhooks.endpoint(shop.url)
        subscribe(erp.url)
        ask("order_status")

        _delivered()

    assert ("webhook-signature" in shop.came[0].headers, len(shop.came)) == (True, 1)
    assert ("webhook-signature" in erp.came[0].headers, len(erp.came)) == (False, 1)
    from marketdesk.outbox.models import Endpoint

    assert list(Endpoint.of_operator()) == [endpoint]


# Folding and order


def test_events_that_are_close_to_each_other_are_one_message_that_says_the_latest(
    now: Any, erp: Receiver, subscribe: Subscribe, ask: Ask, ada: Actor
) -> None:
    subscribe(erp.url)
    ticket = ask("order_status")
    _told()
    now.shift(timedelta(seconds=9))
    ticket.reply("In red, please.", by=_at(ada))
    _told()
    waits_for = Delivery.objects.get().next_at - timezone.now()
    now.shift(timedelta(seconds=11))
    ticket.reply("Or blue.", by=_at(ada))
    _delivered()

    assert waits_for == timedelta(seconds=10)
    assert [len(said["replies"]) for said in _said(erp)] == [2, 3]


def test_a_customer_who_never_stops_is_told_of_within_a_minute(
    now: Any, subscribe: Subscribe, ask: Ask, ada: Actor
) -> None:
    subscribe("https://erp.example/")
    begun = timezone.now()
    ticket = ask("order_status")
    _told()
    for number in range(5):
        now.shift(timedelta(seconds=8))
        ticket.reply(f"And {number}.", by=_at(ada))
        _told()

    assert Delivery.objects.get().next_at - begun <= timedelta(seconds=45)


def test_an_event_that_comes_during_the_call_is_told_after_it(
    now: Any, erp: Receiver, subscribe: Subscribe, ask: Ask, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(erp.url)
    ticket = ask("order_status")
    _told()
    post = calling.post

    def post_while_ada_writes(*args: Any, **kwargs: Any) -> calling.Answer:
        answer = post(*args, **kwargs)
        if ticket.messages.count() == 1:
            ticket.reply("In red, please.", by=_at(ada))
            _told()
        return answer

    monkeypatch.setattr(calling, "post", post_while_ada_writes)
    webhooks.deliver_everything()

    assert [len(said["replies"]) for said in _said(erp)] == [1, 2]
    assert [request.headers["wish-retry-attempt"] for request in erp.came] == ["0", "0"]


def test_of_one_ticket_the_later_message_waits_for_the_earlier_one_and_other_tickets_do_not(
    now: Any, subscribe: Subscribe, ask: Ask, ada: Actor
) -> None:
    with webhooks.receiver(at_first(3, answers(500))) as erp:
        subscribe(erp.url)
        first = ask("order_status")
        _told()
        now.shift(timedelta(seconds=11))
        delivering.serve_one(timezone.now())
        for text in ("In red.", "Or blue."):
            now.shift(timedelta(minutes=2))
            first.reply(text, by=_at(ada))
            _told()
        second = ask("tracking")
        _told()
        webhooks.deliver_everything()

    told = [(said["id"], len(said["replies"])) for said in _said(erp)]
    assert [number for public_id, number in told if public_id == first.public_id][-3:] == [1, 2, 3]
    assert told.index((second.public_id, 1)) < told.index((first.public_id, 2))


def test_the_control_that_does_not_hold_back_tells_the_later_one_first(
    now: Any, subscribe: Subscribe, ask: Ask, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "hold_back_later_ones", lambda _self: None)
    with webhooks.receiver(at_first(1, answers(500))) as erp:
        subscribe(erp.url)
        ticket = ask("order_status")
        _told()
        now.shift(timedelta(seconds=11))
        ticket.reply("In red.", by=_at(ada))
        _told()
        webhooks.deliver_everything()

    assert [len(said["replies"]) for said in _said(erp)] == [1, 2, 1]


def test_told_twice_is_told_once_and_an_older_event_that_comes_late_is_told_already(
    subscribe: Subscribe, ask: Ask, ada: Actor
) -> None:
    subscribe("https://erp.example/")
    ticket = ask("order_status")
    ticket.reply("In red.", by=ada)
    first, second = Event.objects.filter(ticket_id=ticket.pk).order_by("pk")

    for event in (second, first, second, first):
        telling.tell(event, timezone.now())

    assert Delivery.objects.get().event == second


# What goes wrong at the other side


def test_a_message_is_tried_25_times_every_hour_and_then_the_subscription_is_inactive(
    now: Any, subscribe: Subscribe, ask: Ask
) -> None:
    with webhooks.receiver(always(answers(500))) as erp:
        subscription = subscribe(erp.url)
        ask("order_status")
        _delivered()

    assert [int(request.headers["wish-retry-attempt"]) for request in erp.came] == list(range(25))
    assert len({request.body for request in erp.came}) == 1
    moments = list(Attempt.objects.order_by("pk").values_list("at", flat=True))
    gaps = [(later - earlier).total_seconds() / 3600 for earlier, later in itertools.pairwise(moments)]
    assert all(0.95 < gap < 1.05 for gap in gaps)
    subscription.refresh_from_db()
    assert (subscription.is_active, subscription.disabled_because) == (False, "dead")
    assert Delivery.objects.get().status == DeliveryStatus.GIVEN_UP
    assert Event.objects.get(verb="subscription_stopped").merchant_id == subscription.merchant_id
    assert not Event.objects.filter(verb="webhook_disabled").exists()


@pytest.mark.parametrize("status", [302, 410, 429])
def test_whatever_is_no_success_is_a_failure_and_nothing_more(
    now: Any, subscribe: Subscribe, ask: Ask, status: int
) -> None:
    behaviour = answers(status, Location="http://127.0.0.1:1/", Retry_After="86400")
    with webhooks.receiver(at_first(1, behaviour)) as erp:
        subscription = subscribe(erp.url)
        ask("order_status")
        _delivered()

    assert len(erp.came) == 2
    assert subscription.deliveries.get().status == DeliveryStatus.DELIVERED
    first, second = Attempt.objects.order_by("pk")
    assert timedelta(minutes=57) < second.at - first.at < timedelta(minutes=63)


def test_who_does_not_answer_within_five_seconds_has_failed(
    subscribe: Subscribe, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def silence(*_args: Any, deadline: float, **_kwargs: Any) -> calling.Answer:
        given.append(deadline)
        raise calling.NoAnswer("It took too long.")

    monkeypatch.setattr(calling, "post", silence)
    subscribe("https://erp.example/")
    ask("order_status")
    _told()

    delivering.serve_one(timezone.now() + timedelta(seconds=11))

    assert given == [5.0]
    assert Delivery.objects.get().attempts == 1


def test_what_waits_goes_out_when_it_is_active_again(now: Any, subscribe: Subscribe, ask: Ask, ada: Actor) -> None:
    with webhooks.receiver(at_first(25, answers(500))) as erp:
        subscription = subscribe(erp.url)
        ticket = ask("order_status")
        _told()
        Delivery.objects.update(attempts=24)
        now.shift(timedelta(seconds=11))
        ticket.reply("In red.", by=_at(ada))
        _told()
        now.shift(timedelta(seconds=11))
        delivering.serve_one(timezone.now())
        subscription.refresh_from_db()
        stopped = not subscription.is_active
        now.shift(timedelta(hours=1))
        ticket.reply("Missed.", by=_at(ada))
        _told()
        erp.behave = always(answers(200))
        subscribing.change(subscription, activate=True, by=clock())
        webhooks.deliver_everything()

    assert stopped
    assert [len(said["replies"]) for said in _said(erp)] == [1, 2]
    (row,) = watching.watched(Subscription.objects.all(), timezone.now())
    assert (row.waiting, row.last_status) == (0, 500)


# Who may be told


@pytest.mark.parametrize("taken", ["app removed", "revoked", "topic's scope", "app's scope", "never allowed"])
def test_an_app_that_may_not_read_it_any_more_is_told_nothing_also_not_what_waits(
    erp: Receiver, subscribe: Subscribe, app: App, ask: Ask, taken: str
) -> None:
    subscription = subscribe(erp.url)
    ask("order_status")
    _told()
    assert Delivery.objects.exists()

    match taken:
        case "app removed":
            App.objects.update(removed_at=timezone.now())
        case "revoked":
            AccessToken.objects.get().revoke()
        case "topic's scope":
            AccessToken.objects.update(scope="webhook:write orders:read")
        case "app's scope":
            App.objects.update(scopes=["webhook:write", "orders:read"])
        case "never allowed":
            AccessToken.objects.all().delete()
    webhooks.deliver_everything()

    subscription.refresh_from_db()
    assert erp.came == []
    assert not Delivery.objects.exists()
    assert (subscription.is_active, subscription.disabled_because) == (False, "revoked")


def test_what_happens_after_an_app_was_revoked_is_not_even_written_down(subscribe: Subscribe, ask: Ask) -> None:
    subscription = subscribe("https://erp.example/")
    AccessToken.objects.get().revoke()
    ask("order_status")

    _told()

    subscription.refresh_from_db()
    assert not Delivery.objects.exists()
    assert not subscription.is_active


def test_a_token_that_ran_out_or_was_renewed_takes_nothing_away(
    erp: Receiver, subscribe: Subscribe, app: App, store: Merchant, ask: Ask
) -> None:
    subscribe(erp.url)
    AccessToken.objects.get().revoke()
    AccessToken.issue(store, "ERP", expires_at=timezone.now() - timedelta(days=1), app=app)
    ask("order_status")

    _delivered()

    assert len(erp.came) == 1


# Customers who are erased


def test_of_an_erased_customer_nothing_is_kept(
    now: Any, subscribe: Subscribe, ask: Ask, mehmet: Actor, sofia: Actor, ada_user: User
) -> None:
    subscribe("https://erp.example/")
    subscribe("https://erp.example/", Topic.ORDER_REFUND)
    ticket = ask("order_status", "CANARY-WORDS")
    purchase = ask("item_problem")
    refunding.refund_items(purchase, list(purchase.items.all()), by=_at(mehmet))
    _told()
    refunding.settle(Refund.objects.get(), succeeded=True, by=clock())
    for delivery in Delivery.objects.all():
        Attempt.objects.create(delivery=delivery, at=timezone.now(), took=1, answer_status=200, answer="CANARY-ANSWER")
    bodies = "".join(Delivery.objects.values_list("body", flat=True))
    assert "CANARY-WORDS" in bodies
    assert "Lindenweg" in bodies

    erasing.erase(ada_user, by=sofia)
    forgetting.forget(ada_user)

    left = Delivery.objects.get()
    assert left.resource == topics.of_item(purchase.items.get().pk)
    assert "Lindenweg" not in left.body
    assert "Ada" not in left.body
    assert json.loads(left.body)[0]["data"]["state"] == "REFUNDED"
    assert not Attempt.objects.exclude(answer="").exists()
    assert not Delivery.objects.filter(ticket_id=ticket.pk).exists()


# What the store's team reads


def test_the_journal_says_what_became_of_a_subscription(subscribe: Subscribe, store: Merchant) -> None:
    subscription = subscribe("https://erp.example/")
    subscribing.stop(subscription, "dead", timezone.now())
    subscription.refresh_from_db()
    subscribing.change(subscription, url="https://erp.example/new", activate=True, by=clock())
    subscribing.end(subscription, by=clock())

    events = Event.objects.filter(subject_kind="subscription", merchant_id=store.pk).order_by("pk")
    told = [(event.verb.removeprefix("subscription_"), event.data["url"]) for event in events]
    assert told == [
        ("added", "https://erp.example/"),
        ("stopped", "https://erp.example/"),
        ("changed", "https://erp.example/new"),
        ("ended", "https://erp.example/new"),
    ]


def test_a_merchant_waits_an_hour_between_tries_and_no_two_messages_exactly_as_long() -> None:
    waits = {manners.V3.wait_after(tries).total_seconds() for tries in range(1, 25)}

    assert len(waits) == 24
    assert all(0.95 < wait / 3600 < 1.05 for wait in waits)
