"""The marketplace's programs are told: signed, at least once, in order for each ticket (W1-W4)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.lib import calling
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Attempt, Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import delivering, endpoints, forgetting, manners, planning, replaying
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, incidents, noticing, reading, sanctioning
from marketdesk.performance.counting import Rate
from marketdesk.performance.models import SanctionKind
from marketdesk.policy import promises
from marketdesk.refunds import reconciling, refunding
from marketdesk.refunds.models import Refund
from marketdesk.replies import editing
from marketdesk.replies.models import ReplyTemplate
from marketdesk.tickets.issue_types import ISSUES
from marketdesk.tickets.models import Excuse, Message, Ticket, Wait
from marketdesk.tickets.routes import ROUTING
from marketdesk.tickets.rules import Verb
from tests import severe
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Receiver, always, answers, at_first, endpoint

pytestmark = pytest.mark.django_db
Ask = Callable[..., Ticket]


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(calling, "DEADLINE", 0.3)


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """The marketplace's program, which accepts everything."""
    with webhooks.receiver() as here:
        yield here


def _told() -> None:
    """Run the jobs that are due."""
    worker = schedule.worker()
    while worker.run_one():
        pass
    assert list(Job.objects.exclude(error="").values_list("kind", "error")) == []


def _verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """The standard in ten lines, written from its text alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(expected, one) for version, one in given)


def _everything(ask: Ask, sofia: Actor, mehmet: Actor, ada: Actor) -> None:
    """Every kind of event happens once at least."""
    ticket = ask("item_problem")
    ticket.note("CANARY-NOTE", by=sofia)
    ticket.assign(User.objects.get(party=Party.SUPPORT), by=sofia)
    ticket.take_over(by=sofia)
    ticket.hand_back(by=sofia)
    ticket.end_links(by=sofia)
    ticket.appeal("It is lost.", by=mehmet)
    ticket.reply("Wir prüfen das. 谢谢 🙂", by=sofia)
    ticket.mark_returned(ticket.items.all(), by=sofia)
    first = refunding.refund_items(ticket, list(ticket.items.all()), by=sofia)[0]
    Refund.objects.update(requested_at=timezone.now() - timedelta(hours=73))
    reconciling.sweep_unanswered({})
    refunding.settle(first, succeeded=False, by=clock(), note="CANARY-SETTLED")
    second = refunding.refund_items(ticket, list(ticket.items.all()), by=sofia)[0]
    refunding.settle(second, succeeded=True, by=clock())
    reconciling.hear(second, succeeded=False, by=clock(), note="CANARY-SAID")
    ticket.refresh_from_db()
    ticket.close_for_good(by=sofia)
    question = ask("order_status")
    question.resolve("It is there.", by=mehmet)
    question.reopen("One more thing.", by=mehmet)
    question.close(by=ada, how="solved")
    from marketdesk.performance.rating import rate

    rate(question, helpful=True, comment="Thanks", by=ada)
    late = ask("tracking")
    silent = ask("order_status")
    silent.reply("Is it there?", by=mehmet)
    silent.remind_customer(by=clock())
    Event.tell(
        verb="due_soon", subject_kind="merchant", subject_id=ticket.merchant_id, merchant_id=ticket.merchant_id,
        audience="staff", actor=clock().as_json(), at=timezone.now(), data={"hours": 24, "tickets": [late.pk]},
    )  # fmt: skip
    late.mark_late(by=clock(timezone.now() + timedelta(hours=49)))
    warning = noticing.warn(late.merchant_id, [late.waits.get().pk], Rate(1, 5, 5), promises.current(), timezone.now())
    penalty = noticing.penalise(late.merchant_id, [warning], promises.current(), timezone.now())
    noticing.withdraw(warning, noticing.CONTESTED, by=sofia)
    contest = contesting.contest(penalty, "The warning was withdrawn.", by=mehmet)
    contesting.decide(contest, granted=True, reason="It was.", by=sofia)
    incident = incidents.declare("The mail service is down.", timezone.now(), by=sofia)
    incidents.end(incident, timezone.now() + timedelta(hours=1), by=sofia)
    incidents.withdraw(incident, by=sofia)
    _sanctions(Merchant.objects.create(external_id="m-severe", name="Late Goods"), sofia)
    promises.change({"reply_hours": 24}, reason="CANARY-REASON", by=sofia)
    ROUTING.change(ROUTING.read()[2:], reason="CANARY-REASON", by=sofia)
    ISSUES.change(ISSUES.read()[::-1], reason="CANARY-REASON", by=sofia)
    switched_off = {**editing.values_of(ReplyTemplate.objects.get(code="anything_else")), "active": False}
    editing.change("anything_else", switched_off, reason="CANARY-REASON", by=sofia, seen=0)


def _sanctions(store: Merchant, sofia: Actor) -> None:
    """Every kind of event of a sanction."""
    now = timezone.now()
    severe.month(store, now)
    sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, now, promises.current()), now)
    Wait.objects.update(excused=Excuse.CONTEST)
    sanctioning.withdraw_baseless(store.pk, now)
    heard = replace(sofia, at=now + timedelta(days=6))
    for kind in SanctionKind:
        sanctioning.confirm(sanctioning.propose(store, kind, "A reason.", by=sofia), "Decided.", by=heard)
    sanctioning.end_due(now + timedelta(days=40))
    sanctioning.decline(sanctioning.propose(store, SanctionKind.SUSPENSION, "A reason.", by=sofia), "No.", by=sofia)


# How they are signed, W1


def test_every_kind_of_message_is_signed_as_any_receiver_can_check(
    shop: Receiver, ask: Ask, sofia: Actor, mehmet: Actor, ada: Actor
) -> None:
    _made, secret = endpoint(shop.url)

    _everything(ask, sofia, mehmet, ada)
    _told()
    webhooks.deliver_everything()

    said = [json.loads(request.body) for request in shop.came]
    assert {one["type"] for one in said} == set(KINDS.values())
    bodies = dict(Delivery.objects.values_list("message_id", "body"))
    for request in shop.came:
        assert Webhook(secret).verify(request.body, request.headers) == json.loads(request.body)
        assert _verified(secret, request.headers, request.body)
        assert request.body == bodies[request.id].encode()
        assert json.loads(request.body)["id"] == request.id


def test_the_control_with_another_secret_or_a_changed_body_is_refused(shop: Receiver, ask: Ask) -> None:
    _made, secret = endpoint(shop.url)
    ask("order_status")
    _told()
    webhooks.deliver_everything()
    request = shop.came[0]
    other = endpoint("http://127.0.0.1:1/")[1]

    assert not _verified(other, request.headers, request.body)
    assert not _verified(secret, request.headers, request.body + b" ")
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(request.body, request.headers)


def test_for_a_day_after_a_rotation_both_secrets_verify(shop: Receiver, ask: Ask) -> None:
    made, old = endpoint(shop.url)
    now = timezone.now()
    new = endpoints.rotate(made, by=clock(now))
    ask("order_status")
    _told()
    delivery = Delivery.objects.get()

    webhooks.deliver_everything()

    assert len({old, new}) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(shop.came[0].body, shop.came[0].headers)
    made.refresh_from_db()
    day_later = now + timedelta(hours=24)
    headers = manners.sign(delivery, made, day_later)
    assert not _verified(old, headers, delivery.body.encode())
    assert _verified(new, headers, delivery.body.encode())


def test_a_rotation_helps_where_the_installations_own_key_was_lost(shop: Receiver, ask: Ask, settings: Any) -> None:
    made, _lost = endpoint(shop.url)
    settings.SECRET_KEY = "another one, " + "y" * 40

    secret = endpoints.rotate(made, by=clock())
    ask("order_status")
    _told()
    delivering.serve_one(timezone.now())

    (came,) = shop.came
    assert _verified(secret, came.headers, came.body)


def test_no_secret_stands_in_the_database(shop: Receiver) -> None:
    made, secret = endpoint(shop.url)
    endpoints.rotate(made, by=clock())

    row = str(Endpoint.objects.values().get())

    assert secret not in row
    assert "whsec_" not in row


# What is said


def test_nothing_that_only_the_platform_may_read_goes_out(
    shop: Receiver, ask: Ask, sofia: Actor, mehmet: Actor, ada: Actor
) -> None:
    endpoint(shop.url)

    _everything(ask, sofia, mehmet, ada)
    _told()
    webhooks.deliver_everything()

    everything = b"".join(request.body for request in shop.came)
    assert b"CANARY" not in everything
    assert b"Sofia" not in everything
    assert b'"pk"' not in everything


def test_a_change_of_the_policy_says_from_when_it_counts_and_whether_it_was_withdrawn(
    now: Any, shop: Receiver, sofia: Actor
) -> None:
    endpoint(shop.url, ("policy.changed",))
    at = timezone.now() + timedelta(days=2)
    change = promises.change({"reply_hours": 24}, reason="Faster.", by=sofia, valid_from=at)
    promises.undo(change, reason="Not now.", by=sofia)
    _told()
    webhooks.deliver_everything()

    said = [json.loads(request.body)["data"] for request in shop.came]

    scheduled = {"by": "support", "values": {"reply_hours": 24}, "valid_from": at.isoformat(), "withdrawn": False}
    assert said == [scheduled, {**scheduled, "withdrawn": True}]


def test_a_refund_is_asked_for_with_a_key_that_never_changes(
    shop: Receiver, ask: Ask, mehmet: Actor, mehmet_user: User
) -> None:
    endpoint(shop.url, ("refund.requested",))
    ticket = ask("item_problem")

    refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)
    _told()
    mails = [one.subject for one in mail.outbox]
    webhooks.deliver_everything()
    replaying.replay_message(shop.ids[0], by=clock())
    webhooks.deliver_everything()

    refund = Refund.objects.get()
    first, again = (json.loads(request.body) for request in shop.came)
    assert first == again
    assert first["type"] == "refund.requested"
    assert first["data"]["refund"] == {
        "id": refund.public_id, "key": refund.key, "order": "O-1001", "merchant": "m-1",
        "item": refund.item.public_id, "item_name": "Table lamp Nara",
        "amount": "89.90", "currency": "EUR", "reason": "", "reason_note": "", "status": "pending",
    }  # fmt: skip
    assert len(mails) == 1, "Ada hears of the refund once, as before"


def test_a_refund_that_is_refused_asks_for_nothing(ask: Ask, mehmet: Actor) -> None:
    ticket = ask("item_problem")
    refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)

    with pytest.raises(Exception, match="closed"):
        refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)

    assert Event.objects.filter(verb="refund_requested").count() == 1


def test_every_verb_of_a_ticket_has_a_name() -> None:
    assert set(Verb) <= set(KINDS)
    assert len(set(KINDS.values())) == len(KINDS)


def test_an_endpoint_is_told_of_what_it_chose_and_of_nothing_before_it_was_there(
    shop: Receiver, ask: Ask, mehmet: Actor
) -> None:
    ticket = ask("order_status")
    made, _secret = endpoints.add(shop.url, ["ticket.replied", "ticket.closed"], by=clock())

    ticket.reply("On its way.", by=mehmet)
    ticket.close(by=mehmet)
    _told()
    webhooks.deliver_everything()

    assert [json.loads(request.body)["type"] for request in shop.came] == ["ticket.replied", "ticket.closed"]
    assert [json.loads(request.body)["sequence"] for request in shop.came] == [2, 3]
    assert made.deliveries.count() == 2


def test_what_happened_before_a_kind_was_chosen_is_not_sent_along(ask: Ask, mehmet: Actor, sofia: Actor) -> None:
    made, _secret = endpoint("https://shop.example/", ("ticket.replied",))
    ticket = ask("order_status")
    ticket.reply("One.", by=mehmet)
    ticket.note("Before.", by=sofia)
    _told()
    endpoints.choose(made, ["ticket.replied", "ticket.noted"], by=sofia)
    ticket.reply("Two.", by=mehmet)
    ticket.note("After.", by=sofia)
    _told()

    told = Delivery.objects.order_by("pk").values_list("kind", "sequence")
    assert list(told) == [("ticket.replied", 2), ("ticket.replied", 4), ("ticket.noted", 5)]


def test_a_later_event_never_overtakes_an_earlier_one_whatever_order_the_jobs_ran_in(
    shop: Receiver, ask: Ask, ada: Actor
) -> None:
    endpoint(shop.url)
    ticket = ask("order_status")
    for number in range(5):
        ticket.reply(f"And {number}.", by=ada)

    for event in Event.objects.order_by("-pk"):
        planning.plan(event, timezone.now())
    # The clocks of the workers that planned them were wrong.
    newest = Delivery.objects.latest("event_id")
    Delivery.objects.filter(pk=newest.pk).update(next_at=timezone.now() - timedelta(minutes=10))
    webhooks.deliver_everything()

    assert [json.loads(request.body)["sequence"] for request in shop.came] == [1, 2, 3, 4, 5, 6]


def test_an_event_waits_for_the_first_try_of_the_one_before_and_no_longer(ask: Ask, ada: Actor) -> None:
    with webhooks.receiver(at_first(1, answers(500))) as shop:
        endpoint(shop.url)
        ask("order_status").reply("And?", by=ada)
        _told()

        webhooks.deliver_everything()

    assert [json.loads(request.body)["sequence"] for request in shop.came] == [1, 2, 1]


# What goes wrong at the other side


def _one_delivery(ask: Ask, url: str) -> Delivery:
    endpoint(url)
    ask("order_status")
    _told()
    return Delivery.objects.get()


def test_ten_tries_within_about_76_hours(ask: Ask) -> None:
    with webhooks.receiver(always(answers(500, b"no"))) as shop:
        delivery = _one_delivery(ask, shop.url)
        begun = delivery.made_at

        tried = webhooks.deliver_everything()

    delivery.refresh_from_db()
    assert tried == len(shop.came) == 10
    assert len(set(shop.ids)) == 1
    assert (delivery.status, delivery.answer_status) == (DeliveryStatus.GIVEN_UP, 500)
    assert set(delivery.tries.values_list("answer_status", "answer")) == {(500, "no")}
    assert delivery.tries.count() == 10
    assert delivery.tried_at
    assert timedelta(hours=68) < delivery.tried_at - begun < timedelta(hours=84)


def test_no_two_messages_that_failed_together_are_tried_again_together() -> None:
    assert len({manners.STANDARD.wait_after(3) for _time in range(50)}) > 40


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["3600", "date"])
def test_retry_after_is_honoured_for_the_whole_endpoint(ask: Ask, status: int, said: str) -> None:
    now = timezone.now()
    date = (now + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with webhooks.receiver(at_first(1, answers(status, Retry_After=date if said == "date" else said))) as shop:
        delivery = _one_delivery(ask, shop.url)
        delivering.serve_one(timezone.now())
        ask("tracking")
        _told()

        early = delivering.serve_one(now + timedelta(minutes=59))
        late = delivering.serve_one(now + timedelta(minutes=61))

    delivery.refresh_from_db()
    assert (early, late) == (0, 2)
    assert delivery.status == DeliveryStatus.DELIVERED


@pytest.mark.parametrize("said", ["-5", "soon", "1e9", "٣", "99999999999999999999", "Thu, 99 Foo"])
def test_a_senseless_retry_after_stops_nothing_for_long(ask: Ask, said: str) -> None:
    with webhooks.receiver(at_first(1, lambda line, _request: line.sendall(
        f"HTTP/1.1 503 No\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()
    ))) as shop:  # fmt: skip
        delivery = _one_delivery(ask, shop.url)

        webhooks.deliver_everything()

    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED
    assert delivery.tried_at
    assert delivery.tried_at - delivery.made_at < timedelta(hours=25)


def test_an_endpoint_that_is_gone_is_disabled_and_the_administrators_are_told(
    ask: Ask, sofia_user: User, mehmet_user: User
) -> None:
    chief = User.objects.create_superuser("chief@example.org", name="Carla Chief", language="en")
    with webhooks.receiver(always(answers(410))) as shop:
        delivery = _one_delivery(ask, shop.url)
        mail.outbox.clear()

        webhooks.deliver_everything()
        _told()
        ask("tracking")
        _told()
        webhooks.deliver_everything()

    made = Endpoint.objects.get()
    assert len(shop.came) == 1
    assert (made.disabled_because, made.deliveries.count()) == ("gone", 1)
    letters = [one for one in mail.outbox if "webhook" in one.subject]
    assert [one.to for one in letters] == [[chief.email]]
    assert shop.url in str(letters[0].body)
    assert f"/support/webhooks/{made.public_id}" in str(letters[0].body)
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.WAITING, "it goes out when somebody enables it"


def test_an_endpoint_that_never_answers_is_disabled_and_gets_the_rest_when_it_is_back(
    ask: Ask, ada: Actor, sofia_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manners, "STANDARD", replace(manners.STANDARD, given_up_limit=3))
    mood = [answers(500)]
    with webhooks.receiver(lambda _number: mood[0]) as shop:
        made, _secret = endpoint(shop.url)
        ticket = ask("order_status")
        for number in range(4):
            ticket.reply(f"And {number}.", by=ada)
        _told()
        webhooks.deliver_everything()
        made.refresh_from_db()
        disabled = made.disabled_because
        ticket.reply("While it was disabled.", by=ada)
        _told()
        shop.came.clear()
        mood[0] = answers(200)

        endpoints.enable(made, by=clock())
        replaying.replay_since(timezone.now() - timedelta(days=1), by=clock())
        webhooks.deliver_everything()

    assert disabled == "dead"
    assert [json.loads(request.body)["sequence"] for request in shop.came] == [1, 2, 3, 4, 5, 6]
    assert not Delivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()
    letters = [one for one in mail.outbox if "webhook" in one.subject]
    assert [one.to for one in letters] == [[sofia_user.email]], "there is no administrator, so support is told"


def test_what_waits_for_its_next_try_goes_out_as_soon_as_the_endpoint_is_enabled(ask: Ask) -> None:
    with webhooks.receiver(at_first(1, answers(500))) as shop:
        delivery = _one_delivery(ask, shop.url)
        delivering.serve_one(timezone.now())
        endpoints.disable(delivery.endpoint, by=clock())

        endpoints.enable(delivery.endpoint, by=clock())
        delivering.serve_one(timezone.now())

    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status) == (2, DeliveryStatus.DELIVERED)


def test_of_an_answer_at_most_a_kilobyte_is_kept(ask: Ask) -> None:
    with webhooks.receiver(always(answers(200, b"\x00\xff\xc3\xa4" * 2000))) as shop:
        delivery = _one_delivery(ask, shop.url)

        webhooks.deliver_everything()

    answer = delivery.tries.get().answer
    assert 500 < len(answer.encode()) <= 1024
    assert "\x00" not in answer


def test_one_broken_message_keeps_no_other_waiting(shop: Receiver, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint(shop.url)
    first, _second = ask("order_status"), ask("tracking")
    _told()
    sign, broken = manners.sign, Delivery.objects.get(ticket_id=first.pk).message_id

    def badly(delivery: Delivery, *rest: Any) -> dict[str, str]:
        if delivery.message_id == broken:
            raise RuntimeError("broken")
        return sign(delivery, *rest)

    monkeypatch.setattr(manners, "STANDARD", replace(manners.STANDARD, headers=badly))
    webhooks.deliver_everything()

    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["given_up", "delivered"]


# The dispatcher dies (W4)


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("step", ["before the call", "after the call", "before noting", "while noting", "after noting"])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_killed_at_any_step_no_message_is_missing_and_twins_carry_the_same_id(
    shop: Receiver, ask: Ask, ada: Actor, monkeypatch: pytest.MonkeyPatch, step: str, time: int
) -> None:
    endpoint(shop.url)
    ticket = ask("order_status")
    for number in range(3):
        ticket.reply(f"And {number}.", by=ada)
    _told()
    post, note, saved = calling.post, delivering._note, Delivery.note
    left = [time]

    def die() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    def dying_post(*args: Any, **kwargs: Any) -> calling.Answer:
        if step == "before the call":
            die()
        answer = post(*args, **kwargs)
        if step == "after the call":
            die()
        return answer

    def dying_note(*args: Any) -> bool:
        if step == "before noting":
            die()
        noted = note(*args)
        if step == "after noting":
            die()
        return noted

    def dying_save(self: Delivery, **fields: Any) -> None:
        saved(self, **fields)
        if step == "while noting":
            die()

    monkeypatch.setattr(calling, "post", dying_post)
    monkeypatch.setattr(delivering, "_note", dying_note)
    monkeypatch.setattr(Delivery, "note", dying_save)

    with pytest.raises(Killed):
        webhooks.deliver_everything()
    at_once = delivering.serve_one(timezone.now())
    webhooks.deliver_everything()

    assert at_once == 0, "the lease of the dead one still runs"
    assert set(shop.ids) == set(Delivery.objects.values_list("message_id", flat=True))
    assert not Delivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()
    bodies: dict[str, set[bytes]] = {}
    for request in shop.came:
        bodies.setdefault(request.id, set()).add(request.body)
    assert all(len(twins) == 1 for twins in bodies.values())
    assert len(shop.came) <= len(bodies) + 1


@pytest.mark.parametrize("step", ["before planning", "between two endpoints", "after planning"])
def test_killed_while_an_event_is_told_nobody_misses_it(
    shop: Receiver, ask: Ask, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    endpoint(shop.url)
    endpoint(shop.url)
    ask("order_status")
    plan, write, steps = planning.plan, planning._write, [step]

    def die(here: str) -> None:
        if here in steps:
            steps.remove(here)
            raise Killed

    def dying_plan(*args: Any) -> None:
        die("before planning")
        plan(*args)
        die("after planning")

    def dying_write(*args: Any) -> None:
        write(*args)
        die("between two endpoints")

    monkeypatch.setattr(planning, "plan", dying_plan)
    monkeypatch.setattr(planning, "_write", dying_write)
    with pytest.raises(Killed):
        _told()
    Job.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(minutes=5))
    _told()
    webhooks.deliver_everything()

    assert len(shop.came) == 2
    assert len(set(shop.ids)) == 1


def test_the_control_that_tells_after_the_commit_loses_an_event(
    shop: Receiver, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the outbox in the transaction: the process dies between the commit and what should follow it."""
    endpoint(shop.url)

    def tell_afterwards(_cls: type[Event], /, **fields: Any) -> Event:
        event = Event.objects.create(**fields)
        transaction.on_commit(lambda: Job.put("tell", {"event": event.pk}))  # never runs: nothing is committed here
        return event

    monkeypatch.setattr(Event, "tell", classmethod(tell_afterwards))
    ask("order_status")
    _told()
    webhooks.deliver_everything()

    assert Event.objects.filter(verb="open").exists()
    assert shop.came == []


