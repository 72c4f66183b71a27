"""Tenancy (T1, T2): every route, method and actor, generated from the URL configuration.

A route without a row fails the build. Somebody else's object answers exactly as one that does not exist, and
nothing is written.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from PIL import Image

from marketdesk.api.middleware import URLCONF as PROGRAMS
from marketdesk.dashboard.acts import ACTS as MERCHANT_ACTS
from marketdesk.journal.models import Event
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.orders.models import Product
from marketdesk.outbox.models import Topic
from marketdesk.outbox.webhooks import subscribing
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, noticing, sanctioning
from marketdesk.performance.counting import Rate
from marketdesk.performance.models import Contest, Notice, NoticeKind, Sanction, SanctionKind
from marketdesk.policy import promises
from marketdesk.programs import registering
from marketdesk.programs.models import AccessToken, App
from marketdesk.programs.models import Scope as AppScope
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.support.tickets import ACTS as SUPPORT_ACTS
from marketdesk.teams import inviting
from marketdesk.teams.models import Invitation, Post
from marketdesk.tickets.models import Attachment, Issue, Ticket
from tests.conftest import make_order, signed_in
from tests.registering import register

pytestmark = pytest.mark.django_db

ABSENT = "0" * 24
CANARY = "canary-7f3a"

# Whose door an address belongs to, and what its arguments name. A new address must be entered here.
DOORS: dict[str, tuple[str, ...]] = {
    "home": ("anyone",),
    "healthz": ("anyone",),
    "readyz": ("anyone",),
    "set-language": ("anyone",),
    "account": ("signed in",),
    "arrive": ("anyone",),  # the token is the permission
    "arrive-embedded": ("anyone",),
    "storefront:leave": ("anyone",),  # absent outside a visit
    "invitation": ("anyone",),
    "openid-login": ("anyone",),
    "openid-callback": ("anyone",),
    "docs": ("anyone",),
    "docs:start": ("anyone",),
    "docs:topic": ("anyone",),
    "docs:version": ("anyone",),
    "docs:call": ("anyone",),  # and sends to the sandbox of one's own store: tests/api/documentation/
    "storefront:home": ("customer",),
    "storefront:ask": ("customer",),
    "storefront:ask-product": ("customer", "public"),
    "storefront:ask-store": ("customer", "public"),
    "storefront:ask-order": ("customer", "order"),
    "storefront:ask-draft": ("customer", "own draft"),
    "storefront:kept-picture": ("customer", "waiting picture"),
    "storefront:ticket": ("customer", "ticket"),
    "storefront:reply": ("customer", "ticket"),
    "storefront:reopen": ("customer", "ticket"),
    "storefront:close": ("customer", "ticket"),
    "storefront:helped": ("customer", "ticket"),
    "storefront:end-links": ("customer", "ticket"),
    "storefront:draft": ("customer", "ticket"),
    "storefront:picture": ("customer", "ticket", "picture"),
    "storefront:message": ("customer", "ticket", "message"),
    "dashboard:home": ("merchant",),
    "dashboard:badge": ("merchant",),
    "dashboard:search": ("merchant",),
    "dashboard:sandbox": ("merchant",),
    "dashboard:store": ("merchant",),
    "dashboard:performance": ("merchant",),
    "dashboard:performance-csv": ("merchant",),
    "dashboard:performance-json": ("merchant",),
    "dashboard:performance-volume": ("merchant",),
    "dashboard:ledger": ("merchant",),
    "dashboard:ledger-csv": ("merchant",),
    "dashboard:ledger-json": ("merchant",),
    "dashboard:templates": ("merchant",),
    "dashboard:guide": ("merchant",),
    "dashboard:guide-section": ("merchant",),
    "dashboard:team": ("merchant",),
    "dashboard:member": ("merchant", "member"),
    "dashboard:invitation": ("merchant", "invitation"),
    "dashboard:notices": ("merchant",),
    "dashboard:notice": ("merchant", "notice"),
    "dashboard:contest": ("merchant", "contestable"),
    "dashboard:contests": ("merchant",),
    "dashboard:contested": ("merchant", "contest"),
    "dashboard:contest-picture": ("merchant", "contest", "picture"),
    "dashboard:apps": ("merchant",),
    "dashboard:new-app": ("merchant",),
    "dashboard:app": ("merchant", "app"),
    "dashboard:app-secret": ("merchant", "app"),
    "dashboard:app-token": ("merchant", "app"),
    "dashboard:remove-app": ("merchant", "app"),
    "dashboard:revoke-app": ("merchant", "app"),
    "authorize": ("merchant",),  # apps that are not open to a store: tests/dashboard/test_authorizing.py
    "authorize-v3": ("merchant",),
    "dashboard:sanctions": ("merchant",),
    "dashboard:sanction": ("merchant", "sanction"),
    "dashboard:queue": ("merchant", "queue"),
    "dashboard:ticket": ("merchant", "ticket"),
    "dashboard:draft": ("merchant", "ticket"),
    "dashboard:picture": ("merchant", "ticket", "picture"),
    "dashboard:message": ("merchant", "ticket", "message"),
    "support:home": ("support",),
    "support:queue": ("support", "queue"),
    "support:search": ("support",),
    "support:overview": ("support",),
    "support:overview-json": ("support",),
    "support:overview-csv": ("support",),
    "support:merchants": ("support",),
    "support:merchant": ("support", "store"),
    "support:merchant-ledger": ("support", "store"),
    "support:pending-refunds": ("support",),
    "support:refunds": ("support", "queue"),
    "support:refund": ("support", "refund"),
    "support:contests": ("support",),
    "support:decided-contests": ("support",),
    "support:contest": ("support", "contest"),
    "support:contest-picture": ("support", "contest", "picture"),
    "support:incidents": ("support",),
    "support:incident": ("support", "incident"),
    "support:sanctions-to-decide": ("support",),
    "support:sanctions": ("support", "queue"),
    "support:sanction": ("support", "sanction"),
    "support:propose-sanction": ("support",),
    "support:policy": ("support",),
    "support:undo-policy": ("support", "change"),
    "support:jobs": ("support",),
    "support:webhooks": ("support",),
    "support:new-webhook": ("support",),
    "support:webhook": ("support", "endpoint"),
    "support:webhook-kinds": ("support", "endpoint"),
    "support:webhook-secret": ("support", "endpoint"),
    "support:replay": ("support", "endpoint"),
    "support:delivery": ("support", "endpoint"),
    "support:routing": ("support",),
    "support:routing-rule": ("support", "rule"),
    "support:try-routing": ("support",),
    "support:undo-routing": ("support", "change"),
    "support:issues": ("support",),
    "support:issue": ("support", "rule"),
    "support:undo-issues": ("support", "change"),
    "support:templates": ("support",),
    "support:template": ("support", "rule"),
    "support:team": ("support",),
    "support:member": ("support", "colleague"),
    "support:invitation": ("support", "colleague"),
    "support:owners": ("support",),
    "support:ticket": ("support", "ticket"),
    "support:draft": ("support", "ticket"),
    "support:settle": ("support", "ticket", "refund"),
    "support:picture": ("support", "ticket", "picture"),
    "support:message": ("support", "ticket", "message"),
}
# Of the platform's own addresses those that every agent opens; all the others are for administrators.
FOR_AGENTS = {
    f"support:{name}"
    for name in (
        "home", "queue", "search", "overview", "overview-json", "overview-csv", "merchants", "merchant",
        "merchant-ledger", "pending-refunds", "refunds", "refund", "ticket", "draft", "settle", "picture", "message",
        "contests", "decided-contests", "contest", "contest-picture", "sanctions-to-decide", "sanctions", "sanction",
    )
}  # fmt: skip
# allauth's own pages: each shows and changes the signed-in person's account; passkeys are looked for among their own
# (tests/people/test_passkeys.py).
THEIRS = re.compile(r"^(account_|mfa_|socialaccount_|usersessions_)")
CALLS = {
    "api/v2/auth_test": None,
    "api/v2/ticket": "GET",
    "api/v2/ticket/get-action-required": None,
    "api/v2/ticket/count-action-required": None,
    "api/v2/ticket/reply": "POST",
    "api/v2/ticket/close": "POST",
    "api/v2/ticket/appeal-to-wish-support": "POST",
    "api/v2/ticket/appeal-to-support": "POST",
    "api/v2/ticket/re-open": "POST",
    "api/v2/order": "GET",  # of an item: tests/api/test_refunding.py
    "api/v2/order/refund": "POST",
    "api/files/<signed>": None,  # no session, no token: the signature itself is the permission
}
# The Platform API: method, the scope that it takes, and a body; in the path `<ticket>` is the object.
SAID = {"customer": "c-ada", "text": "Hello"}
ROWS = {"rows": [{"id": "x-1", "name": "X"}]}
PLATFORM: dict[str, tuple[str, Scope | None, dict[str, Any]]] = {
    "platform/v1/openapi.json": ("GET", None, {}),
    "platform/v1/merchants": ("POST", Scope.CATALOGUE, ROWS),
    "platform/v1/products": ("POST", Scope.CATALOGUE, ROWS),
    "platform/v1/customers": ("POST", Scope.CATALOGUE, ROWS),
    "platform/v1/orders": ("POST", Scope.ORDERS, ROWS),
    "platform/v1/tickets": ("POST", Scope.TICKETS_WRITE, SAID | {"issue": "order_status", "order": "O-1001"}),
    "platform/v1/tickets/<ticket>": ("GET", Scope.TICKETS_READ, {}),
    "platform/v1/tickets/<ticket>/replies": ("POST", Scope.TICKETS_WRITE, SAID),
    "platform/v1/tickets/<ticket>/reopen": ("POST", Scope.TICKETS_WRITE, SAID),
    "platform/v1/tickets/<ticket>/close": ("POST", Scope.TICKETS_WRITE, {"customer": "c-ada"}),
    "platform/v1/tickets/<ticket>/rating": ("POST", Scope.TICKETS_WRITE, {"customer": "c-ada", "helpful": True}),
    "platform/v1/tickets/<ticket>/link": ("GET", Scope.TICKETS_WRITE, {}),
    "platform/v1/tickets/<ticket>/pictures/<picture>": ("GET", Scope.TICKETS_READ, {}),
    "platform/v1/customers/<path:customer>/tickets": ("GET", Scope.TICKETS_READ, {}),
    "platform/v1/customers/<path:customer>": ("DELETE", Scope.ERASE, {}),
    "platform/v1/standings": ("GET", Scope.STANDINGS, {}),
    "platform/v1/merchants/<path:merchant>/standing": ("GET", Scope.STANDINGS, {}),
    "platform/v1/refunds": ("GET", Scope.REFUNDS, {}),
    "platform/v1/refunds/<refund>": ("GET", Scope.REFUNDS, {}),
    "platform/v1/refunds/<refund>/result": ("POST", Scope.REFUNDS, {"status": "succeeded"}),
}

DAMAGED = {"refund_reason": "ITEM_IS_DAMAGED"}
# These read what they are sent from the address.
WISHED = {"topic_id": "TICKET_AWAITING_MERCHANT", "endpoint": "https://93.184.216.34/"}
# API v3: method, path, the scope that it takes (None: any token) and a body; `<ticket>` and the like are the object.
V3: list[tuple[str, str, AppScope | None, dict[str, Any]]] = [
    ("GET", "api/v3/oauth/test", None, {}),
    ("GET", "api/v3/tickets", AppScope.READ_TICKETS, {}),
    ("GET", "api/v3/tickets/<ticket>", AppScope.READ_TICKETS, {}),
    ("GET", "api/v3/tickets/<ticket>/events", AppScope.READ_TICKETS, {}),
    ("PUT", "api/v3/tickets/<ticket>", AppScope.WRITE_TICKETS, {"state": "CLOSED"}),
    ("PUT", "api/v3/tickets/<ticket>", AppScope.WRITE_TICKETS, {"state": "AWAITING_WISH"}),
    ("POST", "api/v3/tickets/<ticket>/replies", AppScope.WRITE_TICKETS, {"message": "Hello"}),
    ("GET", "api/v3/orders/<order>", AppScope.READ_ORDERS, {}),
    ("GET", "api/v3/orders/<order>/refund_reasons", AppScope.READ_ORDERS, {}),
    ("PUT", "api/v3/orders/<order>/refund", AppScope.WRITE_ORDERS, DAMAGED),
    ("GET", "api/v3/performance", AppScope.READ_PENALTIES, {}),
    ("GET", "api/v3/performance/ledger", AppScope.READ_PENALTIES, {}),
    ("GET", "api/v3/penalties", AppScope.READ_PENALTIES, {}),
    ("GET", "api/v3/penalties/<penalty>", AppScope.READ_PENALTIES, {}),
    ("GET", "api/v3/webhook/topics", AppScope.READ_WEBHOOKS, {}),
    ("GET", "api/v3/webhook/subscriptions", AppScope.READ_WEBHOOKS, {}),
    ("POST", "api/v3/webhook/subscriptions", AppScope.WRITE_WEBHOOKS, WISHED),
    ("GET", "api/v3/webhook/subscriptions/<subscription>", AppScope.READ_WEBHOOKS, {}),
    ("PUT", "api/v3/webhook/subscriptions/<subscription>", AppScope.WRITE_WEBHOOKS, {"status": "ACTIVE"}),
    ("DELETE", "api/v3/webhook/subscriptions/<subscription>", AppScope.WRITE_WEBHOOKS, {}),
]
V3_OPEN = {"api/v3/openapi.json", "api/v2/openapi.json"}
# Apps come here with a secret and a code instead of a token: tests/api/test_oauth.py.
FOR_CODES = {f"api/{version}/oauth/{call}_token" for version in ("v2", "v3") for call in ("access", "refresh")}


@dataclass(frozen=True)
class Route:
    """One address of the URL configuration."""

    name: str
    path: str

    def address(self, values: Mapping[str, str]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], self.path)


def routes(urlconf: str | None = None) -> list[Route]:
    """Every address, whoever wrote it."""
    return list(_walk(get_resolver(urlconf).url_patterns, "", ""))


def _walk(patterns: Any, path: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inside = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, here, inside)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{namespace}{pattern.name}", here)


def picture_of(by: Actor) -> Attachment:
    upload = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(upload, "JPEG")
    upload.seek(0)
    return Attachment.keep(upload, "cup.jpg", by=by)


@dataclass
class World:
    """Ada's ticket with Mehmet's store and Bob's with the rival's: each full of what the other must not see."""

    ada: Client
    bob: Client
    mehmet: Client
    agent: Client
    rival: Client
    sofia: Client
    jobless: Client
    anonymous: Client
    ticket: Ticket
    foreign: Ticket
    unshared: Ticket
    picture: Attachment
    foreign_picture: Attachment
    waiting_picture: Attachment
    refund: Refund
    invitations: dict[str, Invitation]
    apps: dict[str, App]
    notices: dict[str, Notice]
    contests: dict[str, Contest]
    sanctions: dict[str, Sanction]

    def clients(self) -> dict[str, Client]:
        names = ("ada", "bob", "mehmet", "agent", "rival", "sofia", "jobless", "anonymous")
        return {name: getattr(self, name) for name in names}


PARTIES = {
    "ada": "customer", "bob": "customer", "mehmet": "merchant", "agent": "merchant", "rival": "merchant",
    "sofia": "support", "jobless": "merchant", "anonymous": "",
}  # fmt: skip


@pytest.fixture
def world(
    ada_user: User, ada: Actor, mehmet_user: User, rival_user: User, sofia_user: User, sofia: Actor, store: Merchant,
    rival_store: Merchant, product: Product, mehmet: Actor, rival: Actor,
) -> World:  # fmt: skip
    bob_user = User.objects.create_user("bob@example.org", "x", name="Bob Builder", country="FR")
    bob = Actor(Party.CUSTOMER, user_id=bob_user.pk, name=bob_user.name)
    agent_user = User.objects.create_user("agent@example.org", "x", name="Elif Kaya", party=Party.MERCHANT)
    Membership.objects.create(user=agent_user, merchant=store)
    jobless_user = User.objects.create_user("jobless@example.org", "x", name="No Store", party=Party.MERCHANT)
    rival_product = Product.objects.create(external_id="p-2", merchant=rival_store, name=f"Cup {CANARY}")
    order, rival_order = make_order(ada_user, product), make_order(bob_user, rival_product, f"O-{CANARY}")
    problem = Issue.objects.get(pk="item_problem")

    def ask(customer: User, by: Actor, of: Any, merchant: Merchant, text: str) -> tuple[Ticket, Attachment]:
        picture = picture_of(by)
        ticket = Ticket.open(
            customer=customer, merchant=merchant, issue=problem, text=text, by=by, order=of,
            items=list(of.items.all()[:1]), pictures=[picture],
        )  # fmt: skip
        return ticket, picture

    ticket, picture = ask(ada_user, ada, order, store, "The lamp is broken.")
    foreign, foreign_picture = ask(bob_user, bob, rival_order, rival_store, f"{CANARY} broken")
    small = make_order(ada_user, product, "O-small", total=500)
    unshared, _ = ask(ada_user, ada, small, store, f"{CANARY} at the platform")
    assert not unshared.shared
    refunding.refund_items(foreign, list(foreign.items.all()), by=sofia)
    return World(
        ada=signed_in(ada_user), bob=signed_in(bob_user), mehmet=signed_in(mehmet_user), agent=signed_in(agent_user),
        rival=signed_in(rival_user), sofia=signed_in(sofia_user), jobless=signed_in(jobless_user), anonymous=Client(),
        ticket=ticket, foreign=foreign, unshared=unshared, picture=picture, foreign_picture=foreign_picture,
        waiting_picture=picture_of(bob), refund=Refund.objects.get(),
        invitations={by.name: invite(by, team) for by, team in ((mehmet, store), (rival, rival_store))},
        apps={by.name: connect(by, team) for by, team in ((mehmet, store), (rival, rival_store))},
        notices={by.name: warn(team, by) for by, team in ((mehmet, store), (rival, rival_store))},
        contests={by.name: contest(team, by) for by, team in ((mehmet, store), (rival, rival_store))},
        sanctions={
            by.name: sanctioning.propose(team, SanctionKind.SUSPENSION, f"{CANARY} {team.pk}", by=sofia)
            for by, team in ((mehmet, store), (rival, rival_store))
        },
    )  # fmt: skip


def invite(by: Actor, team: Merchant) -> Invitation:
    return inviting.invite(f"{CANARY}-{team.pk}@example.org", Post.AGENT, to=team, by=by, language="en")[0]


def connect(by: Actor, store: Merchant) -> App:
    """An app of a store that this store lets in."""
    app, _ = register(store, by, name=CANARY)
    registering.get_token(app, by=by)
    return app


def warn(store: Merchant, by: Actor) -> Notice:
    """A warning of a store."""
    return noticing.warn(store.pk, [], Rate(3, 10, 5), promises.current(), by.at)


def contest(store: Merchant, by: Actor) -> Contest:
    """A warning of a store, contested with a picture."""
    return contesting.contest(warn(store, by), CANARY, [picture_of(by)], by=by)


def bodies(route: Route) -> list[dict[str, Any]]:
    """What a form of this address may send: one body for each act."""
    body = {"text": "Hello", "key": "k" * 12, "seen": "999999999", "helpful": "yes", "how": "solved", "reason": "x"}
    body |= {"role": "owner", "email": "friend@example.org", "language": "en"}
    body |= {"name": "ERP", "reach": "private", "scopes": "tickets:read"}
    acts: list[str] = []
    if route.name == "dashboard:ticket":
        acts = [*MERCHANT_ACTS, ""]
    if route.name in {"dashboard:member", "support:member"}:
        acts = ["role", "remove", ""]
    if route.name in {"dashboard:invitation", "support:invitation"}:
        acts = ["resend", "revoke", ""]
    if route.name == "support:ticket":
        acts = [*SUPPORT_ACTS, ""]
    return [{**body, "act": act} for act in acts] or [body]


def answer(client: Client, method: str, address: str, body: dict[str, Any]) -> tuple[Any, list[str]]:
    """What comes back, and the statements that wrote anything."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address) if method == "GET" else client.post(address, body)
    writes = [sql for one in queries if (sql := one["sql"]).startswith(("INSERT", "UPDATE", "DELETE"))]
    return response, [sql for sql in writes if "django_session" not in sql]


