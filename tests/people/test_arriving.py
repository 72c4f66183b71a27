"""Which tokens let a customer in: signed by the marketplace with a key that counts, for us, just now, once."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.utils import timezone

from marketdesk.people import arriving
from marketdesk.people.arriving import BadKey, NotLetIn, Why
from marketdesk.people.models import Algorithm, Arrival, ArrivalKey
from tests.arrivals import Shop, pem_of

pytestmark = pytest.mark.django_db


def why(token: str) -> Why:
    """Why a token lets nobody in."""
    with pytest.raises(NotLetIn) as refused:
        arriving.read(token, timezone.now())
    assert not Arrival.objects.exists()
    return refused.value.why


def segment(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_customer_arrives_with_each_algorithm(now: Any, algorithm: Algorithm) -> None:
    shop = Shop(algorithm)

    claims = arriving.read(shop.sign(jti="once", email="grace@example.org"), timezone.now())

    assert (claims.customer, claims.jti, claims.key) == ("c-7", "once", shop.key.public_id)
    assert claims.said["email"] == "grace@example.org"
    assert claims.expires_at == timezone.now() + timedelta(minutes=2)


# Algorithm confusion: the key decides, never the token


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    shop = Shop(Algorithm.RS256)
    text = f"{segment({'alg': 'HS256', 'kid': shop.key.public_id})}.{segment(shop.claims(iat=1, exp=2))}"
    for known in (shop.public, shop.key.public_key):
        signature = hmac.digest(known.encode(), text.encode(), hashlib.sha256)

        assert why(f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}") == Why.KEY


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("none", ["none", "None", "", None])
def test_a_token_without_a_signature_is_worth_nothing(algorithm: Algorithm, none: str | None) -> None:
    shop = Shop(algorithm)
    now = int(timezone.now().timestamp())
    claims = shop.claims(iat=now, exp=now + 60)

    assert why(f"{segment({'alg': none, 'kid': shop.key.public_id})}.{segment(claims)}.") in {Why.KEY, Why.MALFORMED}


@pytest.mark.parametrize("named", ["RS384", "RS512", "PS256"])
def test_a_good_signature_of_another_algorithm_is_refused(named: str) -> None:
    shop = Shop(Algorithm.RS256)

    token = jwt.encode(shop.claims(), shop.private, algorithm=named, headers={"kid": shop.key.public_id})

    assert why(token) == Why.KEY


def test_a_key_that_the_token_brings_along_is_not_looked_at() -> None:
    shop, forger = Shop(), ed25519.Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(forger.public_key()))
    headers = {"kid": shop.key.public_id, "jwk": jwk, "jku": "https://evil.example/keys"}

    assert why(jwt.encode(shop.claims(), forger, algorithm="EdDSA", headers=headers)) == Why.KEY


def test_each_key_signs_only_under_its_own_name() -> None:
    one, other = Shop(), Shop(name="other")

    assert why(one.sign(headers={"kid": other.key.public_id})) == Why.KEY


# Keys come and go


def test_several_keys_are_good_while_one_follows_the_other(now: Any) -> None:
    old, new = Shop(), Shop(Algorithm.RS256)
    old.key.retire(timezone.now() + timedelta(hours=1))

    assert [arriving.read(shop.sign(), timezone.now()).customer for shop in (old, new)] == ["c-7"] * 2
    now.shift(timedelta(hours=1))
    assert why(old.sign()) == Why.KEY
    assert arriving.read(new.sign(), timezone.now()).customer == "c-7"


@pytest.mark.parametrize("kid", ["unknown", "", "x\x00y", "x\ud800y", "0" * 24])
def test_an_unknown_key_is_no_key(kid: str) -> None:
    assert why(Shop().sign(headers={"kid": kid})) == Why.KEY


def test_half_a_character_is_nobodys_id() -> None:
    """JSON can carry one; no database can look for it."""
    assert why(Shop().sign(sub="c-\ud800")) == Why.MALFORMED


def test_a_secret_is_not_in_the_database_in_clear(settings: Any) -> None:
    shop = Shop(Algorithm.HS256)
    token = shop.sign()

    assert shop.private not in str(ArrivalKey.objects.values())
    settings.SECRET_KEY = "another one " * 4
    assert why(token) == Why.KEY


@pytest.mark.parametrize(
    ("algorithm", "pem", "words"),
    [
        (Algorithm.EDDSA, "hello", "not a public key"),
        (Algorithm.EDDSA, "", "not a public key"),
        (Algorithm.EDDSA, "-----BEGIN PRIVATE KEY-----", "private key"),
        (Algorithm.EDDSA, pem_of(rsa.generate_private_key(65537, 2048)), "EdDSA takes Ed25519"),
        (Algorithm.RS256, pem_of(ed25519.Ed25519PrivateKey.generate()), "RS256 takes RSA"),
        (Algorithm.RS256, pem_of(rsa.generate_private_key(65537, 1024)), "2048 bits"),
    ],
)
def test_a_key_that_checks_nothing_is_not_taken(algorithm: Algorithm, pem: str, words: str) -> None:
    with pytest.raises(BadKey, match=words):
        arriving.add_key("shop", algorithm, pem)

    assert not ArrivalKey.objects.exists()


@pytest.mark.parametrize("name", ["", "x" * 41, "a\nb"])
def test_a_key_has_a_name(name: str) -> None:
    with pytest.raises(BadKey):
        arriving.add_key(name, Algorithm.HS256)


# What a token says


@pytest.mark.parametrize("claim", ["aud", "sub", "iat", "exp", "jti"])
def test_each_claim_is_needed(claim: str) -> None:
    assert why(Shop().sign(**{claim: None})) in {Why.MALFORMED, Why.AUDIENCE}


@pytest.mark.parametrize("aud", ["https://other.example", "", ["http://127.0.0.1:8000", "https://other.example"]])
def test_a_token_for_somebody_else_is_not_for_us(aud: Any) -> None:
    assert why(Shop().sign(aud=aud)) in {Why.AUDIENCE, Why.MALFORMED}


def test_a_token_lives_five_minutes_at_most(now: Any) -> None:
    shop, begins = Shop(), timezone.now()

    assert arriving.read(shop.sign(exp=begins + timedelta(minutes=5)), begins).customer == "c-7"
    assert why(shop.sign(exp=begins + timedelta(minutes=5, seconds=1))) == Why.MALFORMED


def test_clocks_may_lie_half_a_minute_apart(now: Any) -> None:
    shop, begins = Shop(), timezone.now()
    token = shop.sign(exp=begins + timedelta(minutes=1))

    now.shift(timedelta(seconds=89))
    assert arriving.read(token, timezone.now()).customer == "c-7"
    now.shift(timedelta(seconds=1))
    assert why(token) == Why.EXPIRED
    ahead = timezone.now() + timedelta(seconds=29)
    assert arriving.read(shop.sign(iat=ahead, exp=ahead + timedelta(minutes=1)), timezone.now())
    ahead += timedelta(seconds=2)
    assert why(shop.sign(iat=ahead, exp=ahead + timedelta(minutes=1))) == Why.MALFORMED


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": "soon"},
        {"iat": []},
        {"exp": {}},
        {"iat": 1e300},
        {"exp": float("inf")},
        {"iat": float("nan")},
        {"iat": -(10**15)},
        {"sub": " "},
        {"sub": ""},
        {"jti": " "},
    ],
)
def test_what_makes_no_sense_is_said_to_make_none(claims: dict[str, Any]) -> None:
    assert why(Shop(Algorithm.HS256).sign(**claims)) == Why.MALFORMED


@pytest.mark.parametrize("claims", [{"sub": 7}, {"jti": 7}, {"iat": True, "exp": True}])
def test_claims_of_another_type_are_refused(claims: dict[str, Any]) -> None:
    shop = Shop(Algorithm.HS256)
    now = int(timezone.now().timestamp())
    body = shop.claims(**{"iat": now, "exp": now + 60, **claims})
    text = f"{segment({'alg': 'HS256', 'kid': shop.key.public_id})}.{segment(body)}"
    signature = hmac.digest(shop.private.encode(), text.encode(), hashlib.sha256)

    assert why(f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}") in {Why.MALFORMED, Why.EXPIRED}


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "....", "\ud800.a.b", "é.é.é", "x" * 9000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_any_other_text_is_no_token(token: str) -> None:
    Shop()

    assert why(token) in {Why.MALFORMED, Why.KEY}


# Once


def test_a_token_lets_in_once(now: Any) -> None:
    shop = Shop()
    claims = arriving.read(shop.sign(jti="x" * 5000), timezone.now())

    arriving.use_up(claims)

    with pytest.raises(NotLetIn) as refused:
        arriving.use_up(claims)
    assert refused.value.why == Why.USED
    assert Arrival.objects.count() == 1


def test_two_keys_may_give_the_same_number(now: Any) -> None:
    for shop in (Shop(), Shop(name="app")):
        arriving.use_up(arriving.read(shop.sign(jti="1"), timezone.now()))

    assert Arrival.objects.count() == 2


def test_a_used_token_is_forgotten_when_it_is_too_old_anyway(now: Any) -> None:
    token = Shop().sign(exp=timezone.now() + timedelta(minutes=1))
    arriving.use_up(arriving.read(token, timezone.now()))

    now.shift(timedelta(seconds=90))
    arriving.sweep_arrivals({})
    assert Arrival.objects.count() == 1
    now.shift(timedelta(seconds=31))
    arriving.sweep_arrivals({})

    assert why(token) == Why.EXPIRED
