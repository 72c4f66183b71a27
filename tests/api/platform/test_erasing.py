"""A customer is forgotten: names, addresses, texts and pictures go, numbers stay."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.outbox.models import Attempt, Delivery
from marketdesk.outbox.webhooks import endpoints
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import rate
from marketdesk.programs.models import AccessToken
from marketdesk.refunds.models import Refund
from marketdesk.refunds.reasons import DAMAGED
from marketdesk.refunds.refunding import refund_item, refund_items, settle
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Beginning, Draft, Issue, Ticket
from marketdesk.tickets.rules import OVER
from marketdesk.translations.models import Translation
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db

# What must be found nowhere in the database afterwards.
TRACES = ("Ada Lovelace", "ada@example.org", "Lindenweg", "53111", "Bonn", "TR-O-1001", "Zebra", "+49 228")


def everything() -> str:
    """The whole database as text."""
    return "\n".join(str(list(model._default_manager.values())) for model in apps.get_models())


def a_picture(by: Actor) -> Attachment:
    body = io.BytesIO()
    Image.new("RGB", (9, 7), "teal").save(body, "JPEG")
    body.seek(0)
    return Attachment.keep(body, "Zebra.jpg", by=by)


@pytest.fixture
def story(purchase: Ticket, ada: Actor, mehmet: Actor) -> Ticket:
    """Everything that Ada can leave behind: words, pictures, a translation, a draft, a rating, webhooks."""
    endpoints.add("https://shop.example.org/hook", [], by=clock())
    Order.objects.update(phone="+49 228 1", payment="Zebra card")
    message = purchase.reply("Zebra here", by=ada, pictures=[a_picture(ada)], language="de")
    Translation.objects.create(message=message, language="en", engine="human", body="Zebra there")
    a_picture(ada)
    purchase.close(how="solved", by=ada)
    rate(purchase, helpful=True, comment="Zebra", by=ada)
    Draft.keep(purchase.pk, "Zebra draft", by=ada)
    Beginning.keep("order/O-1001", "Zebra beginning", by=ada)
    schedule.worker().run_due()
    return purchase


def test_people_are_forgotten_and_numbers_kept(
    shop: Program, story: Ticket, ask: Callable[..., Ticket], django_capture_on_commit_callbacks: Any
) -> None:
    live = ask("order_status", "Zebra again?")
    paths = [one.path for one in Attachment.objects.all()]
    assert all(trace in everything() for trace in TRACES)
    assert Delivery.objects.filter(body__contains="Zebra here").exists()

    with django_capture_on_commit_callbacks(execute=True):
        answer = shop.delete("customers/c-1")

    left = everything()
    user, order = User.objects.get(external_id="c-1"), Order.objects.get()
    assert answer.status == 200
    assert [trace for trace in TRACES if trace in left] == []
    assert (user.is_active, user.country, user.has_usable_password()) == (False, "DE", False)
    assert (order.total, order.country, order.items.count()) == (12480, "DE", 2)
    assert (Rating.objects.get().helpful, Ticket.objects.count()) == (True, 2)
    live.refresh_from_db()
    assert live.state in OVER, "nobody is left to be answered"
    assert not Attachment.objects.exists()
    assert paths
    assert not any(default_storage.exists(path) for path in paths)
    assert Event.objects.get(verb="erased").actor["app"] == "platform:shop"


def test_what_another_customer_wrote_stays(
    shop: Program, story: Ticket, bob_user: User, store: Any, product: Any, django_capture_on_commit_callbacks: Any
) -> None:
    bob = Actor("customer", user_id=bob_user.pk, name=bob_user.name)  # type: ignore[arg-type]
    same = a_picture(bob)

    with django_capture_on_commit_callbacks(execute=True):
        shop.delete("customers/c-1")

    assert default_storage.exists(same.path), "the same picture, sent by another"
    bob_user.refresh_from_db()
    assert bob_user.name == "Bob Builder"


def test_erasing_twice_is_once(shop: Program, story: Ticket) -> None:
    first, second = shop.delete("customers/c-1"), shop.delete("customers/c-1")

    assert first.body == second.body
    assert Event.objects.filter(verb="erased").count() == 1


def test_what_programs_were_answered_is_forgotten_too(
    shop: Program, ask: Callable[..., Ticket], order: Order, store: Merchant
) -> None:
    question, item = ask("order_status", "Zebra?"), order.items.all()[0]
    erp, token = Client(), AccessToken.issue(store, "ERP")
    writes = {
        f"tickets/{question.public_id}": {"state": "CLOSED"},
        f"orders/{item.public_id}/refund": {"refund_reason": "ITEM_IS_DAMAGED"},
    }

    def write() -> list[Any]:
        known = {"Authorization": f"Bearer {token}"}
        return [
            erp.put(f"/api/v3/{path}", body, "application/json", headers={**known, "Idempotency-Key": path[:8]})
            for path, body in writes.items()
        ]

    first = write()
    settle(Refund.objects.get(), succeeded=True, by=clock())
    again = write()
    shop.delete("customers/c-1")
    schedule.worker().run_due()
    later = write()

    assert [one.status_code for one in first] == [200, 200]
    assert [one.content for one in again] == [one.content for one in first]
    assert [trace for trace in TRACES if trace in everything()] == []
    assert [one.status_code for one in later] == [404, 404], "what was done is not done again"
    assert Refund.objects.count() == 1


def test_not_while_a_refund_is_pending(shop: Program, purchase: Ticket, mehmet: Actor, sofia: Actor) -> None:
    refund_items(purchase, list(purchase.items.all()), by=mehmet)
    before = everything()

    refused = shop.delete("customers/c-1")
    unchanged = everything() == before
    settle(Refund.objects.get(), succeeded=True, by=sofia)

    assert (refused.status, refused.code) == (409, "refund_pending")
    assert "refund" in refused.data["error"]["message"]
    assert unchanged
    assert shop.delete("customers/c-1").status == 200


def test_not_while_a_refund_without_a_ticket_is_pending(shop: Program, order: Order, mehmet: Actor) -> None:
    refund = refund_item(order.items.all()[0], by=mehmet, reason=DAMAGED)

    assert (shop.delete("customers/c-1").status, shop.delete("customers/c-1").code) == (409, "refund_pending")
    settle(refund, succeeded=True, by=clock())
    assert shop.delete("customers/c-1").status == 200


def test_who_was_erased_never_comes_back_by_a_batch(shop: Program, story: Ticket) -> None:
    shop.delete("customers/c-1")

    rows = {
        "customers": {"id": "c-1", "name": "Ada Lovelace"},
        "orders": {"id": "O-1001", "street1": "Lindenweg 4"},
    }
    new = {
        "id": "O-new", "merchant": "m-1", "customer": "c-1", "currency": "EUR", "country": "DE",
        "placed_at": "2026-11-01T10:00:00Z", "items": [{"product": "p-1", "price": "1.00"}],
    }  # fmt: skip
    answers = [shop.post(kind, {"rows": [row]}).data["results"][0] for kind, row in [*rows.items(), ("orders", new)]]

    assert [one["result"] for one in answers] == ["refused"] * 3
    assert all("erased" in one["reason"] for one in answers)
    assert "Lovelace" not in everything()
    assert Order.objects.count() == 1


def test_what_was_sent_is_written_anew_and_nothing_old_is_sent_again(shop: Program, story: Ticket) -> None:
    deliveries = Delivery.objects.order_by("event_id")
    before = list(deliveries.values_list("event_id", "message_id", "status"))
    now = timezone.now()
    Attempt.objects.bulk_create(
        Attempt(delivery=one, at=now, took=20, answer_status=200, answer="Thanks, Ada Lovelace")
        for one in deliveries.all()
    )

    shop.delete("customers/c-1")
    schedule.worker().run_due()

    assert before == list(deliveries.values_list("event_id", "message_id", "status"))
    assert all(json.loads(one.body).get("data", {}).get("message", {}).get("text", "") == "" for one in deliveries)
    assert not Attempt.objects.exclude(answer="").exists()


@pytest.mark.parametrize("deed", ["open", "reopen", "rate"])
def test_whoever_was_still_writing_when_they_were_erased_writes_nothing(
    deed: str, shop: Program, story: Ticket, ada: Actor, ada_user: User
) -> None:
    issue, order = Issue.objects.get(pk="order_status"), Order.objects.get()
    shop.delete("customers/c-1")
    before = everything()

    deeds: dict[str, Callable[[], object]] = {
        "open": lambda: Ticket.open(
            customer=ada_user, merchant=story.merchant, issue=issue, order=order, text="Zebra?", by=ada
        ),
        "reopen": lambda: story.reopen("Zebra", by=ada),
        "rate": lambda: rate(story, helpful=False, comment="Zebra", by=ada),
    }

    with pytest.raises(NotAllowed):
        deeds[deed]()

    assert everything() == before


def test_no_session_and_no_refused_mail_keeps_the_address(
    shop: Program, story: Ticket, ada_user: User, bob_user: User
) -> None:
    bob_user.set_password("bob-password")
    bob_user.save()
    for email, password in (("ada@example.org", "ada-password"), ("bob@example.org", "bob-password")):
        Client().post("/accounts/login/", {"login": email, "password": password})
    Job.put("mail", {"user": ada_user.pk})
    Job.objects.filter(kind="mail", payload__user=ada_user.pk).update(
        error="SMTPRecipientsRefused({'ada@example.org': (550, b'no')})"
    )
    assert "ada@example.org" in str([one.get_decoded() for one in Session.objects.all()])

    with CaptureQueriesContext(connection) as queries:
        shop.delete("customers/c-1")
    assert not [one for one in queries if "django_session" in one["sql"]]  # a shop may have a million of them
    schedule.worker().run_due()

    assert [one.get_decoded()["_auth_user_id"] for one in Session.objects.all()] == [str(bob_user.pk)]
    assert not Job.objects.filter(error__contains="ada@example.org").exists()


def test_who_was_erased_is_as_if_absent(shop: Program, story: Ticket) -> None:
    shop.delete("customers/c-1")

    assert shop.get("customers/c-1/tickets").status == 404
    assert shop.get(f"tickets/{story.public_id}", customer="c-1").status == 404
    assert shop.post(f"tickets/{story.public_id}/reopen", {"customer": "c-1", "text": "Me"}).status == 404


def test_nobody_and_people_of_another_side_cannot_be_erased(shop: Program, mehmet_user: User, store: Any) -> None:
    User.objects.filter(pk=mehmet_user.pk).update(external_id="u-1")

    nobody, merchant = shop.delete("customers/c-9"), shop.delete("customers/u-1")

    assert (nobody.status, merchant.body) == (404, nobody.body)
    assert User.objects.get(pk=mehmet_user.pk).erased_at is None