def bare(response: Any, *ids: str) -> str:
    """An answer without what differs each time: the ids that were asked for, tokens and nonces."""
    text = response.content.decode() + response.headers.get("Location", "")
    for one in ids:
        text = text.replace(one, "ID")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=|name="key" value=)"[^"]*"', "", text)
    return re.sub(r"[A-Za-z0-9_-]{60,}", "", text)


def test_every_address_has_a_row() -> None:
    unknown = [one.name for one in routes() if one.name not in DOORS and not THEIRS.match(one.name)]
    calls = {one.path for one in routes(PROGRAMS)}

    assert unknown == []
    assert {path.replace("api/v1/", "api/v2/").replace("<str:", "<") for path in calls} == {
        *(*CALLS, *PLATFORM, *V3_OPEN, *FOR_CODES),
        *(path for _method, path, _scope, _body in V3),
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("row", sorted({row for row in DOORS.values() if row[1:]}), ids=" ".join)
def test_a_strangers_object_is_as_if_absent(row: tuple[str, ...], method: str, world: World) -> None:
    """Every actor, at every address that names an object."""
    door, *named = row
    behind = [one for one in routes() if DOORS.get(one.name) == row]
    for route, (name, client) in itertools.product(behind, world.clients().items()):
        for body in bodies(route) if method == "POST" else [{}]:
            for theirs in foreign(named, name, world):
                absent = {key: value if key in {"kind", "queue", "number"} else ABSENT for key, value in theirs.items()}
                seen, writes = answer(client, method, route.address(theirs), body)
                none, _ = answer(client, method, route.address(absent), body)

                assert seen.status_code == none.status_code, (route.name, name, theirs)
                named_ = [value for key, value in theirs.items() if key != "number"]
                assert bare(seen, *named_) == bare(none, ABSENT), (route.name, name, theirs)
                assert writes == [], (route.name, name, theirs)
                assert CANARY not in seen.content.decode()
                if PARTIES[name] == door and name != "jobless":
                    assert seen.status_code in {404, 405}, (route.name, name, theirs)


def foreign(named: list[str], name: str, world: World) -> list[dict[str, str]]:
    """The objects that an actor must not reach by this address; none where it names no object."""
    strangers = {
        "ada": [world.foreign], "bob": [world.ticket, world.unshared],
        "mehmet": [world.foreign, world.unshared], "agent": [world.foreign, world.unshared],
        "rival": [world.ticket, world.unshared], "sofia": [], "jobless": [world.ticket], "anonymous": [world.ticket],
    }[name]  # fmt: skip
    match named:
        case ["ticket"]:
            return [{"public_id": one.public_id} for one in strangers]
        case ["ticket", "picture"]:
            both = {world.ticket.pk: world.picture, world.foreign.pk: world.foreign_picture}
            pairs = [(one, both.get(one.pk, world.picture)) for one in strangers]
            return [{"public_id": one.public_id, "picture": picture.public_id} for one, picture in pairs]
        case ["ticket", "message"]:
            return [{"public_id": one.public_id, "number": str(one.messages.earliest("pk").pk)} for one in strangers]
        case ["store"]:
            return [{"public_id": one.merchant.public_id} for one in strangers]
        case ["refund"]:
            return [{"refund": world.refund.public_id} for _ in strangers]
        case ["ticket", "refund"]:
            return [{"public_id": one.public_id, "refund": world.refund.public_id} for one in strangers]
        case ["order"]:
            orders = [one.order for one in strangers if one.order]
            mine = {"ada": "Ada Lovelace", "bob": "Bob Builder"}.get(name)
            return [{"name": one.public_id} for one in orders if one.customer.name != mine]
        case ["member"]:
            theirs = {"mehmet": "rival", "agent": "rival", "rival": "mehmet", "jobless": "mehmet"}.get(name)
            return [{"public_id": User.objects.get(email=f"{theirs}@example.org").public_id}] if theirs else []
        case ["invitation"]:
            others = {"mehmet": "Rita Rival", "agent": "Rita Rival", "rival": "Mehmet Demir"}.get(name)
            return [{"public_id": world.invitations[others].public_id}] if others else []
        case ["app"]:  # agents read that apps are for owners, whatever the address names
            others = {"mehmet": "Rita Rival", "rival": "Mehmet Demir", "jobless": "Mehmet Demir"}.get(name)
            return [{"public_id": world.apps[others].public_id}] if others else []
        case ["notice"]:
            others = {"mehmet": "Rita Rival", "agent": "Rita Rival", "rival": "Mehmet Demir"}.get(name)
            return [{"public_id": world.notices[others].public_id}] if others else []
        case ["contestable"]:  # waits and ratings by their numbers: tests/dashboard/test_contests.py
            others = {"mehmet": "Rita Rival", "agent": "Rita Rival", "rival": "Mehmet Demir"}.get(name)
            return [{"kind": "notice", "name": world.notices[others].public_id}] if others else []
        case ["contest"]:
            others = {"mehmet": "Rita Rival", "agent": "Rita Rival", "rival": "Mehmet Demir"}.get(name)
            return [{"public_id": world.contests[others].public_id}] if others else []
        case ["contest", "picture"]:
            others = {"mehmet": "Rita Rival", "agent": "Rita Rival", "rival": "Mehmet Demir"}.get(name)
            found = world.contests[others] if others else None
            return [{"public_id": found.public_id, "picture": found.pictures.get().public_id}] if found else []
        case ["sanction"]:
            others = "Mehmet Demir" if name in {"rival", "jobless"} else "Rita Rival"
            return [{"public_id": world.sanctions[others].public_id}] if PARTIES[name] == "merchant" else []
        case ["waiting picture"] if name != "bob":
            return [{"picture": world.waiting_picture.public_id}]
    return []


@pytest.mark.parametrize("door", sorted({door for door, *_ in DOORS.values()} - {"anyone"}))
def test_nobody_enters_by_another_partys_door(door: str, world: World) -> None:
    values = {
        "public_id": world.ticket.public_id, "picture": world.picture.public_id, "refund": world.refund.public_id,
        "number": str(world.ticket.messages.earliest("pk").pk),
        "slug": "refunds", "queue": "awaiting-user", "kind": "order",
        "name": world.ticket.order.public_id if world.ticket.order else "",
        "message": "msg_x", "change": "1", "code": "new", "table": "merchants",
    }  # fmt: skip
    behind = [one for one in routes() if DOORS.get(one.name, ("",))[0] == door]
    for route, (name, client) in itertools.product(behind, world.clients().items()):
        if PARTIES[name] == door or (door == "signed in" and name != "anonymous"):
            continue
        for method in ("GET", "POST"):
            response, writes = answer(client, method, route.address(values), bodies(route)[0])

            assert response.status_code in {302, 405}, (route.name, name, method)
            assert writes == [], route.name
            if response.status_code == 302:
                assert "login" in response["Location"] if name == "anonymous" else response["Location"] == "/"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_only_administrators_may_is_closed_to_agents(method: str, world: World, sofia_user: User) -> None:
    """And to administrators without a second factor: whatever the address names, it answers alike."""
    named = {"public_id": ABSENT, "message": "msg_x", "change": "1", "code": "new"}
    closed = [one for one in routes() if DOORS.get(one.name, ("",))[0] == "support" and one.name not in FOR_AGENTS]
    for is_administrator in (False, True):
        User.objects.filter(pk=sofia_user.pk).update(is_staff=is_administrator)
        for route in closed:
            for body in bodies(route) if method == "POST" else [{}]:
                response, writes = answer(world.sofia, method, route.address(named), body)

                assert response.status_code in {403, 405}, route.name
                assert writes == [], route.name
    assert len(closed) >= 20


def test_lists_counts_and_search_show_nothing_of_another(world: World) -> None:
    order = world.foreign.order
    assert order is not None
    for term in (world.foreign.public_id, order.external_id, order.tracking_number, CANARY, "bob@example.org", "%"):
        for client, address in (
            (world.mehmet, f"/dashboard/search?q={term}"),
            (world.mehmet, f"/dashboard/tickets/closed/?text={term}"),
        ):
            response = client.get(address, follow=True)
            shown = response.content.decode().replace(f'value="{term}"', "")
            assert not re.search(r"\bBob\b", shown), address  # a form's random token may hold the letters
            assert world.foreign.subject not in shown, address
    for queue in ("post-purchase", "awaiting-user", "with-support", "closed"):
        assert CANARY not in world.mehmet.get(f"/dashboard/tickets/{queue}/").content.decode()
    assert world.mehmet.get("/dashboard/waiting").content == world.agent.get("/dashboard/waiting").content
    assert world.jobless.get("/dashboard/waiting").status_code == 403


def test_a_foreign_child_of_ones_own_parent_is_absent(world: World) -> None:
    """T2: nested ids. The child must belong to the parent that was checked."""
    own, order = world.ticket, world.foreign.order
    assert order is not None
    foreign_item = order.items.all()[0]
    before = Event.objects.count()

    pictures = [
        world.ada.get(f"/my/{own.public_id}/pictures/{world.foreign_picture.public_id}"),
        world.mehmet.get(f"/dashboard/tickets/{own.public_id}/pictures/{world.foreign_picture.public_id}"),
        world.sofia.get(f"/support/tickets/{own.public_id}/pictures/{world.foreign_picture.public_id}"),
        world.sofia.post(f"/support/tickets/{own.public_id}/refunds/{world.refund.public_id}", {"paid": "yes"}),
    ]
    acts = [
        world.mehmet.post(f"/dashboard/tickets/{own.public_id}", {"act": act, "item": foreign_item.public_id})
        for act in ("refund", "confirm_refund", "returned")
    ]
    view = world.mehmet.get(f"/dashboard/tickets/{own.public_id}?view={world.foreign.messages.get().pk}")

    assert [one.status_code for one in pictures] == [404] * 4
    assert [one.status_code for one in acts] == [422] * 3
    assert CANARY not in view.content.decode()
    assert Event.objects.count() == before
    assert Refund.objects.count() == 1


def test_another_persons_waiting_picture_is_not_sent_along(world: World) -> None:
    kept = {"act": "reply", "text": "Hello Ada.", "kept": world.waiting_picture.public_id}

    world.mehmet.post(f"/dashboard/tickets/{world.ticket.public_id}", kept)

    assert Attachment.objects.get(pk=world.waiting_picture.pk).message is None
    assert world.ticket.messages.count() == 2


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, method in CALLS.items() if method])
def test_a_foreign_ticket_answers_a_program_as_none_does(path: str, method: str, world: World, store: Merchant) -> None:
    token = AccessToken.issue(store, "erp")
    for ticket in (world.foreign, world.unshared):
        answers = []
        for public_id in (ticket.public_id, ABSENT):
            fields = {"id": public_id, "reply": "Hello", "access_token": token}
            response, writes = answer_program(method, f"/{path}", fields)
            answers.append(response.content.decode().replace(public_id, "ID"))
            assert response.status_code == 400
            assert writes == []
        assert answers[0] == answers[1]
        assert '"code": 1004' in answers[0] or '"code":1004' in answers[0]


