"""Customers arrive signed in from the marketplace's pages."""

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.conf import settings as installed
from django.test import Client
from django.utils import timezone

from marketdesk.people.actor import Actor
from marketdesk.people.arriving import add_key
from marketdesk.people.models import Algorithm, Arrival, User
from marketdesk.records import erasing
from marketdesk.storefront import arriving
from tests.arrivals import Shop, pem_of
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


def refused(client: Client, address: str, status: int, words: str) -> None:
    """Nobody is let in, nothing changed, and a page says so."""
    before = list(User.objects.order_by("pk").values())
    arrivals = Arrival.objects.count()

    page = client.get(address)

    assert page.status_code == status
    assert words in page.text
    assert "Nothing was changed" in page.text
    assert "eyJ" not in page.text
    assert list(User.objects.order_by("pk").values()) == before
    assert Arrival.objects.count() == arrivals
    assert installed.SESSION_COOKIE_NAME not in page.cookies


def test_a_new_customer_arrives_and_is_known(client: Client, shop: Shop) -> None:
    said: dict[str, Any] = {
        "email": "Grace@example.org",
        "country": "de",
        "language": "de-AT",
        "time_zone": "Europe/Vienna",
    }

    answer = client.get(shop.address(**said))

    grace = User.objects.get(external_id="c-7")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (grace.name, grace.email, grace.country, grace.language, grace.time_zone) == (
        "Grace Hopper", "grace@example.org", "DE", "de", "Europe/Vienna",
    )  # fmt: skip
    assert (grace.party, grace.has_usable_password()) == ("customer", False)
    assert client.get("/my/").wsgi_request.user == grace


