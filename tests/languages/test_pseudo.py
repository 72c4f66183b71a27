"""Every page and every mail in en-xa: nothing that people see or hear is left in plain English."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from babel import Locale
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import translation

from marketdesk import schedule
from marketdesk.guide.contents import SLUGS
from marketdesk.journal.models import Job
from marketdesk.lib import languages
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance.sanction_lists import SanctionList
from marketdesk.programs.models import AccessToken
from marketdesk.refunds.reconciling import RefundList
from marketdesk.teams import inviting
from marketdesk.teams.models import Post
from marketdesk.tickets.desk import DeskQueue
from marketdesk.tickets.queues import Queue
from tests.languages import PACKAGE, plain, pseudo
from tests.languages.conftest import World
from tests.people.test_passkeys import KEY
from tests.test_tenancy import DOORS, V3, Route, bodies, routes

pytestmark = pytest.mark.django_db

ENGLISH = Locale("en")
# What Babel says in English for en-xa, as it says it in their own words for other languages: countries, months, days.
BABEL = frozenset(
    word
    for names in (ENGLISH.territories, *ENGLISH.months["format"].values(), *ENGLISH.days["format"].values())
    for name in names.values()
    for word in plain.WORD.findall(name)
)
# What languages are called in themselves, as names and in short.
NAMES = frozenset(word for one in languages.LANGUAGES.values() for word in plain.WORD.findall(one)) | {
    pseudo.CODE,
    "DE",
}
# Data of the shipped policy and routing: the name until somebody sets one, a merchant's tag; and where tests stand.
SHIPPED = frozenset({"the platform", "selected", "testserver"})
KNOWN = BABEL | NAMES | SHIPPED
# Addresses that only take a form.
ONLY_FORMS = frozenset(
    "set-language storefront:ask-draft storefront:draft support:draft support:invitation support:member".split()
)
# Addresses that the test of the way in walks, with what only their person has.
ONLY_IN = frozenset({"invitation", "mfa_edit_webauthn", "mfa_remove_webauthn"})
# What makes a page say something else.
QUERIES: dict[str, list[str]] = {
    "dashboard:search": ["?q=τίποτα", "?q="],
    "dashboard:performance": ["?days=90&by=week", "?days=nonsense"],
    "dashboard:guide": ["?q=ρεφθνδ", "?q=τίποτα"],
    "dashboard:templates": ["?q=refund", "?q=τίποτα", "?language=de"],
    "dashboard:ledger": ["?verdict=running", "?of=ratings&verdict=helpful", "?verdict=late"],
    "dashboard:queue": ["?text=τίποτα", "?late=1&country=DE&language=de"],
    "storefront:ask-order": ["?issue=order_status&go=1", "?issue=item_problem&go=1", "?issue=return_or_refund&go=1"],
    "storefront:ask-product": ["?issue=product_question&go=1"],
    "storefront:ticket": ["?helped=no", "?helped=yes"],
    "support:templates": ["?q=refund", "?q=τίποτα", "?language=de"],
    "support:search": ["?q=ada@example.org", "?q=τίποτα", "?q=x"],
    "support:overview": ["?days=90", "?days=nonsense", "?country=DE"],
    "support:try-routing": ["?country=DE&total=1000&currency=EUR&category=post_purchase", "?total=nonsense"],
    "support:merchants": ["?q=τίποτα", "?standing=severe"],
    "support:replay": ["?since=2026-01-01", "?since=nonsense"],
}
# Names of the wire and of HTTP in a sentence.
WIRE = frozenset({"Authorization", "Bearer", "Idempotency-Key"})
# Pages that are not walked, and why.
LEFT_OUT = {
    "healthz": "for machines",
    "readyz": "for machines, and for operators in English, as the command line",
    "docs": "for programmers: in English, as the names on the wire",
    "docs:start": "as docs",
    "docs:topic": "as docs",
    "docs:version": "as docs",
    "docs:call": "as docs",
    "openid-login": "leads to the operator's own service; what it says is in the templates, which are read below",
    "openid-callback": "as openid-login",
    "storefront:leave": "inside a visit alone, which has its own prefix: it shows storefront/left.html, read below",
}


def values(world: World, name: str) -> list[dict[str, Any]]:
    """What stands in the address of a page: the arguments of each that is worth a look."""
    door, _, page = name.rpartition(":")
    ids = [{"public_id": one.public_id} for one in world.tickets.values()]
    picture = {"picture": world.picture.public_id}
    of_ordered = {"public_id": world.tickets["ordered"].public_id}
    endpoint = {"public_id": world.told.endpoint.public_id}
    found: dict[str, list[dict[str, Any]]] = {
        "ticket": ids,
        "message": [
            {"public_id": one.public_id, "number": one.messages.latest("pk").pk} for one in world.tickets.values()
        ],
        "guide-section": [{"slug": slug} for slug in SLUGS],
        "template": [{"code": "order_shipped"}, {"code": "new"}],
        "picture": [of_ordered | picture],
        "contest-picture": [{"public_id": world.contest.public_id} | picture],
        "kept-picture": [picture],
        "settle": [{"public_id": world.tickets["refunded"].public_id, "refund": world.refund.public_id}],
        "refund": [{"refund": world.refund.public_id}],
        "notice": [{"public_id": world.notice.public_id}],
        "contest": [{"public_id": world.contest.public_id, "kind": "notice", "name": world.notice.public_id}],
        "contested": [{"public_id": world.contest.public_id}],
        "sanction": [{"public_id": world.sanction.public_id}],
        "incident": [{"public_id": world.incident.public_id}],
        "merchant": [{"public_id": world.store.public_id}],
        "merchant-ledger": [{"public_id": world.store.public_id}],
        "invitation": [{"public_id": world.invitations["merchant" if door == "dashboard" else "support"].public_id}],
        "delivery": [endpoint | {"message": world.told.message_id}],
        "replay": [endpoint],
        "ask-product": [{"name": world.product.public_id}],
        "ask-store": [{"name": world.store.public_id}],
        "ask-order": [{"name": world.order.public_id}],
        "ask-draft": [{"kind": "order", "name": world.order.public_id}],
        "overview-csv": [{"table": "merchants"}],
        "routing-rule": [{"code": "high-value"}, {"code": "new"}],
        "issue": [{"code": "order_status"}, {"code": "new"}],
        "undo-policy": [{"change": world.changes["policy"]}],
        "undo-routing": [{"change": world.changes["routing"]}],
        "undo-issues": [{"change": world.changes["issues"]}],
    }
    queues: dict[str, list[str]] = {
        "dashboard:queue": list(Queue),
        "support:queue": list(DeskQueue),
        "support:refunds": list(RefundList),
        "support:sanctions": list(SanctionList),
    }
    if name in queues:
        return [{"queue": one} for one in queues[name]]
    if page.startswith("webhook"):
        return [endpoint]
    if page in {"app", "app-secret", "app-token", "remove-app", "revoke-app"}:
        return [{"public_id": world.app.public_id}]
    if page == "member":
        email = "elif@example.org" if door == "dashboard" else "tomas@example.org"
        return [{"public_id": world.people[email].public_id}]
    return found.get(page, ids)


def addresses(world: World) -> Iterator[tuple[str, str]]:
    """Each page's name and address."""
    asked = f"?client_id={world.asking.client_id}&scope=tickets:read"
    queries = QUERIES | {"authorize": [asked, "?client_id=unknown"], "authorize-v3": [asked]}
    for route in routes():
        if route.name in LEFT_OUT:
            continue
        for known in values(world, route.name) if "<" in route.path or "(?P" in route.path else [{}]:
            path = re.sub(r"\(\?P<(\w+)>[^)]+\)", r"<\1>", re.sub(r"\^|\\Z|\$|/\)\?$", "", route.path))
            pieces = re.split(r"<(?:\w+:)?(\w+)>", path)
            pieces[1::2] = [str(known.get(hole, "nothing")) for hole in pieces[1::2]]
            filled = "".join(pieces)
            for query in ["", *queries.get(route.name, [])]:
                yield route.name, f"/{filled}{query}"