@pytest.mark.parametrize(("path", "method"), [(path, method or "GET") for path, method in CALLS.items()])
def test_a_program_without_a_living_token_does_nothing(path: str, method: str, world: World, store: Merchant) -> None:
    if "files" in path:
        return
    now = datetime.now(UTC)
    revoked = AccessToken.issue(store, "revoked", "revoked-token")
    AccessToken.objects.get(name="revoked").revoke(now)
    expired = AccessToken.issue(store, "expired", "expired-token", expires_at=now - timedelta(seconds=1))
    for token in ("", "unknown", revoked, expired):
        fields = {"id": world.ticket.public_id, "reply": "Hello", "access_token": token}
        response, writes = answer_program(method, f"/{path}", fields)

        assert response.status_code == 401
        assert response.json()["code"] in {4000, 1015, 1016}
        assert writes == []


def writes_of(queries: CaptureQueriesContext) -> list[str]:
    """The statements that wrote anything, but that a call was counted and its token used."""
    counts = ("journal_allowance", 'SET "last_used_at"')
    writes = [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    return [sql for sql in writes if not any(name in sql for name in counts)]


def answer_program(method: str, address: str, fields: dict[str, str]) -> tuple[Any, list[str]]:
    with CaptureQueriesContext(connection) as queries:
        response = Client().get(address, fields) if method == "GET" else Client().post(address, fields)
    return response, writes_of(queries)


def call_platform(path: str, key: str, **names: str) -> tuple[Any, list[str]]:
    """Call the Platform API; what comes back, and the statements that wrote anything."""
    method, _scope, body = PLATFORM[path]
    address = Route("", path).address(names) + ("?customer=c-ada" if method == "GET" else "")
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"{path}{names}{key[:9]}".replace(" ", "")[:80]}
    with CaptureQueriesContext(connection) as queries:
        response = Client().generic(method, address, json.dumps(body), "application/json", headers=headers)
    return response, writes_of(queries)


