"""The cast, writing Greek: so a plain letter on a page that they see is neither theirs nor a translator's."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketdesk.guide import written
from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.outbox.models import Attempt, Delivery, Endpoint
from marketdesk.outbox.webhooks import planning
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, incidents, judging, rollups
from marketdesk.performance.models import Contest, Incident, Notice, Sanction
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, App, Reach, Scope
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.replies.models import ReplyText
from marketdesk.teams import inviting
from marketdesk.teams.models import Invitation, Post
from marketdesk.tickets.issue_types import ISSUES
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.routes import ROUTING
from tests import severe
from tests.conftest import make_administrator, signed_in
from tests.languages import pseudo
from tests.outbox.webhooks import endpoint
from tests.registering import register
from tests.test_tenancy import picture_of

GREEK = "Το δέμα δεν ήρθε."
IN_GREEK = str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβψδεφγηιξκλμνοπρρστθωςχυζ") | dict.fromkeys(
    map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "Ω"
)
# Of a text of the Guide: where links and pictures lead, and what is filled in.
FIXED = re.compile(r"(\]\([^)]*\)|\{\{\w+\}\})")


@pytest.fixture(scope="session")
def foreign_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locale")
    pseudo.write(folder)
    return folder


@pytest.fixture(scope="session")
def foreign_guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Guide in Greek letters, beside the English one."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / written.ORIGINAL).symlink_to(written.TEXTS / written.ORIGINAL)
    (folder / pseudo.CODE).mkdir()
    for text in written.TEXTS.glob(f"{written.ORIGINAL}/*.md"):
        pieces = FIXED.split(text.read_text(encoding="utf-8"))
        pieces[::2] = [one.translate(IN_GREEK) for one in pieces[::2]]
        (folder / pseudo.CODE / text.name).write_text("".join(pieces), encoding="utf-8")
    return folder


@pytest.fixture
def foreign(
    foreign_catalogue: Path, foreign_guide: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Everybody reads en-xa, which only these tests know."""
    monkeypatch.setattr(written, "TEXTS", foreign_guide)
    settings.LOCALE_PATHS = [foreign_catalogue]
    settings.LANGUAGES = [*settings.LANGUAGES, (pseudo.CODE, "Ξένα")]
    settings.LANGUAGE_CODE = pseudo.CODE
    with translation.override(pseudo.CODE):
        yield pseudo.CODE


@pytest.fixture
def store(db: None) -> Merchant:
    return Merchant.objects.create(external_id="7001", name="Σπίτι", country="TR")


@pytest.fixture
def rival_store(db: None) -> Merchant:
    return Merchant.objects.create(external_id="7002", name="Αντίπαλος", country="CN")


@pytest.fixture
def ada_user(foreign: str) -> User:
    fields = {"name": "Άντα Λόβελες", "country": "DE", "language": foreign}
    return User.objects.create_user("ada@example.org", "ada-password", **fields)


@pytest.fixture
def mehmet_user(foreign: str, store: Merchant) -> User:
    fields = {"name": "Μεχμέτ Ντεμίρ", "country": "TR", "language": foreign, "party": Party.MERCHANT}
    user = User.objects.create_user("mehmet@example.org", "mehmet-password", **fields)
    Membership.objects.create(user=user, merchant=store, role=Role.OWNER)
    return user


@pytest.fixture
def sofia_user(foreign: str) -> User:
    fields = {"name": "Σοφία Ρόσι", "language": foreign, "party": Party.SUPPORT}
    return User.objects.create_user("sofia@example.org", "sofia-password", **fields)


@pytest.fixture
def product(store: Merchant) -> Product:
    return Product.objects.create(
        external_id="8001", merchant=store, name="Λάμπα", sku="204", price=8990, currency="EUR"
    )


@pytest.fixture
def order(order: Order) -> Order:
    OrderItem.objects.filter(order=order).update(name="Λάμπα", sku="204", color="χρυσό")
    address = {
        "street1": "Δρόμος 4",
        "city": "Βόννη",
        "carrier": "Κούριερ",
        "tracking_number": "123",
        "external_id": "1001",
    }
    Order.objects.filter(pk=order.pk).update(**address)
    order.refresh_from_db()
    return order


@dataclass
class World:
    """A desk in which everything has happened once."""

    clients: dict[str, Client]
    tickets: dict[str, Ticket]
    order: Order
    product: Product
    store: Merchant
    picture: Attachment
    refund: Refund
    app: App
    asking: App
    notice: Notice
    contest: Contest
    sanction: Sanction
    incident: Incident
    invitations: dict[str, Invitation]
    told: Delivery
    changes: dict[str, int]
    people: dict[str, User]


