"""Customers inside the marketplace's own site: no cookie, and a session that the address opens and nothing else."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as installed
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_script_prefix
from PIL import Image

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.storefront.visits import OTHERS
from marketdesk.tickets.models import Beginning, Draft, Ticket
from tests.arrivals import Shop
from tests.conftest import signed_in
from tests.test_headers import policy
from tests.test_tenancy import ABSENT, CANARY, DOORS, World, answer, bodies, foreign, routes, world

__all__ = ["world"]  # a fixture

pytestmark = pytest.mark.django_db

SITE = "https://shop.example"


@pytest.fixture
def guest(ada_user: User) -> Client:
    """A browser that keeps no cookies, checks of forms switched on."""
    User.objects.filter(pk=ada_user.pk).update(external_id="c-ada", language="en")
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def visit(guest: Client) -> str:
    """Ada's visit: what all its addresses begin with."""
    location = guest.get(Shop().address(embedded=True, sub="c-ada", name=None)).headers["Location"]
    return location.removesuffix("/my/")


@pytest.fixture
def allowed(sofia: Actor) -> None:
    promises.change({"frame_ancestors": [SITE]}, reason="Our shop.", by=sofia)
    promises.forget()


def picture() -> io.BytesIO:
    upload = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(upload, "JPEG")
    upload.seek(0)
    upload.name = "lamp.jpg"
    return upload


def test_a_customer_sees_their_questions_without_a_cookie(guest: Client, visit: str, ticket: Ticket) -> None:
    page = guest.get(f"{visit}/my/")

    assert page.status_code == 200
    assert ticket.subject in page.text
    assert page.wsgi_request.user.name == "Ada Lovelace"  # type: ignore[union-attr]
    assert not guest.cookies


def test_every_link_stays_in_the_visit(guest: Client, visit: str, ticket: Ticket) -> None:
    order = ticket.order
    assert order
    for page in ("/my/", "/my/ask/", f"/my/{ticket.public_id}/", f"/my/ask/order/{order.public_id}/"):
        text = guest.get(visit + page).text

        addresses = re.findall(r'(?:href|action|data-draft-url|hx-[a-z]+)="(/[^"]*)"', text)
        assert len(addresses) > 4
        assert [one for one in addresses if not one.startswith((f"{visit}/", "/static/"))] == []
        for away in re.findall(r'<a [^>]*href="http[^>]*>', text):
            assert 'target="_blank"' in away
            assert "noopener" in away
        assert "Sign out" not in text
        assert "Your details" not in text
    assert get_script_prefix() == "/"
    assert 'href="/my/' in signed_in(ticket.customer).get("/my/").text


def test_a_customer_asks_answers_and_closes_without_a_cookie(
    guest: Client, visit: str, order: Any, store: Any, mehmet: Actor
) -> None:
    item = order.items.all()[0]
    ask = f"{visit}/my/ask/order/{order.external_id}/?issue=item_problem&item={item.public_id}"
    body = {"text": "The lamp is broken.", "key": "k" * 12, "pictures": picture()}

    asked = guest.post(ask, body)
    ticket = Ticket.objects.get()
    address = f"{visit}/my/{ticket.public_id}/"
    page = guest.get(asked.headers["Location"])

    assert asked.headers["Location"] == address
    assert "Your question is sent." in page.text
    assert "Your question is sent." not in guest.get(address).text
    pictures = re.findall(rf'src="({visit}/my/[^"]+/pictures/[^"]+)"', page.text)
    assert [guest.get(one.replace("&amp;", "&")).headers["Content-Type"] for one in pictures] == ["image/jpeg"]
    ticket.reply("Which lamp?", by=mehmet)
    assert guest.post(f"{address}draft", {"text": "The left"}).status_code == 204
    assert "The left" in guest.get(address).text
    seen = re.findall(r'name="seen" value="(\d+)"', guest.get(address).text)[0]
    guest.post(f"{address}reply", {"text": "The left one.", "key": "l" * 12, "seen": seen})
    assert ticket.messages.filter(body="The left one.").exists()
    seen = re.findall(r'name="seen" value="(\d+)"', guest.get(address).text)[0]
    guest.post(f"{address}close", {"how": "solved", "key": "m" * 12, "seen": seen})
    ticket.refresh_from_db()
    assert ticket.closed_how == "solved"
    assert not guest.cookies