@pytest.mark.parametrize("path", [path for path, (_, scope, _body) in PLATFORM.items() if scope])
def test_a_platform_key_opens_what_its_scope_says_and_nothing_else(path: str, world: World, store: Merchant) -> None:
    User.objects.filter(email="ada@example.org").update(external_id="c-ada")
    names = {
        "ticket": world.ticket.public_id, "picture": world.picture.public_id, "refund": world.refund.public_id,
        "customer": "c-ada", "merchant": store.external_id,
    }  # fmt: skip
    now = datetime.now(UTC)
    revoked, expired = (PlatformKey.issue(name, Scope.values) for name in ("revoked", "expired"))
    PlatformKey.objects.filter(name="revoked").update(revoked_at=now)
    PlatformKey.objects.filter(name="expired").update(expires_at=now)
    for key in ("", "unknown", revoked, expired, AccessToken.issue(store, "erp")):
        response, writes = call_platform(path, key, **names)
        assert (response.status_code, writes) == (401, []), key
    for scope in Scope:
        key = PlatformKey.issue(scope.name, [scope])
        response, writes = call_platform(path, key, **names)
        if scope == PLATFORM[path][1]:
            assert response.status_code in {200, 201, 409}, response.content
        else:
            assert (response.status_code, writes) == (403, []), scope
            assert response.json()["error"]["code"] == "scope_missing"


