"""Every example of every page, typed as it is printed: in curl, Python and PHP, against a running server."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import requests
from django.test import Client

from marketdesk.api.documentation import samples
from marketdesk.api.documentation.content import snippets
from marketdesk.orders.models import Product
from marketdesk.outbox.models import Topic
from marketdesk.outbox.webhooks import endpoints, subscribing
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance.models import Notice, NoticeKind
from marketdesk.programs import exchanging
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.tickets.models import Ticket
from tests.api.documentation.test_pages import PAGES
from tests.apps import BACK, code_of, make_app
from tests.conftest import make_order

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

EXAMPLE = re.compile(r'<pre class="\w+" data-example="(\w+)"[^>]*><code>(.*?)</code></pre>', re.DOTALL)
PROGRAMS = {"curl": ["bash", "-eu"], "python": [sys.executable, "-"], "php": ["php"]}

# Types one after the other into Python.
RUNNER = """
import json, os, sys
for text, secrets in json.loads(os.environ["EXAMPLES"]):
    os.environ.update(secrets)
    sys.stderr.write(text)
    exec(compile(text, "example", "exec"), {"__name__": "__main__"})
"""


def run(language: str, text: str, **environment: str) -> str:
    """Run a program; what it printed. It must end well."""
    ended = subprocess.run(
        PROGRAMS[language], input=text, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "LANG": "C.UTF-8", **environment},
    )  # fmt: skip
    assert ended.returncode == 0, f"{text}\n\n{ended.stdout}{ended.stderr}"
    assert "Warning" not in ended.stdout + ended.stderr, ended.stdout + ended.stderr
    return ended.stdout


class Stage:
    """What stands behind the ids of the examples: for each run something new, in the state that the call is for."""

    def __init__(self, ask: Callable[..., Ticket], customer: User, product: Product, mehmet: Actor) -> None:
        self.ask, self.customer, self.product, self.mehmet = ask, customer, product, mehmet
        self.store = product.merchant
        self.app, self.secret = make_app(self.store, scopes=Scope.values)
        self.token = AccessToken.issue(self.store, "examples", app=self.app)
        self.number = 0

    def put_into(self, text: str, page: str) -> str:
        """An example of a page with ids that lead somewhere."""
        self.number += 1
        order = make_order(self.customer, self.product, f"E-{self.number}")
        ticket = self.ask("item_problem" if "appeal" in page else "order_status", order=order, items=[])
        if "re-open" in page:
            ticket.close(by=self.mehmet)
        if samples.SUBSCRIPTION in text:
            topic, url = Topic.ORDER_REFUND, f"https://erp.example/{self.number}"
            made = subscribing.subscribe(self.app, self.store, topic, url, by=self.mehmet)
            text = text.replace(samples.SUBSCRIPTION, made.public_id)
        if samples.PENALTY in text:
            given = Notice.objects.create(merchant=self.store, kind=NoticeKind.WARNING, given_at=self.mehmet.at)
            text = text.replace(samples.PENALTY, given.public_id)
        text = text.replace(samples.TICKET, ticket.public_id)
        return text.replace(samples.ITEM, order.items.all()[0].public_id)

    def secrets(self, page: str) -> dict[str, str]:
        """What the examples read from the environment."""
        known = {"TOKEN": self.token, "CLIENT_ID": self.app.client_id, "CLIENT_SECRET": self.secret}
        if "oauth" not in page:
            return known
        code = code_of(self.app, self.store, self.mehmet)
        said = {"client_id": self.app.client_id, "code": code_of(self.app, self.store, self.mehmet)}
        given = exchanging.tokens(exchanging.CODE, {**said, "client_secret": self.secret}, address="127.0.0.1")
        return {**known, "CODE": code, "REDIRECT_URI": BACK, "REFRESH_TOKEN": given.refresh_token}


@pytest.fixture
def stage(
    ask: Callable[..., Ticket], ada_user: User, product: Product, mehmet: Actor, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    monkeypatch.setattr(endpoints, "check_url", lambda *_, **__: None)  # no name server is asked
    return Stage(ask, ada_user, product, mehmet)


@pytest.mark.parametrize("language", PROGRAMS)
def test_every_example_does_what_it_says(language: str, stage: Stage, live_server: Any) -> None:
    found = []
    for page in PAGES:
        shown = requests.get(live_server.url + page, timeout=30).text
        for text in [unescape(text) for name, text in EXAMPLE.findall(shown) if name == language]:
            assert live_server.url in text or "is_ours" in text
            found.append((stage.put_into(text, page), stage.secrets(page)))

    assert len(found) > 20
    if language == "python":  # in one process: its library takes longer to load than all of them
        run(language, RUNNER, EXAMPLES=json.dumps(found))
        return
    for text, secrets in found:
        printed = run(language, text, **secrets)
        if language == "curl" and printed:
            assert json.loads(printed)["code"] == 0


def test_the_challenge_is_made_of_the_verifier(client: Client) -> None:
    page = unescape(client.get("/api/docs/authentication").content.decode())
    shown = re.search(r'aria-label="Shell"><code>(.*?)</code>', page, re.DOTALL)
    assert shown is not None

    verifier, challenge = run("curl", f'{shown[1]}\necho "$CODE_VERIFIER" "$CODE_CHALLENGE"').split()

    assert len(verifier) == 64
    assert challenge == base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("language", ["python", "php"])
def test_a_webhook_is_known_by_its_signature(language: str) -> None:
    made = base64.b64encode(hmac.new(b"secret", b'[{"data": 1}]', hashlib.sha256).digest()).decode()
    ask = {
        "python": "\nimport sys\nprint(is_ours(b'[{\"data\": 1}]', '{}'), is_ours(b'[]', '{}'))",
        "php": "\necho var_export(is_ours('[{\"data\": 1}]', '{}'), true), ' ', var_export(is_ours('[]', '{}'), true);",
    }[language]

    text = dict(zip(("python", "php"), snippets("verifying", "").values(), strict=True))[language]
    printed = run(language, text + ask.replace("'{}'", f"'{made}'"), CLIENT_SECRET="secret")

    assert printed.lower().split() == ["true", "false"]
