"""The documentation's pages: open to everybody, complete, and every link leads somewhere."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketdesk.api.documentation import reference
from marketdesk.api.documentation.reference import DOCUMENTS
from marketdesk.api.documentation.topics import TOPICS
from marketdesk.api.v2.oauth import CODES
from marketdesk.people.models import User
from marketdesk.refunds.reasons import REASONS
from tests.apps import BACK, CHALLENGE, make_app

pytestmark = pytest.mark.django_db

PAGES = [
    reverse("docs:start"),
    *(reverse("docs:version", args=[version]) for version in DOCUMENTS),
    *(reverse("docs:topic", args=[name]) for name in TOPICS),
    *(reverse("docs:call", args=[version, call.name]) for version in DOCUMENTS for call in reference.calls(version)),
]
MOST_QUERIES = 6


def links(html: str) -> set[str]:
    return {unescape(address).partition("#")[0] for address in re.findall(r'<a [^>]*href="(/[^"]*)"', html)}


def test_every_link_of_every_page_leads_somewhere(client: Client) -> None:
    found: set[str] = set()
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "…/" not in page
        found |= links(answer.content.decode())

    assert set(PAGES) <= found
    for address in found - set(PAGES):
        assert client.get(address).status_code in {200, 302}, address


@pytest.mark.parametrize("address", ["/api/docs/nowhere", "/api/docs/v2/nowhere", "/api/docs/v4", "/api/docs/v2/"])
def test_an_address_without_a_page(address: str, client: Client) -> None:
    answer = client.get(address)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_address_without_its_slash_leads_there(client: Client) -> None:
    assert client.get("/api/docs").headers["Location"] == "/api/docs/"


def test_the_pages_name_this_installation(client: Client) -> None:
    page = client.get("/api/docs/", headers={"Host": "127.0.0.1:9123"}).content.decode()

    assert "<code>http://127.0.0.1:9123</code>" in page
    assert "curl &#x27;http://127.0.0.1:9123/api/v3/oauth/test&#x27;" in page


def test_a_call_stands_there_whole(client: Client) -> None:
    page = unescape(client.get("/api/docs/v2/post-ticket-reply").content.decode())

    for language in ("curl", "python", "php"):
        assert f'data-example="{language}"' in page
    for words in ("/api/v2/ticket/reply", "tickets:write", "at most 10,000", "1010", '"success": true'):
        assert words in page, words


def test_the_address_of_the_dance_is_one_that_a_program_of_today_may_ask_with(
    client: Client, mehmet_client: Client, mehmet_user: User
) -> None:
    page = unescape(client.get("/api/docs/authentication").content.decode())
    shown = re.search(r'aria-label="Address"><code>(.*?)</code>', page, re.DOTALL)
    app, _secret = make_app(mehmet_user.merchants.get(), needs_pkce=True)
    said = {"CLIENT_ID": app.client_id, "=ADDRESS": f"={quote(BACK, safe='')}", "CODE_CHALLENGE": CHALLENGE}
    assert shown is not None
    address = re.sub(r"\s+", "", shown[1])
    for name, value in said.items():
        address = address.replace(name, value)

    answer = mehmet_client.get(address)

    assert answer.status_code == 200
    assert app.name in answer.content.decode()
    assert '"code_verifier=$CODE_VERIFIER"' in page


def test_only_fields_that_may_be_missing_say_so(client: Client) -> None:
    page = client.get("/api/docs/v3/get-tickets-ticket").content.decode()
    fields = re.findall(r"<dt><code>(\w+)</code>(.*?)</dt>", page)
    sometimes = {name for name, rest in fields if "only when it applies" in rest}

    assert {"wait", "refund_reason", "resolution_info"} <= sometimes
    assert not {"id", "state", "subject", "message", "closed_at"} & sometimes


def test_the_contents_unfold_the_version_that_one_reads(client: Client) -> None:
    """Both would not fit beside the page, and the second one would be out of sight."""
    start, page = (client.get(address).content.decode() for address in ("/api/docs/", "/api/docs/v2/get-ticket"))

    for version in DOCUMENTS:
        assert f'<li><a href="/api/docs/{version}"' in start
        assert f'<li><a href="/api/docs/{version}"' in page
    assert "/api/docs/v2/post-ticket-close" in page
    assert "/api/docs/v3/put-tickets-ticket" not in page
    assert 'href="#try"' in page


def test_both_versions_have_their_calls_in_groups_of_the_same_names() -> None:
    groups = [list(dict.fromkeys(call.group for call in reference.calls(version))) for version in DOCUMENTS]

    both = ["Access", "Tickets", "Orders"]
    assert groups == [[*both, "Performance", "Penalties", "Webhooks"], both]


@pytest.mark.parametrize("name", ["post-oauth-access-token", "post-oauth-refresh-token"])
def test_the_token_calls_of_v2_name_every_refusal_as_it_comes(name: str) -> None:
    call = reference.find("v2", name)
    assert call is not None

    assert {(int(one.code), int(one.status)) for one in call.failures} == set(CODES.values())
    assert ("code_verifier" in {one.name for one in call.parameters}) is (name == "post-oauth-access-token")


@pytest.mark.parametrize(
    ("call", "topic"),
    [
        ("v2/post-order-refund", "refund-reasons"),
        ("v3/put-orders-order-refund", "refund-reasons"),
        ("v3/post-webhook-subscriptions", "webhooks"),
        ("v2/post-oauth-access-token", "authentication"),
    ],
)
def test_a_call_leads_to_what_explains_it(call: str, topic: str, client: Client) -> None:
    page = client.get(f"/api/docs/{call}").content.decode().partition("<article")[2]

    assert f'href="/api/docs/{topic}"' in page


def test_a_refund_that_comes_twice_is_described_as_it_is_answered(client: Client) -> None:
    assert "under another Idempotency-Key it is refused" in client.get("/api/docs/sandbox").content.decode()
    assert "an item that you have just refunded, succeeds too" in client.get("/api/docs/writing-once").content.decode()


def test_every_refund_reason_is_listed(client: Client) -> None:
    page = client.get("/api/docs/refund-reasons").content.decode()

    for reason in REASONS:
        assert reason.v3 in page
        assert ", ".join(reason.v2) in page


def test_the_frame_speaks_the_readers_language_and_the_text_english(client: Client) -> None:
    page = client.get("/api/docs/v2/get-ticket", headers={"Accept-Language": "ar"}).content.decode()

    assert '<html lang="ar" dir="rtl">' in page
    assert '<article class="prose" lang="en" dir="ltr"' in page


def test_a_page_asks_the_database_little(client: Client, mehmet_client: Client) -> None:
    for person, pages in ((client, PAGES[:4]), (mehmet_client, PAGES)):
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                person.get(page)
            assert len(asked) <= MOST_QUERIES, page


def test_merchants_find_it_from_their_pages(mehmet_client: Client, mehmet_user: User) -> None:
    page = mehmet_client.get(reverse("dashboard:home"), follow=True).content.decode()

    assert 'href="/api/docs' in page
