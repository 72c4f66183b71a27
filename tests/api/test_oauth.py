"""The token calls, as programs send them: by GET and POST, in the query, forms and JSON, in both versions."""

import base64
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as desk
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.api.v2 import oauth as v2
from marketdesk.api.v3 import oauth as v3
from marketdesk.lib.logs import Discreet
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import guesses
from marketdesk.programs.models import AccessToken, App, Grant, RefreshToken
from marketdesk.programs.refusals import Why
from tests.api.conftest import Answer, opened
from tests.apps import BACK, TODAYS, VERIFIER, code_of, make_app

pytestmark = pytest.mark.django_db
VERSIONS = pytest.mark.parametrize("version", ["v2", "v3"])
MULTIPART = "multipart/form-data; boundary=x"

Send = Callable[[str, dict[str, str]], Any]


def get(path: str, said: dict[str, str]) -> Any:
    return Client().get(f"{path}?{urlencode(said)}")


def form(path: str, said: dict[str, str]) -> Any:
    return Client().post(path, urlencode(said), content_type="application/x-www-form-urlencoded")


def multipart(path: str, said: dict[str, str]) -> Any:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in said.items()]
    return Client().post(path, "".join(parts) + "--x--\r\n", content_type=MULTIPART)


def in_json(path: str, said: dict[str, str]) -> Any:
    return Client().post(path, json.dumps(said), content_type="application/json")


def mixed(path: str, said: dict[str, str]) -> Any:
    """Who it is in the query, and the rest in a form."""
    client = {name: said[name] for name in said if name.startswith("client")}
    return form(f"{path}?{urlencode(client)}", {name: said[name] for name in said if name not in client})


def in_header(path: str, said: dict[str, str]) -> Any:
    """Who it is as RFC 6749 prefers it."""
    who = base64.b64encode(f"{said['client_id']}:{said['client_secret']}".encode()).decode()
    rest = {name: said[name] for name in said if not name.startswith("client")}
    return Client().post(path, rest, headers={"Authorization": f"Basic {who}"})


class Oauth:
    """The token calls of one app."""

    def __init__(self, app: App, secret: str) -> None:
        self.app, self.secret, self.send = app, secret, form

    def redeem(self, version: str, code: str, send: Send = form, **said: str) -> Answer:
        return self._ask(f"/api/{version}/oauth/access_token", "authorization_code", send, {"code": code, **said})

    def renew(self, version: str, token: str, send: Send = form, **said: str) -> Answer:
        return self._ask(f"/api/{version}/oauth/refresh_token", "refresh_token", send, {"refresh_token": token, **said})

    def _ask(self, path: str, kind: str, send: Send, said: dict[str, str]) -> Answer:
        client = {"client_id": self.app.client_id, "client_secret": self.secret, "grant_type": kind}
        return opened(send(path, {**client, **said}))


@pytest.fixture
def erp(store: Merchant) -> Oauth:
    return Oauth(*make_app(store))


@pytest.fixture
def code(erp: Oauth, store: Merchant, mehmet: Actor) -> Callable[..., str]:
    return lambda **said: code_of(erp.app, store, mehmet, **said)


@pytest.mark.parametrize("send", [get, form, multipart, in_json, mixed, in_header])
@VERSIONS
def test_a_program_sends_it_as_it_always_did(version: str, send: Send, erp: Oauth, code: Any) -> None:
    given = erp.redeem(version, code(), send, redirect_uri=BACK)
    renewed = erp.renew(version, given.data["refresh_token"], send)

    assert (given.code, renewed.code) == (0, 0)
    assert AccessToken.find(given.data["access_token"]).is_revoked  # type: ignore[union-attr]
    assert not AccessToken.find(renewed.data["access_token"]).is_revoked  # type: ignore[union-attr]
    assert given.headers["Cache-Control"] == "no-store"


def test_v2_answers_with_numbers(erp: Oauth, code: Any) -> None:
    before = int(datetime.now(UTC).timestamp())

    given = erp.redeem("v2", code())
    renewed = erp.renew("v2", given.data["refresh_token"])

    for data in (given.data, renewed.data):
        assert set(data) == {"access_token", "refresh_token", "expires_in", "expiry_time"}
        assert type(data["access_token"]) is type(data["refresh_token"]) is str
        assert type(data["expires_in"]) is type(data["expiry_time"]) is int
        assert data["expires_in"] == 30 * 86400
        assert 0 <= data["expiry_time"] - before - data["expires_in"] < 60


