"""“Try it”: a store's people send a call to their sandbox, and to nothing else."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.orders.models import Product
from marketdesk.outbox.models import Subscription
from marketdesk.outbox.webhooks import endpoints
from marketdesk.people.models import User
from marketdesk.programs import sandbox
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.apps import make_app

pytestmark = pytest.mark.django_db

REPLY = "/api/docs/v2/post-ticket-reply"
SUBSCRIBE = "/api/docs/v3/post-webhook-subscriptions"
TEST = "/api/docs/v2/get-auth-test"


def body(answer: Any) -> str:
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.fixture
def tried_on(store: Merchant) -> Merchant:
    """The store's sandbox, not filled: that takes a while."""
    return Merchant.objects.create(sandbox_of=store, external_id="sandbox-m-1", name="Sandbox")


@pytest.fixture
def waiting(ask: Callable[..., Ticket], tried_on: Merchant) -> Ticket:
    product = Product.objects.create(external_id="p-s", merchant=tried_on, name="Lamp", price=100, currency="EUR")
    return ask("product_question", merchant=tried_on, product=product)


def test_the_first_try_makes_the_sandbox(mehmet_client: Client, store: Merchant) -> None:
    assert 'name="begin"' in body(mehmet_client.get(REPLY))

    answer = mehmet_client.post(REPLY, {"begin": "1"})

    assert answer.headers["Location"] == f"{REPLY}#try"
    assert Merchant.objects.filter(sandbox_of=store).exists()
    form = body(mehmet_client.get(REPLY))
    assert 'name="p-reply"' in form
    assert re.search(r'name="p-id" value="[0-9a-f]{24}"', form)


def test_a_reply_is_tried(mehmet_client: Client, waiting: Ticket) -> None:
    form = body(mehmet_client.get(REPLY))
    assert f'value="{waiting.public_id}"' in form

    page = body(mehmet_client.post(REPLY, {"p-id": waiting.public_id, "p-reply": "Grüße <b>"}))

    assert "200 OK" in page
    assert '"success": true' in page
    waiting.refresh_from_db()
    assert waiting.state == State.WITH_CUSTOMER
    assert waiting.messages.latest("pk").body == "Grüße <b>"


def test_the_token_of_a_try_ends_with_it(mehmet_client: Client, tried_on: Merchant) -> None:
    page = body(mehmet_client.post(TEST))

    assert tried_on.public_id in page
    assert not AccessToken.objects.exists()


def test_a_refusal_is_shown_as_a_program_reads_it(mehmet_client: Client, waiting: Ticket) -> None:
    page = body(mehmet_client.post(REPLY, {"p-id": waiting.public_id, "p-reply": ""}))

    assert "400 Bad Request" in page
    assert '"code": 1001' in page
    assert not AccessToken.objects.exists()
    assert f'value="{waiting.public_id}"' in page  # what was typed is kept


def test_a_real_ticket_cannot_be_reached(mehmet_client: Client, ticket: Ticket, tried_on: Merchant) -> None:
    page = body(mehmet_client.post(REPLY, {"p-id": ticket.public_id, "p-reply": "Hello"}))

    assert '"code": 1004' in page
    ticket.refresh_from_db()
    assert (ticket.state, ticket.messages.count()) == (State.WITH_MERCHANT, 1)


def test_agents_try_too(client: Client, store: Merchant, tried_on: Merchant) -> None:
    agent = User.objects.create_user("agent@example.org", "agent-password", name="Ayla", party="merchant")
    Membership.objects.create(user=agent, merchant=store, role=Role.AGENT)
    client.force_login(agent)

    assert tried_on.public_id in body(client.post(TEST))


def test_with_several_stores_one_chooses(
    mehmet_client: Client, mehmet_user: User, rival_store: Merchant, tried_on: Merchant
) -> None:
    Membership.objects.create(user=mehmet_user, merchant=rival_store, role=Role.AGENT)

    page = body(mehmet_client.post(TEST, {"store": rival_store.public_id}))

    assert sandbox.store_of(rival_store).public_id in page
    assert tried_on.public_id not in page


def test_only_a_sandbox_app_subscribes(
    mehmet_client: Client, store: Merchant, tried_on: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "check_url", lambda *_, **__: None)  # no name server is asked
    wanted = {"p-topic_id": "ORDER_REFUND", "p-endpoint": "https://erp.example/hooks"}
    make_app(store, scopes=Scope.values)

    assert "403 Forbidden" in body(mehmet_client.post(SUBSCRIBE, wanted))
    app, _ = make_app(store, scopes=Scope.values, is_sandbox=True)
    make_app(store, scopes=[Scope.READ_TICKETS], is_sandbox=True)
    assert "200 OK" in body(mehmet_client.post(SUBSCRIBE, wanted))

    made = Subscription.objects.get()
    assert (made.app, made.merchant) == (app, tried_on)
    assert not AccessToken.objects.exists()


def test_nobody_else_can_try(
    client: Client,
    ada_client: Client,
    sofia_client: Client,
    mehmet_client: Client,
    store: Merchant,
    rival_store: Merchant,
) -> None:
    jobless = Client()
    jobless.force_login(User.objects.create_user("j@example.org", "jobless-password", name="J", party="merchant"))

    for person in (client, ada_client, sofia_client, jobless):
        page = person.get(REPLY).content.decode()
        assert '<form method="post" action="/api/docs' not in page
        assert person.post(REPLY, {"p-id": "0" * 24, "p-reply": "x"}).status_code == 404
        assert person.post(REPLY, {"begin": "1", "store": store.public_id}).status_code == 404
    assert mehmet_client.post(TEST, {"store": rival_store.public_id}).status_code == 404
    assert not Merchant.objects.filter(sandbox_of__isnull=False).exists()
    assert not AccessToken.objects.exists()


def test_another_site_cannot_send_a_try(mehmet_user: User, tried_on: Merchant) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mehmet_user)

    assert strict.post(TEST).status_code == 403


def test_a_call_without_a_token_cannot_be_tried(mehmet_client: Client) -> None:
    address = "/api/docs/v2/post-oauth-access-token"

    assert 'id="try"' not in mehmet_client.get(address).content.decode()
    assert mehmet_client.post(address).status_code == 404


@pytest.mark.parametrize("typed", ["\x00", "../../platform/v1/refunds", "é😀", "a" * 5000, "?x=1&y#z"])
def test_whatever_is_typed_the_page_answers(typed: str, mehmet_client: Client, tried_on: Merchant) -> None:
    for address in (REPLY, "/api/docs/v2/get-ticket"):
        page = body(mehmet_client.post(address, {"p-id": typed, "p-reply": typed}))
        assert '"code": 1000' in page
