"""Merchants as the platform sees them: the list, and of one its figures, what followed, and its ledger."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import figures
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Contest, Notice, Sanction, Standing
from marketdesk.programs import sandbox
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW, make_order
from tests.moments import later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def page_of(store: Merchant, client: Client, rest: str = "") -> str:
    answer = client.get(f"/support/merchants/{store.public_id}{rest}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def late(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor) -> list[Ticket]:
    """Five answers, one of them late."""
    tickets = []
    for number in range(5):
        ticket = ask("order_status", f"Question {number}?", by=later(ada, days=-10))
        ticket.reply("It is on its way.", by=later(mehmet, days=-10, hours=number * 12 + 1))
        tickets.append(ticket)
    return tickets


@pytest.fixture
def followed(store: Merchant, late: list[Ticket]) -> None:
    """A warning, a contest that waits, a proposed sanction."""
    Standing.objects.create(merchant=store, level=Level.WATCH, judged_at=NOW)
    Notice.objects.create(merchant=store, kind="warning", given_at=NOW)
    wait = late[4].waits.get()
    Contest.objects.create(merchant=store, kind="wait", wait=wait, reason="We were closed.", made_at=NOW)
    Sanction.objects.create(
        merchant=store, kind="suspension", proposed_at=NOW, hear_until=NOW + timedelta(days=5)
    )  # fmt: skip


def test_figures_read_as_the_merchant_reads_them(
    ask: Callable[..., Ticket],
    product: Product,
    ada_user: User,
    ada: Actor,
    mehmet: Actor,
    store: Merchant,
    mehmet_client: Client,
    sofia_client: Client,
) -> None:
    for number in range(5):
        make_order(ada_user, product, f"R-{number}", placed_at=later(ada, days=-9).at)
    ask("store_question", by=later(ada, days=-10)).reply("Yes.", by=later(mehmet, days=-10, hours=3 + 1 / 3))

    for page in (page_of(store, sofia_client), mehmet_client.get("/dashboard/performance").content.decode()):
        assert "3 h 20 min" in page
        assert ">20<" in page.replace("\n", "").replace(" ", "")


def test_the_figures_stand_with_what_followed(
    followed: None, store: Merchant, sofia_client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        page = page_of(store, sofia_client)

    assert "20%" in page
    assert "1 of 5 answers were late" in page
    for words in ("Warning", "Not read yet", "Late answer", "To decide", "Account suspended", "Proposed"):
        assert words in page, words


def test_tickets_for_100_orders_are_rounded_as_the_merchant_sees_them(
    late: list[Ticket], store: Merchant, sofia_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_orders", lambda merchant_id, window: [window.start] * 18)

    assert "<dd>27.8</dd>" in page_of(store, sofia_client)


def test_a_ticket_leads_to_its_merchant(late: list[Ticket], store: Merchant, sofia_client: Client) -> None:
    page = sofia_client.get(f"/support/tickets/{late[0].public_id}").content.decode()

    assert f'href="/support/merchants/{store.public_id}"' in page


def test_a_merchant_without_tickets_has_no_rates(store: Merchant, sofia_client: Client) -> None:
    page = page_of(store, sofia_client)

    assert "Not judged yet" in page
    assert "0%</p>" not in page
    assert "There is no notice" in page


def test_what_is_in_force_stands_beside_the_name(store: Merchant, sofia_client: Client) -> None:
    store.impressions_blocked_at = NOW
    store.save()

    assert "Impressions blocked" in page_of(store, sofia_client)
    assert "Impressions blocked" in sofia_client.get("/support/merchants").content.decode()


def test_the_ledger_lists_what_counts_and_leads_to_the_ticket(
    late: list[Ticket], store: Merchant, sofia_client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        page = page_of(store, sofia_client, "/ledger")

    assert page.count("<tr>") == 6
    for ticket in late:
        assert f"/support/tickets/{ticket.public_id}" in page

    only = page_of(store, sofia_client, "/ledger?verdict=late")
    assert [ticket.public_id in only for ticket in late] == [False] * 4 + [True]


def test_a_long_ledger_has_pages(late: list[Ticket], store: Merchant, sofia_client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("marketdesk.lib.paging.SIZE", 3)
    monkeypatch.setattr("marketdesk.performance.ledger.Ledger.page.__defaults__", ("", 3))

    page = page_of(store, sofia_client, "/ledger")
    after = page.split("after=")[1].split('"')[0]

    assert page_of(store, sofia_client, f"/ledger?after={after}").count("<tr>") == 3


def test_ratings_have_a_ledger_of_their_own(store: Merchant, sofia_client: Client) -> None:
    assert "Nothing stands here" in page_of(store, sofia_client, "/ledger?of=ratings&verdict=nonsense&after=x")


def test_the_list_is_narrowed_by_standing_and_name(
    followed: None, store: Merchant, rival_store: Merchant, sofia_client: Client, django_assert_max_num_queries: Any
) -> None:
    def listed(query: str) -> list[str]:
        page = sofia_client.get(f"/support/merchants?{query}").content.decode()
        return [one.name for one in (store, rival_store) if one.public_id in page]

    with django_assert_max_num_queries(8):
        assert listed("") == ["Anadolu Home", "Rival Goods"]
    assert listed("standing=watch") == ["Anadolu Home"]
    assert listed("standing=watch&q=rival") == []
    assert listed("q=GOODS") == ["Rival Goods"]
    assert listed("standing=terrible&page=-1") == ["Anadolu Home", "Rival Goods"]


def test_a_long_list_has_pages(store: Merchant, sofia_client: Client) -> None:
    Merchant.objects.bulk_create(Merchant(external_id=f"x-{one}", name=f"Store {one:03}") for one in range(60))

    first = sofia_client.get("/support/merchants?q=store").content.decode()
    second = sofia_client.get("/support/merchants?q=store&page=2").content.decode()
    beyond = sofia_client.get("/support/merchants?q=store&page=99").content.decode()

    assert (first.count("<tr data-href"), second.count("<tr data-href")) == (50, 10)
    assert "q=store&amp;page=2" in first
    assert beyond == second or beyond.count("<tr data-href") == 10


def test_a_sandbox_is_as_if_absent(store: Merchant, sofia_client: Client) -> None:
    tried = sandbox.store_of(store, at=NOW)

    for rest in ("", "/ledger"):
        seen = sofia_client.get(f"/support/merchants/{tried.public_id}{rest}")
        none = sofia_client.get(f"/support/merchants/{'0' * 24}{rest}")
        assert (seen.status_code, none.status_code) == (404, 404)