@pytest.fixture
def world(
    foreign: str, ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor, rival: Actor,
    ada_user: User, mehmet_user: User, sofia_user: User, store: Merchant, rival_store: Merchant, order: Order,
    product: Product,
) -> World:  # fmt: skip
    rows, kinds = ROUTING.read(), ISSUES.read()
    changes = {
        "policy": promises.change({"reply_hours": 40, "platform_name": "Αγορά"}, reason="Γρήγορα.", by=sofia).pk,
        "routing": ROUTING.change([*rows[1:2], rows[0], *rows[2:]], reason="Σειρά.", by=sofia).pk,
        "issues": ISSUES.change([*kinds[1:2], kinds[0], *kinds[2:]], reason="Σειρά.", by=sofia).pk,
    }
    User.objects.create_user("elif@example.org", "x", name="Ελίφ Καγιά", party=Party.MERCHANT, language=foreign)
    Membership.objects.create(user=User.objects.get(email="elif@example.org"), merchant=store)
    User.objects.create_user("tomas@example.org", "x", name="Τόμας", party=Party.SUPPORT, language=foreign)
    ReplyText.objects.update(title="Πρότυπο", body="Καλημέρα {name}")
    picture = picture_of(mehmet)
    Attachment.objects.update(name="εικόνα.jpg")
    question, ordered, purchase = ask("product_question", GREEK), ask("order_status", GREEK), ask("item_problem", GREEK)
    waiting = ask("item_problem", GREEK)
    appealed = ask("return_or_refund", GREEK, wants="refund")
    appealed.appeal("Μεταχειρισμένο.", by=mehmet)
    appealed.note("Ναι.", by=sofia)
    ordered.reply("Έρχεται.", by=mehmet, pictures=[picture])
    resolved = ask("order_status", GREEK)
    resolved.resolve("Ήρθε.", by=mehmet)
    refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    closed = ask("order_status", GREEK)
    closed.close_for_good(by=sofia)
    made, _secret = endpoint("https://shop.example/hooks")
    planning.plan(Event.objects.filter(ticket_id=appealed.pk).earliest("id"), timezone.now())
    told = Delivery.objects.get()
    said = {"answer_status": 500, "error": ""}
    Attempt.objects.create(delivery=told, at=timezone.now(), took=12, headers={}, answer="όχι", **said)
    told.note(attempts=1, failed_at=timezone.now(), tried_at=timezone.now(), **said)
    Endpoint.objects.filter(pk=made.pk).update(failing_since=timezone.now())
    now = timezone.now()
    late, *_others = severe.month(store, now, late=9)
    Message.objects.exclude(body__regex="[α-ω]").update(body=GREEK)
    Ticket.objects.exclude(excerpt__regex="[α-ω]").update(excerpt=GREEK)
    Message.objects.filter(author_name="Mehmet").update(author_name="Μεχμέτ")
    Ticket.objects.exclude(subject__regex="[α-ω]").update(subject=GREEK)
    judging.judge(store.pk, now)
    contest = contesting.contest(late.waits.get(), GREEK, [picture_of(mehmet)], by=replace(mehmet, at=now))
    Job.put("mail", {"event": 1})
    Job.objects.filter(kind="mail").update(dead_at=now, attempts=12, error="Όχι")
    incident = incidents.declare("Αργά.", now - timedelta(days=3), now, by=replace(sofia, at=now))
    deque(rollups.rebuild(now), maxlen=0)
    public = {"name": "Εφαρμογή", "reach": Reach.PUBLIC, "needs_pkce": False, "scopes": Scope.values}
    own, foreign_app = register(store, mehmet, **public)[0], register(rival_store, rival, **public)[0]
    for app in (own, foreign_app):
        AccessToken.issue(store, app.name[:100], app=app)
    make_administrator(sofia_user)
    invitations = {
        "merchant": inviting.invite("elif2@example.org", Post.AGENT, to=store, by=mehmet, language=foreign)[0],
        "support": inviting.invite("tomas2@example.org", Post.AGENT, to=None, by=sofia, language=foreign)[0],
    }
    for one in (question, ordered, purchase, appealed, waiting, resolved, closed):
        one.refresh_from_db()
    return World(
        clients={
            "ada": signed_in(ada_user), "mehmet": signed_in(mehmet_user), "sofia": signed_in(sofia_user), "": Client(),
        },
        tickets={
            "question": question, "ordered": ordered, "refunded": purchase, "appealed": appealed, "waiting": waiting,
            "resolved": resolved, "closed": closed,
        },
        order=order, product=product, store=store, picture=picture, refund=Refund.objects.latest("id"), app=own,
        asking=foreign_app, notice=Notice.objects.latest("id"), contest=contest, sanction=Sanction.objects.latest("id"),
        incident=incident, invitations=invitations, told=told, changes=changes,
        people={one.email: one for one in User.objects.all() if one.email},
    )  # fmt: skip