def test_v3_answers_with_the_store_and_a_moment(erp: Oauth, code: Any, store: Merchant) -> None:
    given = erp.redeem("v3", code(scope="tickets:read"))
    renewed = erp.renew("v3", given.data["refresh_token"])

    for data in (given.data, renewed.data):
        assert set(data) == {"access_token", "refresh_token", "merchant_id", "scopes", "expiry_time"}
        assert (data["merchant_id"], data["scopes"]) == (store.public_id, ["tickets:read"])
        assert len(data["expiry_time"]) == len("2022-10-19T04:16:35.661+00:00")
        until = datetime.fromisoformat(data["expiry_time"]) - datetime.now(UTC)
        assert timedelta(days=29, hours=23) < until <= timedelta(days=30)
    tested = Client().get("/api/v3/oauth/test", headers={"Authorization": f"Bearer {renewed.data['access_token']}"})
    assert opened(tested).data == {"merchant_id": store.public_id}


@VERSIONS
def test_an_empty_token_or_grant_type_is_none(version: str, erp: Oauth, code: Any) -> None:
    given = erp.redeem(version, code(), access_token="", grant_type="", redirect_uri="", format="json")

    assert given.code == 0
    assert erp.renew(version, given.data["refresh_token"], access_token="", grant_type="", code="x").code == 0


@VERSIONS
def test_a_library_that_knows_one_address_sends_both_there(version: str, erp: Oauth, code: Any) -> None:
    given = erp.redeem(version, code())

    again = erp.redeem(version, "", grant_type="refresh_token", refresh_token=given.data["refresh_token"])

    assert again.code == 0


@VERSIONS
def test_a_program_of_today_answers_its_challenge(
    version: str, store: Merchant, mehmet: Actor, rival_store: Merchant
) -> None:
    app = Oauth(*make_app(store, needs_pkce=True))
    sent = code_of(app.app, store, mehmet, **TODAYS)

    assert app.redeem(version, sent).code == 1000
    assert app.redeem(version, sent, code_verifier="x" * 43).code in {1000, 10008}
    assert app.redeem(version, sent, code_verifier=VERIFIER).code == 0


def test_each_version_has_a_code_for_every_refusal() -> None:
    assert set(v2.CODES) == set(v3.CODES) == set(Why)


@pytest.mark.parametrize(
    ("why", "in_v2", "in_v3"),
    [
        ("grant_type", (1000, 400, {}), (1001, 400, {})),
        ("no code", (1001, 400, "code"), (1000, 400, "code")),
        ("secret", (4000, 401, {}), (10001, 400, {})),
        ("client", (4000, 401, {}), (10001, 400, {})),
        ("unknown", (1000, 400, {}), (10008, 400, {})),
        ("used", (1016, 400, {}), (10002, 400, {})),
        ("expired", (1016, 400, {}), (10004, 400, {})),
        ("address", (1000, 400, {}), (10008, 400, {})),
        ("refresh unknown", (1000, 400, {}), (10008, 400, {})),
        ("refresh used", (1016, 400, {}), (1008, 400, {})),
        ("refresh expired", (1015, 400, {}), (1007, 400, {})),
    ],
)
@VERSIONS
def test_a_refusal_has_the_code_of_its_version(
    version: str, why: str, in_v2: tuple[Any, ...], in_v3: tuple[Any, ...], erp: Oauth, code: Any
) -> None:
    sent, given = code(), erp.redeem("v2", code()).data
    match why:
        case "used":
            erp.redeem("v3", sent)
        case "expired":
            Grant.objects.update(expires=datetime.now(UTC))
        case "refresh used":
            erp.renew("v3", given["refresh_token"])
        case "refresh expired":
            RefreshToken.objects.update(created=datetime.now(UTC) - timedelta(days=365))
    asks: dict[str, Callable[[], Answer]] = {
        "grant_type": lambda: erp.redeem(version, sent, grant_type="password"),
        "no code": lambda: erp.redeem(version, ""),
        "secret": lambda: erp.redeem(version, sent, client_secret="wrong"),
        "client": lambda: erp.redeem(version, sent, client_id="nobody"),
        "unknown": lambda: erp.redeem(version, "x"),
        "used": lambda: erp.redeem(version, sent),
        "expired": lambda: erp.redeem(version, sent),
        "address": lambda: erp.redeem(version, sent, redirect_uri="https://evil.example/"),
        "refresh unknown": lambda: erp.renew(version, "x"),
        "refresh used": lambda: erp.renew(version, given["refresh_token"]),
        "refresh expired": lambda: erp.renew(version, given["refresh_token"]),
    }

    answer = asks[why]()

    assert (answer.code, answer.status, answer.data) == (in_v2 if version == "v2" else in_v3)
    assert sent not in answer.message


@VERSIONS
def test_who_guesses_too_often_waits(now: Any, version: str, erp: Oauth, code: Any) -> None:
    sent = code()
    for _ in range(guesses.MOST_OF_APP):
        assert erp.redeem(version, sent, client_secret="wrong").code in {4000, 10001}

    answer = erp.redeem(version, sent)

    assert (answer.code, answer.status, answer.headers["Retry-After"]) == (429, 429, "60")
    assert not AccessToken.objects.exists()


