"""A sandbox is apart: neither people nor the marketplace's programs ever meet what is only tried."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.outbox import recipients
from marketdesk.outbox.models import Delivery, Endpoint
from marketdesk.outbox.webhooks import planning
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.programs import sandbox
from marketdesk.programs.models import AccessToken
from marketdesk.records import orders, products
from marketdesk.records.fields import Row
from marketdesk.records.writing import write
from marketdesk.refunds import reconciling, refunding
from marketdesk.refunds.models import Refund
from marketdesk.support import overview_files
from marketdesk.tickets import jobs
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.conftest import make_administrator, signed_in
from tests.programs.sandbox.conftest import tried
from tests.test_tenancy import ABSENT, DOORS, bare, routes

pytestmark = pytest.mark.django_db

QUEUES = ("mine", "unassigned", "with-support", "awaiting-user", "with-merchants", "closed")
REFUNDS = ("pending", "contradicted", "failed", "paid")


@pytest.fixture
def here(store: Merchant, few: Callable[..., None], now: Any) -> Merchant:
    few("order_status", "store_question", "item_problem", "return_or_refund")
    return sandbox.store_of(store)


def numbers(ticket: Ticket) -> list[str]:
    """All that somebody could look it up by."""
    order, here = ticket.order, ticket.merchant
    assert order is not None
    return [
        *(ticket.public_id, order.external_id, order.public_id, order.tracking_number),
        *(here.external_id, here.public_id),
    ]


def test_no_page_of_support_changes_when_there_is_a_sandbox(
    store: Merchant, ticket: Ticket, purchase: Ticket, mehmet: Actor, sofia_user: User, now: Any
) -> None:
    """Every address of support's door that names no object, each queue, and every search; but how much the worker has
    to do, whoever it is for."""
    refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    sofia = signed_in(make_administrator(sofia_user))
    plain = [one for one in routes() if DOORS.get(one.name) == ("support",) and "<" not in one.path]
    plain = [one for one in plain if one.name != "support:jobs"]
    lists = {"support:queue": QUEUES, "support:refunds": REFUNDS, "support:overview-csv": overview_files.TABLES}
    chosen = [(one, {"queue": name, "table": name}) for one in routes() for name in lists.get(one.name, ())]
    addresses = [one.address({}) for one in plain] + [one.address(names) for one, names in chosen]

    def seen() -> dict[str, str]:
        answers = {address: sofia.get(address) for address in addresses}
        return {address: f"{one.status_code} {bare(one)}" for address, one in answers.items()}

    before = seen()
    sandbox.store_of(store)
    refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))

    assert seen() == before
    assert len(addresses) > 20
    for number in numbers(tried(store, "return_or_refund")):
        found = sofia.get("/support/search", {"q": number})
        assert bare(found, number) == bare(sofia.get("/support/search", {"q": ABSENT}), ABSENT), number
        owners = sofia.get("/support/team/owners", {"merchant_words": number})
        none = sofia.get("/support/team/owners", {"merchant_words": ABSENT})
        assert bare(owners, number) == bare(none, ABSENT), number


def test_its_tickets_and_refunds_are_absent_for_support(store: Merchant, here: Merchant, sofia_user: User) -> None:
    sofia = signed_in(make_administrator(sofia_user))
    refund = refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))[0]
    for ticket in Ticket.objects.filter(merchant=here):
        for method, body in (("get", {}), ("post", {"act": "reply", "text": "Hello"}), ("post", {"act": "note"})):
            theirs = getattr(sofia, method)(f"/support/tickets/{ticket.public_id}", body)
            none = getattr(sofia, method)(f"/support/tickets/{ABSENT}", body)

            assert theirs.status_code == 404
            assert bare(theirs, ticket.public_id) == bare(none, ABSENT)

    assert sofia.get(f"/support/refunds/{refund.public_id}").status_code == 404
    assert not Ticket.objects.visible_to(Actor(Party.SUPPORT, user_id=sofia_user.pk)).exists()
    assert reconciling.counts(Actor(Party.SUPPORT, user_id=sofia_user.pk))[reconciling.RefundList.PENDING] == 0


def test_who_plays_support_in_one_sandbox_sees_no_other(
    here: Merchant, rival_store: Merchant, ticket: Ticket, few: Callable[..., None]
) -> None:
    few("store_question")
    other = sandbox.store_of(rival_store)
    seen = Ticket.objects.visible_to(Actor(Party.SUPPORT, merchant_id=other.pk))

    assert {one.merchant_id for one in seen} == {other.pk}
    assert not Ticket.objects.visible_to(Actor(Party.SUPPORT, merchant_id=ticket.merchant_id)).exists()


def test_neither_token_opens_what_is_the_others(store: Merchant, ticket: Ticket, here: Merchant) -> None:
    real, played = AccessToken.issue(store, "ERP"), AccessToken.issue(here, "Tried")
    theirs = Ticket.objects.filter(merchant=here)[0]

    def waiting(token: str) -> set[str]:
        told = Client().get("/api/v2/ticket/get-action-required", {"access_token": token, "limit": "100"}).json()
        return {one["Ticket"]["id"] for one in told["data"]}

    def status(token: str, public_id: str) -> int:
        return Client().get("/api/v2/ticket", {"access_token": token, "id": public_id}).status_code

    assert waiting(real) == {ticket.public_id}
    mine = Ticket.objects.filter(merchant=here, state=State.WITH_MERCHANT)
    assert waiting(played) == set(mine.values_list("public_id", flat=True))
    assert (status(real, theirs.public_id), status(played, theirs.public_id)) == (400, 200)
    assert (status(real, ticket.public_id), status(played, ticket.public_id)) == (200, 400)
    assert Client().get("/api/v2/auth_test", {"access_token": played}).json()["data"]["merchant_id"] == here.public_id


def test_nobody_is_written_to_whatever_happens(
    store: Merchant, here: Merchant, mehmet: Actor, sofia: Actor, later: Callable[..., list[EmailMessage]]
) -> None:
    """Every deed of a program, what follows by itself, and all that the clock does for half a year."""
    jobs.sweep_due_soon({})
    tried(store, "order_status").reply("It is on its way.", by=_program(store))
    tried(store, "store_question").resolve("Yes, we do.", by=_program(store))
    tried(store, "item_problem").appeal("Please look.", by=_program(store))
    refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))
    sent = later(seconds=120)
    for _ in range(6):
        sent += later(days=30)
        for sweep in (jobs.sweep_overdue, jobs.sweep_due_soon, jobs.sweep_silent, reconciling.sweep_unanswered):
            sweep({})
    sent += later(hours=1)

    assert sent == []
    assert mail.outbox == []
    assert Event.objects.filter(merchant_id=here.pk, verb="mark_late").count() > 1
    assert Event.objects.filter(merchant_id=here.pk, verb="refund_failed").exists()
    assert not Event.objects.filter(verb="due_soon").exists()
    assert all(recipients.of(event) == [] for event in Event.objects.filter(merchant_id=here.pk))


def test_nor_of_a_refund_that_is_on_no_ticket(here: Merchant, store: Merchant, sofia: Actor) -> None:
    failed = {"verb": "refund_failed", "subject_kind": "refund", "subject_id": 1, "actor": clock().as_json()}

    assert recipients.of(Event(merchant_id=here.pk, **failed)) == []
    assert recipients.of(Event(merchant_id=store.pk, **failed))[0].user.pk == sofia.user_id


def test_the_marketplaces_programs_hear_nothing(
    store: Merchant, here: Merchant, ticket: Ticket, mehmet: Actor, later: Callable[..., list[EmailMessage]], now: Any
) -> None:
    """Above all no `refund.requested`: they would pay. Not even when everything is sent again."""
    endpoint = Endpoint.objects.create(url="https://shop.example.org/hook", sealed_secret="x")
    refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))
    tried(store, "order_status").reply("It is on its way.", by=_program(store))
    ticket.reply("Hello Ada.", by=Actor(Party.MERCHANT, user_id=mehmet.user_id, merchant_id=store.pk))
    later(seconds=120)
    later(days=3)

    told = {one.merchant_id for one in Delivery.objects.all()}
    missed = {one.merchant_id for one in planning.missed(endpoint, ticket.opened_at)}

    assert told == {store.pk}
    assert here.pk not in missed


def test_the_platform_api_shows_and_takes_nothing_of_it(store: Merchant, here: Merchant, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-ada")
    refund = refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))[0]
    product = Product.objects.filter(merchant=here)[0]
    key = PlatformKey.issue("shop", Scope.values)
    asked = {"customer": "c-ada", "issue": "product_question", "text": "Hello"}

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": re.sub(r"\W", "", f"{path}{body}")[-80:]}
        return Client().generic(
            method, f"/platform/v1/{path}", json.dumps(body or {}), "application/json", headers=headers
        )

    assert call("GET", "refunds?status=pending").json()["refunds"] == []
    assert call("GET", f"refunds/{refund.public_id}").status_code == 404
    assert call("GET", f"refunds/{refund.key}").status_code == 404
    assert call("POST", f"refunds/{refund.public_id}/result", {"status": "succeeded"}).status_code == 404
    assert call("POST", "tickets", asked | {"product": product.external_id}).status_code == 422
    assert call("POST", "tickets", asked | {"issue": "store_question", "merchant": here.external_id}).status_code == 422
    assert Refund.objects.filter(pk=refund.pk, status="pending").exists()
    assert not Ticket.objects.filter(customer=ada_user).exists()


def test_an_import_neither_changes_nor_names_what_is_in_it(here: Merchant, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-ada")
    lamp, sold = Product.objects.filter(merchant=here)[0], Order.objects.filter(merchant=here)[0]
    row = {"id": "o-9", "merchant": here.external_id, "customer": "c-ada", "currency": "EUR", "country": "DE",
           "placed_at": "2026-11-01", "items": [{"name": "Lamp", "price": "1"}]}  # fmt: skip

    outcomes = [
        write(products.Products(), [Row(1, {"id": lamp.external_id, "name": "Mine"})]),
        write(products.Products(), [Row(1, {"id": "p-9", "merchant": here.external_id, "name": "Mine"})]),
        write(orders.Orders(), [Row(1, row)]),
        write(orders.Orders(), [Row(1, row | {"id": sold.external_id})]),
        write(orders.Orders(), [Row(1, {"id": sold.external_id, "city": "Mine"})]),
    ]

    assert [one.done for one in outcomes] == [{}] * 5
    assert [len(one.problems) for one in outcomes] == [1] * 5
    lamp.refresh_from_db()
    sold.refresh_from_db()
    assert lamp.name != "Mine"
    assert (sold.customer != ada_user, sold.city) == (True, "Sandbox")


def test_customers_find_nothing_of_it(here: Merchant, ada_client: Client) -> None:
    product = Product.objects.filter(merchant=here)[0]

    for name in (here.public_id, here.external_id):
        assert ada_client.get(f"/my/ask/store/{name}").status_code == 404
    for name in (product.public_id, product.external_id):
        assert ada_client.get(f"/my/ask/product/{name}").status_code == 404


def test_the_marketplaces_program_cannot_act_as_the_clock_there(here: Merchant, store: Merchant) -> None:
    program = Actor(Party.CLOCK, app="platform:shop")
    refund = refunding.refund_items(tried(store, "return_or_refund"), _items(store), by=_program(store))[0]

    with pytest.raises(NotAllowed):
        refunding.settle(refund, succeeded=True, by=program)

    assert not Ticket.objects.visible_to(program).exists()
    assert Ticket.objects.visible_to(clock()).exists()


def _program(store: Merchant) -> Actor:
    here = sandbox.store_of(store)
    return Actor(Party.MERCHANT, merchant_id=here.pk, name=here.name, app="token-1")


def _items(store: Merchant) -> list[Any]:
    return list(tried(store, "return_or_refund").items.all())