def clients(world: World, name: str) -> list[Client]:
    """Who reads a page: those of its door, and a stranger."""
    who = {"customer": "ada", "merchant": "mehmet", "support": "sofia"}
    return [world.clients[who.get(DOORS.get(name, ("",))[0], "ada")], world.clients[""]]


def left(response: Any) -> list[str]:
    """The plain words of an answer that people read."""
    if "html" not in response.headers.get("Content-Type", ""):
        return []
    return [f"({response.status_code}) {one}" for one in plain.in_page(response.content.decode(), KNOWN)]


@dataclass
class Walk:
    """Looks at pages, and notes what is left in English and which addresses answered with something to read."""

    found: list[str] = field(default_factory=list)
    walked: set[str] = field(default_factory=set)

    def look(self, name: str, client: Client, address: str, body: dict[str, Any] | None = None) -> Any:
        """One page; what follows a form is undone, and the page that it leads to is read as well."""
        options: dict[str, Any] = {"follow": True, "headers": {"accept-language": pseudo.CODE}}
        if body is None:
            response = client.get(address, **options)
        else:
            with transaction.atomic():
                response = client.post(address, body, **options)
                transaction.set_rollback(True)
        if response.status_code not in {403, 404, 405}:
            self.walked.add(name)
        self.found += [f"{address} {body or ''} {one}" for one in left(response)]
        return response

    def check(self) -> None:
        assert list(dict.fromkeys(self.found)) == []