def test_the_language_is_switched_inside_the_visit(guest: Client, visit: str, ada_user: User) -> None:
    back = guest.post(f"{visit}/language", {"language": "ar", "next": f"{visit}/my/"})

    assert back.headers["Location"] == f"{visit}/my/"
    assert 'lang="ar" dir="rtl"' in guest.get(f"{visit}/my/").text
    assert not guest.cookies


@pytest.mark.parametrize(
    "address",
    [
        "/account/", "/accounts/login/", "/accounts/logout/", "/accounts/password/change/", "/accounts/2fa/",
        "/support/", "/support/policy", "/dashboard/", "/healthz", "/arrive", "/arrive/embedded", "/api/v2/ticket",
        "/platform/v1/openapi.json", "/static/ui/icon.svg", "/nowhere", "/my", "",
    ],
)  # fmt: skip
def test_nothing_but_the_customers_pages_is_behind_it(guest: Client, visit: str, address: str) -> None:
    for method in (guest.get, guest.post):
        page = method(visit + address)

        assert page.status_code == 404
        assert not page.cookies


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_of_all_addresses_only_those_of_ones_own_are_behind_it(method: str, guest: Client, world: World) -> None:
    """Every address of the desk, in Bob's visit: no other door, and nothing of Ada's."""
    User.objects.filter(email="bob@example.org").update(external_id="c-bob")
    visit = guest.get(Shop().address(embedded=True, sub="c-bob", name=None)).headers["Location"].removesuffix("/my/")
    anything = {
        "public_id": ABSENT,
        "slug": "refunds",
        "picture": ABSENT,
        "refund": ABSENT,
        "queue": "closed",
        "change": "1",
        "pk": "1",
        "number": "1",
    }
    anything |= {
        "kind": "order",
        "version": "v2",
        "name": "x",
        "code": "new",
        "message": "msg_x",
        "uidb36": "1",
        "key": "x",
        "token": "x",
        "table": "merchants",
    }
    closed = 0
    for route in routes():
        door, *named = DOORS.get(route.name, ("their own",))
        if "^" in route.path or route.name in {*OTHERS, "storefront:leave"}:
            continue
        for theirs in foreign(named, "bob", world) if door == "customer" else [{}]:
            body = bodies(route)[0] if method == "POST" else {}
            page, writes = answer(guest, method, visit + route.address({**anything, "provider": "x", **theirs}), body)

            assert page.status_code in ({404, 405} if theirs else {404}), route.name
            assert writes == [], route.name
            assert CANARY not in page.text
            closed += 1
    assert closed > 50


def test_the_start_page_of_a_visit_is_the_customers(guest: Client, visit: str) -> None:
    """A page that says that something is missing leads there."""
    assert f'href="{visit}/"' in guest.get(f"{visit}/nowhere").text
    assert guest.get(f"{visit}/").headers["Location"] == f"{visit}/my/"


# An address opens no cookie's session, and a cookie no visit


def test_a_cookie_opens_no_visit(guest: Client, visit: str) -> None:
    """Neither the key of the address nor the name that its session has in the database."""
    (row,) = Session.objects.all()
    for key in (visit.removeprefix("/in/"), row.session_key[:32]):
        thief = Client(headers={"Cookie": f"{installed.SESSION_COOKIE_NAME}={key}"})

        assert thief.get("/my/").status_code == 302
    assert row.session_key != visit.removeprefix("/in/")


def test_an_address_opens_no_cookies_session(ada_client: Client) -> None:
    key = str(ada_client.session.session_key)

    assert Client().get(f"/in/{key}/my/").status_code == 403
    assert Client().get(f"/in/{'x' * 32}/my/").status_code == 403
    assert ada_client.get(f"/in/{key}/my/").status_code == 403
    assert Session.objects.count() == 1


def test_a_planted_key_becomes_nobodys_visit(guest: Client) -> None:
    """A session is never made under a key that somebody else chose."""
    planted = f"/in/{'a' * 32}"
    guest.get(f"{planted}/my/")

    location = guest.get(Shop().address(embedded=True)).headers["Location"]

    assert not location.startswith(planted)
    assert guest.get(f"{planted}/my/").status_code == 403