def test_a_known_customer_arrives_and_is_updated(client: Client, shop: Shop, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-ada", time_zone="Europe/Berlin")

    client.get(shop.address(sub="c-ada", name="Ada King", email=""))

    ada_user.refresh_from_db()
    assert (ada_user.name, ada_user.email, ada_user.time_zone) == ("Ada King", "ada@example.org", "Europe/Berlin")
    assert User.objects.count() == 1


def test_a_customer_of_whom_little_is_said_has_their_id_for_a_name(client: Client, shop: Shop) -> None:
    client.get(shop.address(name=None))
    assert User.objects.get().name == "c-7"

    client.get(shop.address())
    client.get(shop.address(name=None))
    assert User.objects.get().name == "Grace Hopper"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("language", "tlh"), ("language", ["de"]), ("language", 7), ("language", "x" * 600),
        ("country", "XX"), ("country", {"code": "DE"}),
        ("time_zone", "Mars/Olympus"), ("time_zone", "a\x00b"),
        ("email", "no address"), ("email", 5),
        ("name", "x" * 200), ("name", "a\x07b"), ("name", ["Grace"]),
    ],
)  # fmt: skip
def test_what_is_unknown_here_locks_nobody_out(
    client: Client, shop: Shop, claim: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = client.get(shop.address(**{claim: value}))

    grace = User.objects.get(external_id="c-7")
    assert answer.status_code == 303
    assert getattr(grace, claim) == {"name": "c-7", "email": None}.get(claim, "")
    assert f"arrival's {claim} is ignored" in caplog.text


def test_another_accounts_mail_address_is_not_taken_over(
    client: Client, shop: Shop, mehmet_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get(shop.address(email="MEHMET@example.org", country="FR"))

    grace = User.objects.get(external_id="c-7")
    assert answer.status_code == 303
    assert (grace.email, grace.country) == (None, "FR")
    mehmet_user.refresh_from_db()
    assert (mehmet_user.email, mehmet_user.party) == ("mehmet@example.org", "merchant")
    assert "arrival's email is ignored" in caplog.text


@pytest.mark.parametrize("person", ["mehmet_user", "sofia_user"])
def test_only_customers_arrive(client: Client, shop: Shop, person: str, request: Any) -> None:
    user = request.getfixturevalue(person)
    User.objects.filter(pk=user.pk).update(external_id="c-7")

    refused(client, shop.address(), 403, "opens nothing")


def test_an_erased_customer_stays_away(client: Client, shop: Shop, ada_user: User, sofia: Actor) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-7")
    erasing.erase(ada_user, by=sofia)

    refused(client, shop.address(), 403, "opens nothing")


def test_a_customer_who_was_shut_out_stays_out(client: Client, shop: Shop, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-7", is_active=False)

    refused(client, shop.address(), 403, "opens nothing")


@pytest.mark.parametrize("embedded", [False, True])
def test_bad_tokens_are_refused_in_words(
    client: Client, shop: Shop, embedded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ago = timezone.now() - timedelta(minutes=10)
    used = shop.address(embedded=embedded)
    client.get(used)
    retired = Shop(name="old")
    retired.key.retire(timezone.now())
    stranger = Client()
    for address, status, words in (
        (used, 403, "used already"),
        (shop.address(embedded=embedded, iat=ago, exp=ago + timedelta(minutes=1)), 403, "too old"),
        (shop.address(embedded=embedded, aud="https://other.example"), 403, "another website"),
        (retired.address(embedded=embedded), 403, "no longer in use"),
        (shop.address(embedded=embedded, headers={"kid": "unknown"}), 403, "no longer in use"),
        (shop.address(embedded=embedded)[:-4] + "AAAA", 403, "no longer in use"),
        (shop.address(embedded=embedded)[:60], 400, "not complete"),
        ("/arrive?token=", 400, "not complete"),
        ("/arrive", 400, "not complete"),
        ("/arrive?token=%00", 400, "not complete"),
        (shop.address(embedded=embedded, sub="x" * 101), 403, "opens nothing"),
        (shop.address(embedded=embedded, sub="a\u202eb"), 403, "opens nothing"),
    ):
        refused(stranger, address, status, words)

    assert "eyJ" not in caplog.text
    assert caplog.text.count("was refused") == 12


def test_a_token_is_read_by_a_get_alone(client: Client, shop: Shop) -> None:
    address = shop.address()

    assert [client.head(address).status_code, client.post(address).status_code] == [405, 405]
    assert not User.objects.exists()


def test_who_tries_too_often_is_told_to_wait_but_a_good_token_always_opens(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(arriving, "FAILURES", {"arrive": "3/m/ip"})

    answers = [client.get("/arrive?token=x").status_code for _ in range(5)]

    assert answers == [400, 400, 400, 429, 429]
    assert caplog.text.count("was refused") == 3
    assert client.get(shop.address()).status_code == 303


@pytest.mark.parametrize(
    ("go", "there"),
    [
        ("/my/ask/order/O-1001/?issue=order_status", "/my/ask/order/O-1001/?issue=order_status"),
        ("/my/", "/my/"),
        ("/my/ask/order/a%20b/", "/my/ask/order/a%20b/"),
        *((crooked, "/my/") for crooked in (
            "", 7, None, ["/my/ask/"], "/support/", "/my", "//evil.example/", "https://evil.example/my/", "my/",
            "/my/../support/", "/my/%2e%2e/support/", "/my/./x", "/my//evil.example", "/my/\\evil", "/my/a\nb",
            "/my/%5cevil", "/my/" + "x" * 1000, "javascript:alert(1)",
        )),
    ],
)  # fmt: skip
@pytest.mark.parametrize("embedded", [False, True])
def test_they_go_only_to_the_customers_pages(client: Client, shop: Shop, go: Any, there: str, embedded: bool) -> None:
    location = client.get(shop.address(embedded=embedded, go=go)).headers["Location"]

    assert location.endswith(there)
    assert len(location) == len(there) + (36 if embedded else 0)
    assert location.startswith("/in/" if embedded else there)


def test_whoever_was_signed_in_there_is_no_more(shop: Shop, mehmet_client: Client) -> None:
    before = mehmet_client.session.session_key

    mehmet_client.get(shop.address())

    assert mehmet_client.get("/my/").wsgi_request.user.name == "Grace Hopper"  # type: ignore[union-attr]
    assert mehmet_client.session.session_key != before
    assert Client(headers={"Cookie": f"sessionid={before}"}).get("/dashboard/").status_code == 302


def test_an_arrival_gives_the_session_a_new_key(client: Client, shop: Shop) -> None:
    """A key that somebody planted before, or knew from an earlier arrival, is worth nothing after."""
    keys = set()
    for _ in range(3):
        client.get(shop.address())
        keys.add(client.session.session_key)

    assert len(keys) == 3


def test_what_was_typed_before_signing_in_is_there_again(client: Client, shop: Shop, store: Any) -> None:
    page = f"/my/ask/store/{store.external_id}/"
    client.post(page, {"text": "Do you ship to Norway?", "key": "k" * 12})

    client.get(shop.address(go=page))

    assert "Do you ship to Norway?" in client.get(page).text


def test_the_customers_of_the_shop_have_no_password_here(shop: Shop, client: Client, ada_user: User) -> None:
    """And who has one keeps it."""
    User.objects.filter(pk=ada_user.pk).update(external_id="c-7")
    before = ada_user.password

    client.get(shop.address())

    ada_user.refresh_from_db()
    assert ada_user.password == before
    assert signed_in(ada_user).get("/my/").status_code == 200


def test_the_document_shows_how_to_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    """Its example is run as it stands."""
    document = (Path(__file__).parents[2] / "docs" / "arriving.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", document, re.DOTALL)
    assert example
    private = ed25519.Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "shop.pem").write_bytes(private.private_bytes(encoding, form, serialization.NoEncryption()))
    monkeypatch.chdir(tmp_path)
    key, _ = add_key("shop", Algorithm.EDDSA, pem_of(private))
    names: dict[str, Any] = {"DESK": installed.BASE_URL, "KID": key.public_id}
    exec(example[1], names)

    answer = client.get(names["link"]("c-7", "Grace Hopper", "/my/ask/").removeprefix(installed.BASE_URL))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/ask/")
    assert User.objects.get(external_id="c-7").name == "Grace Hopper"


def test_the_document_lists_every_refusal() -> None:
    document = (Path(__file__).parents[2] / "docs" / "arriving.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| (\d{3}) \|", document, re.MULTILINE)
    assert sorted(listed) == sorted([*(str(status) for status, _, _ in arriving.WORDS.values()), "429"])
