"""Every answer under /platform/ is JSON, and a problem where it is no success; whatever fails."""

import json
import logging
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError
from django.test import Client

from marketdesk.api.middleware import guarded
from marketdesk.api.platform import batches
from marketdesk.merchants.models import Merchant
from marketdesk.records.customers import Customers
from marketdesk.records.merchants import Merchants
from marketdesk.records.orders import Orders
from marketdesk.records.products import Products
from marketdesk.records.writing import Importer
from tests.api.platform.conftest import Program, opened

pytestmark = pytest.mark.django_db

ROWS = {"rows": [{"id": "m-1", "name": "Anadolu Home"}]}


@pytest.mark.parametrize(
    "path", ["/platform", "/platform/", "/platform/v1", "/platform/v1/", "/platform/v2/x", "/platform/%ff"]
)
def test_a_call_that_does_not_exist(client: Client, path: str) -> None:
    for answer in (opened(client.get(path)), opened(client.post(path))):
        assert (answer.status, answer.code) == (404, "no_such_call")


def test_a_wrong_method(shop: Program) -> None:
    answer = shop.get("merchants")

    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "wrong_method", "POST")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"rows": NaN}', b"[" * 100_000, "rows=1", b'{"rows": ' + b"[" * 5000]
)
def test_a_body_that_cannot_be_read(shop: Program, body: Any) -> None:
    answer = shop.post("merchants", body)

    assert answer.status in {400, 422}
    assert answer.code in {"unreadable", "bad_fields"}


@pytest.mark.parametrize("body", ["null", "[]", "5", '"rows"', "{}", '{"rows": 5, "more": 1}'])
def test_a_body_of_another_shape(shop: Program, body: str) -> None:
    answer = shop.post("merchants", body)

    assert (answer.status, answer.code) == (422, "bad_fields")


def test_ten_megabytes_are_enough(shop: Program) -> None:
    answer = shop.post("merchants", b" " * (10 * 1024 * 1024 + 1))
    whole = shop.post("merchants", json.dumps(ROWS) + " " * (10 * 1024 * 1024 - len(json.dumps(ROWS))))

    assert (answer.status, answer.code) == (413, "too_large")
    assert whole.status == 200


def test_a_host_that_is_not_ours(shop: Program) -> None:
    answer = opened(shop.client.get("/platform/v1/openapi.json", headers={"Host": "evil.example"}))

    assert (answer.status, answer.code) == (400, "wrong_host")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(RuntimeError("secret"), 500, "failed"), (OperationalError("gone"), 503, "unavailable")],
)
def test_what_fails_here_is_said_without_its_reason(
    failure: Exception, status: int, code: str, shop: Program, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_args: Any, **_named: Any) -> None:
        raise failure

    monkeypatch.setattr(batches, "upsert", fail)
    with caplog.at_level(logging.ERROR):
        answer = shop.post("merchants", ROWS)

    assert (answer.status, answer.code) == (status, code)
    assert b"secret" not in answer.body
    assert answer.headers["X-Request-Id"] in caplog.text
    assert shop.key not in caplog.text


def test_a_request_that_django_cannot_begin_with() -> None:
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/platform/v1/orders", "CONTENT_TYPE": "text/plain; charset=base64",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
    }  # fmt: skip

    body = b"".join(guarded(WSGIHandler())(environ, lambda *args: started.append(args) or (lambda _: None)))  # type: ignore[func-returns-value]

    assert started[0][0].startswith("400")
    assert json.loads(body)["error"]["code"] == "unreadable"


def test_the_description_names_every_call_and_needs_no_key(client: Client) -> None:
    found = opened(client.get("/platform/v1/openapi.json"))

    paths = found.data["paths"]
    assert found.status == 200
    assert {path for path in paths if not path.startswith("/platform/v1/")} == set()
    for path, calls in paths.items():
        for method, call in calls.items():
            names = [one["name"] for one in call.get("parameters", [])]
            assert ("Idempotency-Key" in names) == (method != "get"), (path, method)
            assert call["security"]
            assert call["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
    assert not Merchant.objects.exists()
    assert opened(client.post("/platform/v1/openapi.json")).code == "wrong_method"


@pytest.mark.parametrize("kind", [Merchants, Products, Customers, Orders])
def test_the_description_says_what_a_row_holds(kind: type[Importer], client: Client) -> None:
    schemas = opened(client.get("/platform/v1/openapi.json")).data["components"]["schemas"]

    row = schemas[f"{kind.kind.capitalize()}Rows"]["properties"]["rows"]["items"]

    assert set(row["properties"]) == {one.name for one in kind.fields}
    assert row["required"] == ["id"]
    for one in kind.fields:
        if one.parts:
            assert set(row["properties"][one.name]["items"]["properties"]) == {part.name for part in one.parts}