def test_a_cookie_decides_nothing_inside_a_visit(visit: str, mehmet_client: Client, guest: Client) -> None:
    page = mehmet_client.get(f"{visit}/my/")

    assert page.wsgi_request.user.name == "Ada Lovelace"  # type: ignore[union-attr]
    assert mehmet_client.get("/dashboard/", follow=True).status_code == 200
    mehmet_client.post(f"{visit}/my/leave")
    assert mehmet_client.get("/dashboard/", follow=True).wsgi_request.user.name == "Mehmet Demir"  # type: ignore[union-attr]


def test_an_arrival_inside_leaves_the_browsers_own_session_alone(mehmet_client: Client) -> None:
    answer = mehmet_client.get(Shop().address(embedded=True))

    assert not answer.cookies
    assert mehmet_client.get("/dashboard/", follow=True).wsgi_request.user.name == "Mehmet Demir"  # type: ignore[union-attr]


def test_each_arrival_is_a_visit_of_its_own(guest: Client, visit: str) -> None:
    other = guest.get(Shop(name="app").address(embedded=True, sub="c-ada")).headers["Location"]

    assert not other.startswith(visit)
    guest.post(f"{visit}/my/leave")
    assert guest.get(other).status_code == 200


# The end


def test_a_visit_ends_two_hours_after_its_last_page(now: Any, guest: Client, visit: str) -> None:
    for _ in range(4):
        now.shift(timedelta(minutes=110))
        assert guest.get(f"{visit}/my/").status_code == 200

    now.shift(timedelta(minutes=121))

    page = guest.get(f"{visit}/my/")
    assert page.status_code == 403
    assert "Go back to the shop and open it again" in page.text


def test_a_visit_is_written_now_and_then_and_not_with_every_page(now: Any, guest: Client, visit: str) -> None:
    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            guest.get(f"{visit}/my/")
        return sum("UPDATE" in one["sql"] for one in queries)

    assert writes() == 0
    now.shift(timedelta(minutes=6))
    assert [writes(), writes()] == [1, 0]


def test_no_copy_of_a_page_stays_behind(guest: Client, visit: str, ticket: Ticket) -> None:
    for address in ("/my/", f"/my/{ticket.public_id}/", "/my/ask/", "/nowhere"):
        assert guest.get(visit + address).headers["Cache-Control"] == "no-store"


def test_leaving_ends_the_visit(guest: Client, visit: str) -> None:
    page = guest.post(f"{visit}/my/leave")

    assert "You have left" in page.text
    assert guest.get(f"{visit}/my/").status_code == 403
    assert not Session.objects.exists()
    assert not page.cookies


def test_an_ordinary_session_has_nothing_to_leave(ada_client: Client) -> None:
    assert ada_client.post("/my/leave").status_code == 404
    assert ada_client.get("/my/").status_code == 200


@pytest.mark.parametrize("act", ["reply", "draft"])
def test_an_answer_that_comes_too_late_waits_for_the_next_visit(
    now: Any, guest: Client, visit: str, ticket: Ticket, act: str
) -> None:
    address = f"{visit}/my/{ticket.public_id}/"
    now.shift(timedelta(hours=3))

    page = guest.post(address + act, {"text": "My long answer", "key": "k" * 12})

    assert page.status_code == 403
    assert "My long answer" in page.text
    assert ticket.messages.count() == 1
    assert guest.get(address).status_code == 403
    again = guest.get(Shop(name="again").address(embedded=True, sub="c-ada", go=f"/my/{ticket.public_id}/"))
    assert "My long answer" in guest.get(again.headers["Location"]).text


@pytest.mark.parametrize("draft", ["", "draft"])
def test_a_question_that_comes_too_late_waits_for_the_next_visit(
    now: Any, guest: Client, visit: str, order: Any, draft: str
) -> None:
    ask = f"/my/ask/order/{order.external_id}/"
    now.shift(timedelta(hours=3))

    page = guest.post(f"{visit}{ask}{draft}?issue=order_status", {"text": "My long question", "key": "k" * 12})

    assert page.status_code == 403
    assert not Ticket.objects.exists()
    again = guest.get(Shop(name="again").address(embedded=True, sub="c-ada", go=f"{ask}?issue=order_status"))
    assert "My long question" in guest.get(again.headers["Location"]).text