@pytest.mark.parametrize("path", [path for path in PLATFORM if "<ticket>" in path])
def test_another_customers_ticket_is_as_if_absent_for_the_marketplaces_app(path: str, world: World) -> None:
    User.objects.filter(email="ada@example.org").update(external_id="c-ada")
    key = PlatformKey.issue("shop", Scope.values)

    theirs, writes = call_platform(path, key, ticket=world.foreign.public_id, picture=world.foreign_picture.public_id)
    nobodys, _ = call_platform(path, key, ticket=ABSENT, picture=ABSENT)
    child, _ = call_platform(path, key, ticket=world.ticket.public_id, picture=world.foreign_picture.public_id)

    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert writes == []
    assert CANARY not in theirs.content.decode()
    assert "<picture>" not in path or child.status_code == 404


def call_v3(method: str, path: str, body: dict[str, Any], token: str, **names: str) -> tuple[Any, list[str]]:
    """Call API v3; what comes back, and the statements that wrote anything."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = Route("", path).address(names) + (f"?{urlencode(body)}" if "/webhook/" in path else "")
    with CaptureQueriesContext(connection) as queries:
        response = Client().generic(method, address, json.dumps(body), "application/json", headers=headers)
    return response, writes_of(queries)


def names_of(ticket: Ticket, app: App) -> dict[str, str]:
    """What the arguments of API v3's addresses name: what belongs to a store, and to an app."""
    topic = Topic.ORDER_REFUND
    subscription = subscribing.subscribe(app, ticket.merchant, topic, "https://93.184.216.34/", by=clock())
    item = ticket.items.get()
    penalty = Notice.objects.create(merchant=ticket.merchant, kind=NoticeKind.WARNING, given_at=ticket.opened_at)
    named: dict[str, Any] = {"ticket": ticket, "order": item, "subscription": subscription, "penalty": penalty}
    return {name: one.public_id for name, one in named.items()}


