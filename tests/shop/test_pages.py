"""What customers of the toy shop see, and how they go on to the desk."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient
from shop import books
from shop.settings import Settings

from tests.shop.conftest import PAIR


def sign_in(browser: FlaskClient, customer: str) -> None:
    browser.post("/sign-in", data={"customer": customer})


def claims(address: str, ours: Settings) -> dict[str, object]:
    """What a token says, read as the desk reads it."""
    token = parse_qs(urlsplit(address).query)["token"][0]
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "JWT", "kid": "kid-1"}
    said: dict[str, object] = jwt.decode(token, PAIR.public_key(), algorithms=["EdDSA"], audience=ours.desk_url)
    return said


def test_the_frame_brings_the_customer_to_their_order(browser: FlaskClient, ours: Settings) -> None:
    sign_in(browser, "ada")

    page = browser.get("/orders/1001/ask")

    frame = re.search(r'<iframe src="([^"]+)"', page.text)
    assert frame
    assert frame[1].startswith(f"{ours.desk_url}/arrive/embedded?token=")
    said = claims(frame[1], ours)
    assert (said["sub"], said["name"], said["go"]) == ("ada", "Ada Lindner", "/my/ask/order/1001/")
    assert 0 < int(str(said["exp"])) - time.time() <= 60
    assert f"frame-src {ours.desk_url};" in page.headers["Content-Security-Policy"]


def test_the_link_brings_them_there_too_with_a_token_of_its_own(browser: FlaskClient, ours: Settings) -> None:
    sign_in(browser, "ada")

    addresses = [browser.get("/desk?go=/my/ask/order/1001/").headers["Location"] for _click in range(2)]

    tokens = [claims(one, ours) for one in addresses]
    assert addresses[0].startswith(f"{ours.desk_url}/arrive?token=")
    assert tokens[0]["jti"] != tokens[1]["jti"]


@pytest.mark.parametrize("path", ["/orders/1004", "/orders/1004/ask", "/orders/9999"])
def test_somebody_elses_order_is_as_if_absent(path: str, browser: FlaskClient) -> None:
    sign_in(browser, "ada")

    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/orders", "/orders/1001", "/orders/1001/ask", "/questions", "/desk"])
def test_a_stranger_is_asked_who_they_are(path: str, browser: FlaskClient) -> None:
    answer = browser.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("asked", "A refund of 89.90 EUR is on its way"),
        ("paid", "Refunded 89.90 EUR"),
        ("failed", "A refund of 89.90 EUR could not be paid"),
    ],
)
def test_an_order_says_what_became_of_its_refund(status: str, words: str, browser: FlaskClient, ours: Settings) -> None:
    with books.opened(ours.database) as kept:
        kept.execute(
            "INSERT INTO refunds (key, order_id, item, amount, currency, status, asked_at)"
            " VALUES ('refund-1', '1001', 'Table lamp Nara', '89.90', 'EUR', ?, '2026-11-18')",
            (status,),
        )
    sign_in(browser, "ada")

    for path in ("/orders", "/orders/1001", "/payments"):
        assert words in browser.get(path).text
    assert words not in browser.get("/orders/1002").text


def test_open_questions_are_counted(browser: FlaskClient, ours: Settings) -> None:
    with books.opened(ours.database) as kept:
        rows = [("t-1", "with_customer"), ("t-2", "with_merchant"), ("t-3", "closed"), ("t-4", "closed_for_good")]
        kept.executemany("INSERT INTO tickets VALUES (?, 'ada', '1001', ?, 1)", rows)
    sign_in(browser, "ada")

    page = browser.get("/orders").text

    assert 'title="2 open, 1 waiting for you">2</b>' in page
    assert "One of your questions was answered" in page
    sign_in(browser, "camille")
    assert "was answered" not in browser.get("/orders").text


def test_what_is_bought_is_an_order(browser: FlaskClient, woken: list[bool]) -> None:
    sign_in(browser, "ada")

    answer = browser.post("/buy/rug")

    assert answer.headers["Location"] == "/orders/1006"
    assert "189.00 EUR" in browser.get("/orders/1006").text
    assert woken == [True]
    assert browser.post("/buy/moon").status_code == 404


def test_payments_are_switched(browser: FlaskClient, woken: list[bool]) -> None:
    for switch in ("fail", "unanswered", "work"):
        browser.post("/payments", data={"switch": switch})
        assert f'value="{switch}" checked' in browser.get("/payments").text
    browser.post("/payments", data={"switch": "free"})

    assert 'value="work" checked' in browser.get("/payments").text
    assert len(woken) == 3
