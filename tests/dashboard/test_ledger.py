"""The ledger's page: what stands behind a figure, why it counts, what lies ahead, and the same as a file."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import zeal
from django.test import Client
from django.utils import timezone

from marketdesk.dashboard.ledger import address_of
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.ledger import Kind
from marketdesk.policy import promises
from marketdesk.programs import sandbox
from marketdesk.tickets.models import Ticket, Wait
from tests.conftest import NOW, signed_in
from tests.dashboard.conftest import address, words
from tests.performance.conftest import Story, story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LEDGER = "/dashboard/performance/ledger"
__all__ = ["story"]


@pytest.fixture
def page(mehmet_user: User) -> Any:
    """`page("of=ratings")`: the ledger as Mehmet sees it now."""
    return lambda query="": signed_in(mehmet_user).get(f"{LEDGER}?{query}")


def test_the_figure_is_a_sentence_and_opens_into_its_answers(page: Any, story: Story) -> None:
    late = story.late(-20, by=3)
    for hours in range(4):
        story.answer(-10 - hours)
    story.closed_by_customer(-30)

    shown = page()

    said = words(shown)
    assert "The late response rate is 20%: 1 of 5 answers that count were late. 1 more does not count. Watch" in said
    for why in ("Answered 3 h after it was due.", "Answered 1 h before it was due.", "The customer closed it before"):
        assert why in said
    assert f'href="{address(late)}"' in shown.content.decode()


def test_a_click_on_late_answers_shows_them_and_nothing_else(page: Any, story: Story) -> None:
    late = story.late(-20)
    story.answer(-10)

    shown = page(address_of(Kind.ANSWERS, Verdict.LATE).partition("?")[2])

    assert [line.ticket for line in shown.context["lines"]] == [late]
    assert [chip.words for chip in shown.context["chips"]] == ["Late"]


def test_a_column_of_a_chart_opens_into_its_own_stretch_of_time(page: Any, story: Story) -> None:
    inside = story.answer(-10)
    story.answer(-20)
    window = Window(NOW - timedelta(hours=11), NOW - timedelta(hours=10))

    shown = page(address_of(Kind.ANSWERS, window=window).partition("?")[2])

    assert [line.ticket for line in shown.context["lines"]] == [inside]


def test_no_stretch_of_time_counts_beforehand(page: Any, story: Story) -> None:
    story.open(6)
    window = Window(NOW - timedelta(hours=1), NOW + timedelta(days=1))

    shown = page(address_of(Kind.ANSWERS, window=window).partition("?")[2])

    assert shown.context["lines"] == []


def test_today_begins_at_the_readers_midnight(story: Story, mehmet_user: User) -> None:
    mehmet_user.time_zone = "Asia/Taipei"
    mehmet_user.save()
    story.answer(-18, early=1)  # 15:00 UTC of the day before is 23:00 there
    today = story.answer(-17, early=0.5)  # 16:30 UTC is half past midnight

    shown = signed_in(mehmet_user).get(f"{LEDGER}?{address_of(Kind.ANSWERS, days=0).partition('?')[2]}")

    lines = [line.ticket for line in shown.context["lines"] if line.verdict.counts]
    assert lines == [today]


def test_ratings_have_a_ledger_of_their_own_with_what_customers_wrote(page: Any, story: Story) -> None:
    story.rated(-10, helpful=False, comment="<b>Nobody</b> answered.")

    shown = page("of=ratings")

    assert "1 rating counts, 0 helpful. From 5 on there is a CSAT." in words(shown)
    assert "&lt;b&gt;Nobody&lt;/b&gt; answered." in shown.content.decode()


def test_an_empty_ledger_says_what_comes(page: Any, store: Merchant) -> None:
    assert "No answer was due yet" in words(page())
    assert "Nobody has rated an answer yet" in words(page("of=ratings"))
    assert "Nothing fits these filters" in words(page("verdict=late"))


def test_it_says_what_to_answer_first_and_names_the_tickets(page: Any, story: Story) -> None:
    for hours in range(5):
        story.late(-20 - hours)
    for hours in range(5):
        story.answer(-10 - hours)
    soon = story.open(5)

    shown = page()

    assert "Answer this ticket within 5 h, and your late response rate is 45.5%. Otherwise it is 54.5%." in words(shown)
    assert f'href="{address(soon)}"' in shown.content.decode()
    assert "What lies ahead" not in words(page("days=7"))  # it is about the time by which stores are judged


NONSENSE = [
    "of=x", "days=31", "days=-1", "verdict=x", "verdict=helpful", "start=2026-01-01T00:00:00", "start=x&end=y",
    "start=9999-12-31T23:59:59-12:00&end=9999-12-31T23:59:59-13:00", "start=0001-01-01T00:00:00%2B14:00&end=x",
    "start=2026-11-02T00:00:00Z&end=2026-11-01T00:00:00Z", "category=x", "issue=%00", "issue=late';--",
    "after=x", "after=nan_1", "after=1e300_1", "merchant_id=2", "order_by=ticket",
]  # fmt: skip


def test_what_makes_no_sense_in_an_address_is_passed_over(mehmet_user: User, story: Story) -> None:
    inside = story.answer(-10)
    client = signed_in(mehmet_user)

    for query in NONSENSE:
        shown = client.get(f"{LEDGER}?{query}")
        assert [line.ticket for line in shown.context["lines"]] == [inside], query
    assert client.get(f"{LEDGER}?after=-62135596800_1").context["lines"] == []  # a key of the year 1


def test_the_next_page_is_reached_by_a_key(page: Any, story: Story) -> None:
    for number in range(51):
        story.answer(-10 - number)

    first = page()
    second = page(first.context["next_url"].partition("?")[2])

    assert [len(one.context["lines"]) for one in (first, second)] == [50, 1]
    assert second.context["next_url"] == ""
    assert second.context["first_url"] == f"{LEDGER}?of=answers"


@pytest.mark.parametrize("of", Kind)
def test_the_page_costs_fifteen_queries_however_long(
    of: Kind, mehmet_user: User, story: Story, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        story.rated(-10 - number)
    story.late(-20)
    story.open(4)
    client = signed_in(mehmet_user)

    with django_assert_max_num_queries(15), zeal.zeal_context():
        promises.forget()
        assert client.get(f"{LEDGER}?of={of}").status_code == 200


def test_the_files_hold_the_lines_of_the_page(page: Any, story: Story, mehmet_user: User) -> None:
    late = story.late(-20, by=3)
    story.answer(-10)
    client = signed_in(mehmet_user)

    sheet = client.get(f"{LEDGER}.csv")
    told = client.get(f"{LEDGER}.json").json()

    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [row["why"] for row in rows] == [line.why for line in page().context["lines"]]
    assert [row["verdict"] for row in rows] == ["in_time", "late"]
    assert rows[1]["ticket"] == late.public_id
    assert (rows[1]["counts"], rows[1]["at"]) == ("True", timezone.localtime(NOW - timedelta(hours=20)).isoformat())
    assert (told["part"], told["whole"], told["percent"]) == (1, 2, None)
    assert [line["why"] for line in told["lines"]] == [row["why"] for row in rows]


def test_what_a_customer_wrote_is_no_formula(story: Story, mehmet_user: User) -> None:
    story.rated(-10, comment='=HYPERLINK("https://example.org")')

    sheet = signed_in(mehmet_user).get(f"{LEDGER}.csv?of=ratings")

    assert """'=HYPERLINK(""https://example.org"")""" in sheet.content.decode()


def test_another_store_sees_nothing_of_it(story: Story, rival_client: Client, rival_user: User) -> None:
    late = story.late(-20)

    for name in ("", ".csv", ".json"):
        answer = signed_in(rival_user).get(f"{LEDGER}{name}")
        assert answer.status_code == 200
        assert late.public_id not in answer.content.decode()


def test_the_ledger_is_read_only(mehmet_user: User) -> None:
    for name in ("", ".csv", ".json"):
        assert signed_in(mehmet_user).post(f"{LEDGER}{name}").status_code == 405


def test_nothing_is_contested_in_a_sandbox(story: Story, store: Merchant, mehmet_user: User) -> None:
    late = story.late(-20)
    client = signed_in(mehmet_user)
    button = f"Contest {late.public_id[:6]}"
    assert button in client.get(LEDGER).content.decode()

    here = sandbox.store_of(store)
    Ticket.objects.update(merchant=here, is_sandbox=True)
    Wait.objects.update(merchant_id=here.pk)
    client.post("/dashboard/store", {"store": here.public_id})

    shown = client.get(LEDGER)
    assert late in [line.ticket for line in shown.context["lines"]]
    assert button not in shown.content.decode()