def app_of(store: Merchant) -> App:
    app = App(merchant=store, name="ERP", scopes=AppScope.values)
    app.set_secret()
    app.save()
    return app


@pytest.mark.parametrize(("method", "path", "scope", "body"), V3)
def test_a_stores_token_opens_what_its_scope_says_and_nothing_else(
    method: str, path: str, scope: AppScope | None, body: dict[str, Any], world: World, store: Merchant
) -> None:
    app = app_of(store)
    names = names_of(world.ticket, app)
    revoked, expired = AccessToken.issue(store, "revoked"), AccessToken.issue(store, "expired")
    AccessToken.objects.get(name="revoked").revoke()
    AccessToken.objects.filter(name="expired").update(expires=datetime.now(UTC))
    for token in ("", "unknown", revoked, expired, PlatformKey.issue("shop", Scope.values)):
        response, writes = call_v3(method, path, body, token, **names)
        assert (response.status_code, writes) == (401, []), token
    for one in AppScope:
        token = AccessToken.issue(store, one.name, app=app)
        # Who subscribes must be allowed to read what is told, too.
        also = f"{AppScope.READ_TICKETS} {AppScope.READ_ORDERS}" if one == AppScope.WRITE_WEBHOOKS else ""
        AccessToken.objects.filter(name=one.name).update(scope=f"{one} {also}")
        response, writes = call_v3(method, path, body, token, **names)
        if scope in {None, *f"{one} {also}".split()}:
            assert response.status_code in {200, 201, 204, 409}, response.content
        else:
            assert (response.status_code, response.json()["code"], writes) == (403, 1006, []), one


@pytest.mark.parametrize(("method", "path", "body"), [(m, path, body) for m, path, _, body in V3 if "<" in path])
def test_what_is_another_stores_is_as_if_absent_in_v3(
    method: str, path: str, body: dict[str, Any], world: World, store: Merchant
) -> None:
    app = app_of(store)
    token = AccessToken.issue(store, "erp", app=app)
    own, foreign = names_of(world.ticket, app), names_of(world.foreign, app_of(world.foreign.merchant))

    theirs, writes = call_v3(method, path, body, token, **foreign)
    nobodys, _ = call_v3(method, path, body, token, **dict.fromkeys(own, ABSENT))

    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert writes == []