def test_a_visit_that_is_over_changes_nothing_of_strangers(
    now: Any, guest: Client, visit: str, ticket: Ticket, rival_user: User
) -> None:
    Ticket.objects.update(customer=rival_user)
    now.shift(timedelta(hours=3))

    guest.post(f"{visit}/my/{ticket.public_id}/reply", {"text": "Hello", "key": "k" * 12})
    guest.post(f"{visit}/language", {"language": "ar"})

    assert not Draft.objects.exists()
    assert not User.objects.filter(language="ar").exists()


def test_after_a_day_nothing_is_left_of_a_visit(now: Any, guest: Client, visit: str, ticket: Ticket) -> None:
    now.shift(timedelta(days=1, seconds=1))

    page = guest.post(f"{visit}/my/{ticket.public_id}/reply", {"text": "My long answer", "key": "k" * 12})

    assert page.status_code == 403
    assert "My long answer" in page.text
    assert not Draft.objects.exists()


def test_a_draft_is_there_again_in_the_next_visit(guest: Client, visit: str, ticket: Ticket, ada: Actor) -> None:
    guest.post(f"{visit}/my/{ticket.public_id}/draft", {"text": "Half a sentence"})
    guest.post(f"{visit}/my/leave")

    again = guest.get(Shop(name="again").address(embedded=True, sub="c-ada", go=f"/my/{ticket.public_id}/"))

    assert "Half a sentence" in guest.get(again.headers["Location"]).text
    assert Draft.of(ticket.pk, by=ada) == "Half a sentence"


def test_what_one_began_to_ask_is_there_again_in_the_next_visit(guest: Client, visit: str, order: Any) -> None:
    guest.post(f"{visit}/my/ask/order/{order.external_id}/draft", {"text": "The lamp is"})
    guest.post(f"{visit}/my/leave")
    go = f"/my/ask/order/{order.external_id}/?issue=order_status"

    again = guest.get(Shop(name="again").address(embedded=True, sub="c-ada", go=go)).headers["Location"]

    page = guest.get(again)
    assert "The lamp is" in page.text
    assert "data-draft-restored" in page.text
    guest.post(again, {"text": "It is late.", "key": "k" * 12})
    assert "The lamp is" not in guest.get(again).text
    assert not Beginning.objects.exists()


def test_a_customer_who_is_erased_or_shut_out_is_out_at_once(guest: Client, visit: str, ada_user: User) -> None:
    User.objects.filter(pk=ada_user.pk).update(is_active=False)

    assert guest.get(f"{visit}/my/").status_code == 403


# What the browser is told


def test_only_the_sites_of_the_policy_show_it_inside(
    guest: Client, visit: str, allowed: None, ada_client: Client, ticket: Ticket
) -> None:
    shop = Shop(name="more")
    inside = [
        guest.get(f"{visit}/my/"),
        guest.get(f"{visit}/my/{ticket.public_id}/"),
        guest.get(f"{visit}/nowhere"),
        guest.get(f"/in/{'x' * 32}/my/"),
        guest.get(shop.address(embedded=True)),
        guest.get("/arrive/embedded?token=x"),
        guest.post(f"{visit}/my/leave"),
    ]
    outside = [ada_client.get("/my/"), guest.get("/accounts/login/"), guest.get("/arrive?token=x"), guest.get("/no")]

    for page in inside:
        assert policy(page)["frame-ancestors"] == SITE
        assert "X-Frame-Options" not in page.headers
        assert page.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
        assert not page.cookies
    for page in outside:
        assert policy(page)["frame-ancestors"] == "'none'"
        assert page.headers["X-Frame-Options"] == "DENY"


def test_without_a_promise_nobody_shows_it_inside(guest: Client, visit: str) -> None:
    page = guest.get(f"{visit}/my/")

    assert policy(page)["frame-ancestors"] == "'none'"
    assert page.headers["X-Frame-Options"] == "DENY"


def test_a_visit_asks_no_more_questions_of_the_database_than_an_ordinary_page(
    guest: Client, visit: str, ticket: Ticket, ada_client: Client
) -> None:
    def asked(client: Client, address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    for page in ("/my/", f"/my/{ticket.public_id}/"):
        assert asked(guest, visit + page) <= asked(ada_client, page) <= 20