@pytest.fixture
def walk() -> Walk:
    cache.clear()
    return Walk()


@pytest.mark.slow
def test_no_page_says_a_word_that_is_not_translated(world: World, walk: Walk) -> None:
    names = {route.name for route in routes()} - set(LEFT_OUT)

    for name, address in addresses(world):
        for client in clients(world, name):
            walk.look(name, client, address)

    walk.check()
    assert names - walk.walked - ONLY_FORMS - ONLY_IN == set()


@pytest.mark.slow
def test_no_form_says_why_not_in_plain_english(world: World, walk: Walk) -> None:
    """Each form of each page, sent empty and sent with nonsense."""
    named = "reason words kind name email role language time_zone country query url starts ends login password code"
    nonsense = {**dict.fromkeys(named.split(), "?"), "text": "\x00"}
    for name, address in addresses(world):
        route = Route(name, "")
        for client in clients(world, name)[:1]:
            for body in [{"act": one["act"]} for one in bodies(route) if "act" in one] or [{}]:
                walk.look(name, client, address, body)
                walk.look(name, client, address, body | nonsense)

    walk.check()
    assert ONLY_FORMS - walk.walked == set()


# All but the pages for programmers.
TEMPLATES = sorted(
    one
    for kind in ("html", "txt")
    for one in PACKAGE.glob(f"**/templates/**/*.{kind}")
    if "documentation" not in one.parts
)
# What is no word in them: names of classes, attributes and arguments, Django's tags, and what is marked already.
MARKED = re.compile(
    r"{%\s*block\ body_class\s*%}\w+ | \bdata-text-[\w-]+= | \?\w+=\w+ | {\#.*?\#} | {%\s*comment.*?endcomment\s*%}"
    r"| {%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%} | {%.*?%} | {{.*?}}",
    re.DOTALL | re.VERBOSE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_holds_a_bare_word(path: Path) -> None:
    """Also what no walk comes to."""
    bare = MARKED.sub("", path.read_text(encoding="utf-8"))

    assert (plain.in_page(bare) if path.suffix == ".html" else plain.in_text(bare)) == []


def test_scripts_get_their_sentences_from_the_page() -> None:
    """As `data-text-…`: a script has none of its own."""
    sentence = re.compile(r"""(["'`])([A-Z][a-z]+(?: [^"'`]*)?[.…!?]|[A-Z][a-z]+ [^"'`]*)\1""")
    scripts = [one for one in PACKAGE.glob("*/static/**/*.js") if "documentation" not in one.parts]

    found = [f"{one.name}: {said[1]}" for one in scripts for said in sentence.findall(one.read_text(encoding="utf-8"))]
    assert found == []
    assert len(scripts) >= 9


def test_a_word_that_is_not_translated_would_be_found(foreign: str) -> None:
    sentence = translation.gettext("Reply & Resolve")
    page = f'<p>{sentence} <b>{{}}</b><input type="submit" value="{{}}"><img alt="{{}}"><p lang="de">{{}}</p>'

    assert plain.in_page(page.format("", "", "", "Antwort")) == []
    assert len(plain.in_page(page.format("Reply", "Send it", "A cup", ""))) == 3
    assert plain.in_text("Νέο: Reply to Άντα") == ["Reply to … Νέο: Reply to Άντα"]


def test_the_way_in_is_translated(world: World, walk: Walk, ada_user: User, mehmet: Actor) -> None:
    """Signing in with everything that can go wrong, the second step, a new password, an invitation, passkeys."""
    client, login = Client(), {"login": "ada@example.org", "password": "ada-password"}
    walk.look("account_login", client, "/accounts/login/", login | {"password": "wrong"})
    walk.look("account_login", client, "/accounts/login/", login)
    walk.look("account_reset_password", client, "/accounts/password/reset/", {"email": "nonsense"})
    walk.look("account_reset_password", client, "/accounts/password/reset/", {"email": "ada@example.org"})
    key = user_pk_to_url_str(ada_user) + "-" + default_token_generator.make_token(ada_user)
    opened = walk.look("account_reset_password_from_key", client, f"/accounts/password/reset/key/{key}/")
    for word in ("short", "ada@example.org", "password1234", "123456789012"):
        passwords = {"password1": word, "password2": word if word != "short" else "other"}
        walk.look("account_reset_password_from_key", client, opened.redirect_chain[-1][0], passwords)
    _, token = inviting.invite("new@example.org", Post.AGENT, to=world.store, by=mehmet, language=pseudo.CODE)
    for body in (None, {}, {"name": "Νέα", "password": "short", "language": pseudo.CODE}):
        walk.look("invitation", client, f"/invitation?token={token}", body)

    inside = Client()
    inside.post("/accounts/login/", login)
    passkey = Authenticator.objects.create(
        user=ada_user, type=Authenticator.Type.WEBAUTHN, data=KEY | {"name": "Κλειδί"}
    )
    for way in (
        "",
        "totp/activate/",
        "webauthn/",
        "webauthn/add/",
        *(f"webauthn/keys/{passkey.pk}/{act}/" for act in ("edit", "remove")),
    ):
        for body in (None, {}):
            walk.look(f"passkey {way}", inside, f"/accounts/2fa/{way}", body)
    for body in ({"oldpassword": "wrong", "password1": "a", "password2": "b"}, {}):
        walk.look("account_change_password", inside, "/accounts/password/change/", body)
    passkey.delete()
    TOTP.activate(ada_user, generate_totp_secret())
    RecoveryCodes.activate(ada_user)
    for way in ("", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/"):
        for body in (None, {}):
            walk.look(f"codes {way}", inside, f"/accounts/2fa/{way}", body)
    stranger = Client()
    stranger.post("/accounts/login/", login)
    for body in (None, {}, {"code": "wrong"}):
        walk.look("mfa_authenticate", stranger, "/accounts/2fa/authenticate/", body)

    walk.check()


def test_no_mail_says_a_word_that_is_not_translated(world: World, mehmet_user: User) -> None:
    """Those of everything that has happened, and those about an account."""
    mail.outbox.clear()
    Client().post("/accounts/password/reset/", {"email": mehmet_user.email})
    Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    Job.objects.filter(dead_at__isnull=False).delete()
    worker = schedule.worker()
    while worker.run_one():
        pass

    found = []
    for letter in mail.outbox:
        found += [(letter.subject, one) for one in plain.in_text(str(letter.subject), KNOWN)]
        found += [(letter.subject, one) for line in str(letter.body).splitlines() for one in plain.in_text(line, KNOWN)]
        for content, kind in getattr(letter, "alternatives", []):
            found += [(letter.subject, one) for one in plain.in_page(str(content), KNOWN) if kind == "text/html"]
    assert list(dict.fromkeys(found)) == []
    assert len({letter.subject for letter in mail.outbox}) >= 15


@dataclass
class Call:
    """One that a program gets wrong."""

    method: str
    path: str
    body: dict[str, Any]


def calls(world: World) -> Iterator[Call]:
    """Of API v3. API v2 and the Platform API answer in English, as `api/middleware.py` says."""
    values = {"ticket": world.tickets["waiting"].public_id, "order": world.order.public_id}
    for method, path, _scope, body in V3:
        filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda hole: values.get(hole[1], "nothing"), path)
        nonsense = dict.fromkeys([*body, "limit", "sort_by", "states", "types", "language"], "?")
        for said in ({}, body, nonsense, dict.fromkeys(body, 7), {"limit": "0"}, {"limit": "999"}):
            yield Call(method, f"/{filled}", said)


def sayings(envelope: dict[str, Any]) -> Iterator[str]:
    """What an answer says to whoever writes the program, without the names of fields and the words of the wire."""
    said = [str(envelope["message"]), *(one for one in (envelope["data"] or {}).values() if isinstance(one, str))]
    for one in said:
        yield re.sub(r"'[^']*'|(?:^|; )[\w.-]+: |/\S+|\b[A-Z]+(?:_[A-Z]+)+\b|\b\w+:\w+\b", " ", one)


def test_no_refusal_of_a_call_is_in_plain_english(world: World) -> None:
    found, refused = [], 0
    tokens = [
        AccessToken.issue(world.store, "erp", app=world.app),
        AccessToken.issue(world.store, "own"),
        "unknown",
        "",
    ]
    for call in calls(world):
        for token in tokens:
            headers = {"accept-language": pseudo.CODE, "idempotency-key": "k"}
            headers |= {"authorization": f"Bearer {token}"} if token else {}
            said = json.dumps(call.body)
            address = f"{call.path}?{urlencode(call.body)}"
            answer = Client().generic(call.method, address, said, "application/json", headers=headers)
            if answer.status_code >= 400:
                refused += 1
                found += [f"{call} {one}" for said in sayings(answer.json()) for one in plain.in_text(said, WIRE)]

    assert list(dict.fromkeys(found)) == []
    assert refused > 100
