"""Customer Service Performance: what a merchant reads there, and takes away as a file."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Notice, NoticeKind, Sanction, SanctionKind, SanctionState, Standing
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW
from tests.dashboard.conftest import words
from tests.performance.conftest import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
PAGE = "/dashboard/performance"


@pytest.fixture
def story(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor) -> Story:
    return Story(ask, ada, mehmet, sofia)


@pytest.fixture
def one_of_five(story: Story) -> Story:
    """Four answers in time and one late, all within the last days."""
    for due in (-10, -20, -30, -40):
        story.answer(due=due)
    story.late(due=-50)
    return story


def told(client: Client, **asked: Any) -> Any:
    return client.get(f"{PAGE}.json", asked).json()


def sheet(client: Client, **asked: Any) -> list[list[str]]:
    text = client.get(f"{PAGE}.csv", asked).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text else ","))


def test_a_sentence_says_how_the_rate_stands_and_how_far_it_is_from_normal(
    mehmet_client: Client, one_of_five: Story
) -> None:
    page = words(mehmet_client.get(PAGE))

    assert "Your late response rate is 20%. That is one late answer more than normal allows." in page
    assert "1 of 5 answers were late, in the last 30 days" in page
    assert "Normal below 5%" in page
    assert "Severe above 45%" in page


def test_below_the_sample_there_is_a_dash_and_what_it_takes(mehmet_client: Client, story: Story) -> None:
    story.late(due=-50)

    page = words(mehmet_client.get(PAGE))

    assert "There is no late response rate: 1 answer counts in 30 days, and it takes 5." in page
    assert told(mehmet_client)["whole"]["late_rate_percent"] is None


def test_page_table_and_files_tell_the_same_numbers(mehmet_client: Client, one_of_five: Story) -> None:
    page = mehmet_client.get(PAGE)

    shown = {column.key: said for panel in panels(page) for column, said in panel.whole}
    as_json, (headings, *rows) = told(mehmet_client)["whole"], sheet(mehmet_client)
    as_csv = dict(zip(headings, rows[-1], strict=True))
    assert (shown["late_rate_percent"], as_json["late_rate_percent"], as_csv["Late response rate"]) == ("20%", 20, "20")
    assert (shown["answers"], as_json["answers"], as_csv["Late response rate: Answers"]) == ("5", 5, "5")
    assert (shown["answer_median_seconds"], as_json["answer_median_seconds"]) == ("47 h", 47 * 3600)
    assert as_csv["Time to answer: Median"] == "47:00:00"
    assert len(set(headings)) == len(headings)
    assert len(rows) - 1 == len(panels(page)[0].rows) == len(told(mehmet_client)["slices"])


def test_what_tickets_were_about_is_a_file_too(mehmet_client: Client, one_of_five: Story) -> None:
    page = mehmet_client.get(PAGE)

    headings, *rows = csv.reader(
        io.StringIO(mehmet_client.get(page.context["volume_file"]).content.decode("utf-8-sig"))
    )

    assert headings == ["Category", "Issue Type", "Tickets"]
    shown = [
        (category, row.issue, str(row.tickets)) for category, _number, found in page.context["volume"] for row in found
    ]
    assert [tuple(row) for row in rows] == shown != []
    assert told(mehmet_client)["volume"][0]["tickets"] == int(rows[0][2])


def panels(page: Any) -> list[Any]:
    return [page.context[name] for name in ("late", "csat", "times", "tickets")]


def test_days_and_weeks_come_to_the_whole(mehmet_client: Client, one_of_five: Story) -> None:
    for by in ("day", "week"):
        found = told(mehmet_client, days=90, by=by)
        assert sum(one["answers"] for one in found["slices"]) == found["whole"]["answers"] == 5
        assert sum(one["late"] for one in found["slices"]) == 1


def test_a_period_that_makes_no_sense_is_the_usual_one(mehmet_client: Client) -> None:
    assert told(mehmet_client, days="many", by="moon")["days"] == 30


def test_days_begin_when_they_begin_for_the_reader(mehmet_client: Client, mehmet_user: User) -> None:
    mehmet_user.time_zone = "Asia/Tokyo"
    mehmet_user.save()

    found = told(mehmet_client, days=7)

    assert found["time_zone"] == "Asia/Tokyo"
    assert {one["start"][10:] for one in found["slices"][1:]} == {"T00:00:00+09:00"}


def test_a_spreadsheet_in_german_reads_german_numbers(
    mehmet_client: Client, mehmet_user: User, one_of_five: Story
) -> None:
    one_of_five.late(due=-60)
    mehmet_user.language = "de"
    mehmet_user.save()

    assert "33,3" in sheet(mehmet_client)[-1]


def test_each_figure_leads_to_its_ledger(mehmet_client: Client, one_of_five: Story) -> None:
    page = mehmet_client.get(PAGE)

    for url in {panels(page)[0].url, panels(page)[0].rows[-1].url, page.context["volume"][0][2][0].url}:
        assert url.encode().replace(b"&", b"&amp;") in page.content
        assert mehmet_client.get(url).status_code == 200


def test_nobody_elses_tickets_are_in_it(rival_client: Client, one_of_five: Story) -> None:
    whole = told(rival_client)["whole"]

    assert (whole["answers"], whole["tickets"]) == (0, 0)


def test_a_sandbox_has_no_figures(mehmet_client: Client, store: Merchant) -> None:
    sandbox = Merchant.objects.create(external_id="s-1", name="Sandbox", sandbox_of=store)
    mehmet_client.post("/dashboard/store", {"store": sandbox.public_id})

    page = mehmet_client.get(PAGE)

    assert "A sandbox has no figures" in words(page)
    assert page.context["bar"][0]["badge_words"] == ""


@pytest.mark.parametrize("days", [0, 7, 30, 90])
def test_the_page_costs_few_queries_however_long_the_history(
    days: int, mehmet_client: Client, one_of_five: Story, django_assert_max_num_queries: Any
) -> None:
    one_of_five.open(due=5)

    with django_assert_max_num_queries(15):
        assert mehmet_client.get(PAGE, {"days": days}).status_code == 200


# The bar


def test_every_page_shows_the_standing_in_words(mehmet_client: Client, store: Merchant) -> None:
    for level, shown in ((Level.NORMAL, "Normal"), (Level.WATCH, "Watch"), (Level.SEVERE, "Severe")):
        Standing.objects.update_or_create(merchant=store, defaults={"level": level})
        assert f"Performance {shown}" in words(mehmet_client.get("/dashboard/team"))


def test_nothing_is_said_under_the_bar_when_nothing_needs_saying(mehmet_client: Client, store: Merchant) -> None:
    Standing.objects.create(merchant=store, level=Level.WATCH)

    assert mehmet_client.get("/dashboard/team").context["bar"][0]["saying_words"] == ""


def notice(store: Merchant, kind: NoticeKind, **fields: Any) -> Notice:
    return Notice.objects.create(merchant=store, kind=kind, given_at=NOW, **fields)


def test_the_gravest_thing_is_said_under_the_bar(mehmet_client: Client, store: Merchant) -> None:
    def said() -> tuple[str, str]:
        bar = mehmet_client.get("/dashboard/team").context["bar"][0]
        return bar["saying_words"], bar["saying_url"]

    Standing.objects.create(merchant=store, level=Level.SEVERE)
    assert said() == ("Your standing is severe. Your products or your account may be blocked for it.", PAGE)
    warning = notice(store, NoticeKind.WARNING)
    assert said() == ("You have a warning that nobody has read.", f"{PAGE}/notices/{warning.public_id}")
    notice(store, NoticeKind.WARNING)
    assert said() == ("You have 2 warnings that nobody has read.", f"{PAGE}/notices")
    penalty = notice(store, NoticeKind.PENALTY)
    assert said() == ("You have a penalty notice that nobody has read.", f"{PAGE}/notices/{penalty.public_id}")
    sanction = Sanction.objects.create(
        merchant=store, kind=SanctionKind.SUSPENSION, proposed_at=NOW, hear_until=NOW + timedelta(days=5)
    )
    words_of_it, url = said()
    assert words_of_it == "It is proposed to suspend your account. You can answer until 23 Nov, 10:00."
    assert url == f"{PAGE}/sanctions/{sanction.public_id}"
    Sanction.objects.update(hear_until=NOW)
    overdue = "Proposed: Account suspended. It can be decided any time now. Until then you can still answer."
    assert said() == (overdue, url)
    Sanction.objects.update(state=SanctionState.CONFIRMED)
    assert said()[0] == "Your account is suspended. You can still answer open tickets."


def test_what_was_read_withdrawn_answered_or_is_the_rivals_is_not_said(
    mehmet_client: Client, store: Merchant, rival_store: Merchant
) -> None:
    notice(store, NoticeKind.WARNING, read_at=NOW)
    notice(store, NoticeKind.PENALTY, withdrawn_at=NOW)
    notice(rival_store, NoticeKind.PENALTY)
    Standing.objects.create(merchant=rival_store, level=Level.SEVERE)
    Sanction.objects.create(
        merchant=store, kind=SanctionKind.IMPRESSIONS, proposed_at=NOW, hear_until=NOW, answered_at=NOW
    )

    page = mehmet_client.get("/dashboard/team")

    assert page.context["bar"][0]["saying_words"] == ""
    assert page.context["bar"][0]["badge_words"] == "Normal"


def test_the_standing_costs_one_query_a_page(mehmet_client: Client, store: Merchant) -> None:
    for kind in NoticeKind:
        notice(store, kind)

    with CaptureQueriesContext(connection) as asked:
        mehmet_client.get("/dashboard/team")

    assert sum('"performance_' in query["sql"] for query in asked.captured_queries) == 1