@VERSIONS
def test_behind_a_socket_of_the_machine_nobody_has_an_address(version: str, erp: Oauth, code: Any) -> None:
    def without_address(path: str, said: dict[str, str]) -> Any:
        return Client(REMOTE_ADDR="").post(path, said)

    given = erp.redeem(version, code(), without_address)
    renewed = erp.renew(version, given.data["refresh_token"], without_address)
    refused = erp.renew(version, "x", without_address, client_secret="wrong")

    assert (given.code, renewed.code) == (0, 0)
    assert refused.code in {4000, 10001}


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
@VERSIONS
def test_other_methods_are_refused(version: str, method: str) -> None:
    answer = opened(getattr(Client(), method)(f"/api/{version}/oauth/access_token"))

    assert (answer.code, answer.status) == (405, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        '"x"',
        "{",
        "[" * 5000,
        '{"client_id": ["{id}"], "client_secret": "{secret}", "code": "{code}"}',
        '{"client_id": "{id}", "client_secret": {"x": "{secret}"}, "code": "{code}"}',
        '{"client_id": "{id}", "client_secret": "{secret}", "code": ["{code}", "x"]}',
        '{"client_id": "{id}", "client_secret": "{secret}", "code": 7}',
        '{"client_id": "{id}", "client_secret": true, "code": "{code}"}',
        '{"client_id": "{id}", "client_secret": "\\ud800", "code": "{code}"}',
        '{"client_id": "{id}", "client_secret": "{secret}", "code": "{code}", "code_verifier": "\\ud800"}',
    ],
)
@VERSIONS
def test_what_is_not_text_is_never_taken_for_it(version: str, body: str, erp: Oauth, code: Any) -> None:
    known = {"{id}": erp.app.client_id, "{secret}": erp.secret, "{code}": code()}
    for name, value in known.items():
        body = body.replace(name, value)

    answer = opened(Client().post(f"/api/{version}/oauth/access_token", body, content_type="application/json"))

    assert (answer.code, answer.status) == (1000, 400)
    assert not AccessToken.objects.exists()


@VERSIONS
def test_a_name_with_brackets_is_another_name(version: str, erp: Oauth, code: Any) -> None:
    said = {"client_id": erp.app.client_id, "client_secret": erp.secret, "code[]": code()}

    assert opened(form(f"/api/{version}/oauth/access_token", said)).data == "code"
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("header", ["Basic", "Basic x", "Basic !!!", "Basic eA==", "Basic /////w==", "Bearer x"])
@VERSIONS
def test_a_header_that_names_nobody_is_none(version: str, header: str, erp: Oauth, code: Any) -> None:
    said = {"client_id": erp.app.client_id, "client_secret": erp.secret, "code": code()}

    answer = opened(Client().post(f"/api/{version}/oauth/access_token", said, headers={"Authorization": header}))

    assert answer.code == 0


def test_the_older_paths_have_the_calls_too(erp: Oauth, code: Any) -> None:
    assert erp.redeem("v1", code()).code == 0


@VERSIONS
def test_an_exchange_asks_little_of_the_database(version: str, erp: Oauth, code: Any) -> None:
    sent = code()

    with CaptureQueriesContext(connection) as redeeming:
        given = erp.redeem(version, sent)
    with CaptureQueriesContext(connection) as renewing:
        assert erp.renew(version, given.data["refresh_token"]).code == 0

    assert len(redeeming) <= 14
    assert len(renewing) <= 14


@pytest.fixture
def log() -> Any:
    """All that an operator's log says, however much it says."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Discreet("%(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_secret_is_written_to_the_log(log: StringIO, store: Merchant, mehmet: Actor) -> None:
    app = Oauth(*make_app(store, needs_pkce=True))
    sent = code_of(app.app, store, mehmet, state="canary-state", **TODAYS)
    given = app.redeem("v3", sent, get, code_verifier=VERIFIER).data
    renewed = app.renew("v2", given["refresh_token"], get).data
    app.redeem("v2", sent, get, code_verifier=VERIFIER)
    app.renew("v2", given["refresh_token"], get)
    app.redeem("v3", "canary-code", get, client_secret="canary-secret", redirect_uri="https://evil.example/")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(App, "find", lambda client_id: 1 / 0)
        assert app.renew("v3", renewed["refresh_token"], get).status == 500

    told = log.getvalue()
    assert "failed (request" in told  # it does listen
    secrets = [app.secret, sent, VERIFIER, *given.values(), *renewed.values(), "canary-code", "canary-secret"]
    for secret in secrets:
        assert not isinstance(secret, str) or secret not in told or secret in (store.public_id, given["expiry_time"])


def test_the_toolkits_own_words_are_never_more_than_its_news() -> None:
    """At DEBUG they hold codes and tokens."""
    for name in ("oauthlib", "oauth2_provider"):
        assert dict[str, Any](desk.LOGGING)["loggers"][name] == {"level": "INFO"}
        assert not logging.getLogger(f"{name}.anything").isEnabledFor(logging.DEBUG)