def test_a_replay_that_is_asked_for_during_the_last_try_is_not_lost(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhooks.receiver(always(answers(500))) as shop:
        delivery = _one_delivery(ask, shop.url)
        Delivery.objects.update(attempts=9)
        post = calling.post

        def post_and_replay(*args: Any, **kwargs: Any) -> calling.Answer:
            answer = post(*args, **kwargs)
            replaying.replay_message(delivery.message_id, by=clock())
            return answer

        monkeypatch.setattr(calling, "post", post_and_replay)
        delivering.serve_one(timezone.now())

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.WAITING, 1)


def test_nothing_is_kept_of_a_customer_who_is_erased_during_a_try(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhooks.receiver(always(answers(500, b"Danke sehr"))) as shop:
        _one_delivery(ask, shop.url)
        Message.objects.update(body="")  # as the erasure does before it
        post = calling.post

        def post_and_forget(*args: Any, **kwargs: Any) -> calling.Answer:
            answer = post(*args, **kwargs)
            forgetting.forget(Ticket.objects.get().customer)
            return answer

        monkeypatch.setattr(calling, "post", post_and_forget)
        tried = delivering.serve_one(timezone.now())

    assert tried == 1
    assert Endpoint.objects.get().failing_since
    assert (Attempt.objects.get().answer_status, Attempt.objects.get().answer) == (500, "")


def test_who_lost_the_lease_writes_nothing_down(shop: Receiver, ask: Ask) -> None:
    delivery = _one_delivery(ask, shop.url)
    now = timezone.now()
    slow = delivering.claim(now)
    assert slow
    quick = delivering.claim(now + delivering.LEASE + timedelta(seconds=1))
    assert quick

    attempt = Attempt(delivery=delivery, at=now, took=1, answer_status=500)
    noted = delivering._note(attempt, slow, calling.Answer(500, {}, b""), now)

    delivery.refresh_from_db()
    assert not noted
    assert (delivery.attempts, delivery.answer_status, delivery.tries.count()) == (0, None, 0)


def test_what_was_swept_is_not_sent_again_when_its_ticket_moves(
    now: Any, shop: Receiver, ask: Ask, mehmet: Actor
) -> None:
    endpoint(shop.url)
    ticket = ask("order_status")
    _told()
    webhooks.deliver_everything()
    now.shift(timedelta(days=31))
    schedule.HANDLERS["sweep_deliveries"]({})

    ticket.reply("At last.", by=replace(mehmet, at=timezone.now()))
    _told()
    webhooks.deliver_everything()

    assert [json.loads(request.body)["type"] for request in shop.came] == ["ticket.opened", "ticket.replied"]


def test_what_was_delivered_long_ago_is_forgotten(shop: Receiver, ask: Ask) -> None:
    _one_delivery(ask, shop.url)
    webhooks.deliver_everything()
    ask("tracking")
    _told()
    Delivery.objects.update(made_at=timezone.now() - timedelta(days=31))

    schedule.HANDLERS["sweep_deliveries"]({})

    assert list(Delivery.objects.values_list("status", flat=True)) == [DeliveryStatus.WAITING]


# Endpoints


@pytest.mark.parametrize(
    "url",
    ["", "shop.example", "ftp://127.0.0.1/", "http://user:pass@127.0.0.1/", "http://127.0.0.1/#a", "http://127.0.0.1/ä",
     "http://127.0.0.1:99999/", "http://[::1", "https://10.0.0.1/", "http://93.184.216.34/", "http://127.0.0.1/ x"],
)  # fmt: skip
def test_what_cannot_be_an_endpoint_is_refused_in_words(url: str) -> None:
    with pytest.raises(endpoints.BadEndpoint, match=r"\w"):
        endpoints.add(url, [], by=clock())

    assert not Endpoint.objects.exists()


def test_an_unknown_event_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(endpoints.BadEndpoint, match=r"ticket\.burnt.*ticket\.opened"):
        endpoints.add("http://127.0.0.1/", ["ticket.burnt"], by=clock())
