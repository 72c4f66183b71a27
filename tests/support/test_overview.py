"""The platform's overview: who needs somebody, what is due, how customers are served; and the same as files."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import sanctioning, statement
from marketdesk.performance.counting import Window
from marketdesk.performance.levels import Level
from marketdesk.performance.models import GroupDay, MerchantDay, Sanction, SanctionKind, Standing
from marketdesk.performance.overview import Overview
from marketdesk.policy import promises
from marketdesk.programs import sandbox
from marketdesk.support import overview_files
from marketdesk.support.overview import sentences
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW
from tests.moments import later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

YESTERDAY = NOW.date() - timedelta(days=1)


def on(store: Merchant, day: date, **counts: int) -> None:
    MerchantDay.objects.create(merchant=store, day=day, **counts)


@pytest.fixture
def look(sofia: Actor) -> Callable[..., Overview]:
    return lambda days=30: Overview(sofia, days, promises.current())


@pytest.fixture
def stood(store: Merchant, rival_store: Merchant) -> None:
    """Mehmet's store is severe, the rival has never been judged."""
    Standing.objects.create(merchant=store, level=Level.SEVERE, answers=10, late=5, ratings=4, helpful=4, judged_at=NOW)


def test_the_worst_standing_is_first(stood: None, store: Merchant, rival_store: Merchant, look: Any) -> None:
    found = look()

    assert [row.pk for row in found.merchants] == [store.pk, rival_store.pk]
    assert found.standings == {Level.SEVERE: 1, Level.WATCH: 0, Level.NORMAL: 1}
    assert (found.merchants[0].judged.late.percent, found.merchants[0].judged.csat.percent) == (50, None)


def test_sandboxes_are_nowhere(store: Merchant, look: Any) -> None:
    sandbox.store_of(store, at=NOW)

    found = look()

    assert [row.pk for row in found.merchants] == [store.pk]
    assert found.at_risk == []
    assert [(one.user, one.waiting) for one in found.load if one.waiting] == []


def test_who_got_worse_is_named_with_both_rates(store: Merchant, rival_store: Merchant, look: Any) -> None:
    for one, before, now in ((store, 1, 4), (rival_store, 3, 2)):
        on(one, YESTERDAY - timedelta(days=30), answers=10, late=before)
        on(one, YESTERDAY, answers=10, late=now)

    (move,) = look(30).moves

    assert (move.merchant.pk, move.before.late.percent, move.now.late.percent, move.worse) == (store.pk, 10, 40, 30)


def test_a_rate_of_too_few_is_no_change(store: Merchant, look: Any) -> None:
    on(store, YESTERDAY - timedelta(days=30), answers=4, ratings=10, helpful=10)
    on(store, YESTERDAY, answers=10, late=10, ratings=4)

    assert look(30).moves == []


def test_days_outside_the_period_do_not_count(store: Merchant, look: Any) -> None:
    for day in (YESTERDAY - timedelta(days=7), YESTERDAY - timedelta(days=6), YESTERDAY, NOW.date()):
        GroupDay.objects.create(day=day, country="DE", category="pre_purchase", language="de", opened=1)

    found = look(7)

    assert found.whole.opened == 2
    assert [row.sums.opened for row in found.groups["country"]] == [2]
    assert (found.course[0][0], found.course[-1][0]) == (YESTERDAY - timedelta(days=6), YESTERDAY)


def test_customers_are_divided_three_ways(look: Any) -> None:
    rows = (("DE", "pre_purchase", "de", 3), ("FR", "pre_purchase", "fr", 1), ("DE", "post_purchase", "en", 1))
    for country, category, language, opened in rows:
        GroupDay.objects.create(day=YESTERDAY, country=country, category=category, language=language, opened=opened)

    groups = look().groups

    assert {name: [(row.code, row.sums.opened) for row in found] for name, found in groups.items()} == {
        "country": [("DE", 4), ("FR", 1)],
        "category": [("pre_purchase", 4), ("post_purchase", 1)],
        "language": [("de", 3), ("en", 1), ("fr", 1)],
    }


def test_what_is_due_soon_says_what_it_would_come_to(
    stood: None, ask: Callable[..., Ticket], ada: Actor, sofia: Actor
) -> None:
    Standing.objects.update(level=Level.NORMAL, answers=18, late=0)
    for hours in (0, 0.001):
        ask(by=later(ada, hours=hours))

    (risk,) = Overview(later(sofia, hours=36.0005), 30, promises.current()).at_risk

    assert (risk.waits, risk.first_due_at) == (1, NOW + timedelta(hours=48))
    assert (risk.if_late.part, risk.if_late.whole, risk.level_if_late) == (1, 19, Level.WATCH)


def test_what_nobody_looks_after_stands_above_the_agents(
    purchase: Ticket, ask: Callable[..., Ticket], sofia: Actor, sofia_user: User, look: Any
) -> None:
    other = ask("item_problem", "Another one.")
    for one in (purchase, other):
        one.take_over(by=sofia)
    other.assign(sofia_user, by=sofia)
    third = ask("item_problem", "A third.")
    third.take_over(by=sofia)
    third.assign(sofia_user, by=sofia)
    third.reply("How?", by=sofia)

    load = [(one.user, one.waiting, one.with_customer) for one in look().load]

    assert load == [(None, 1, 0), (sofia_user, 1, 1)]


def test_the_page_says_first_what_needs_somebody(
    stood: None, ticket: Ticket, sofia_client: Client, django_assert_max_num_queries: Any
) -> None:
    GroupDay.objects.create(day=YESTERDAY, country="DE", category="pre_purchase", language="", opened=3)

    with django_assert_max_num_queries(15):
        answer = sofia_client.get("/support/overview")

    page = answer.content.decode()
    assert "1 merchant is severe." in page
    assert "Germany" in page
    assert "Unknown" in page


def test_what_is_still_being_heard_waits_for_no_decision_yet(store: Merchant, mehmet: Actor, look: Any) -> None:
    grounds = statement.count(store.pk, Window.before(NOW, 30), statement.rule_of(promises.current())).as_json()
    until = NOW + timedelta(days=5)
    block, _suspension = (
        Sanction.objects.create(merchant=store, kind=kind, reasons=grounds, proposed_at=NOW, hear_until=until)
        for kind in SanctionKind
    )
    before = look()
    assert (before.sanctions, before.to_decide) == (2, 0)

    sanctioning.answer(block, "We moved house.", by=mehmet)

    after = look()
    assert (after.sanctions, after.to_decide) == (2, 1)
    assert "1 contest or sanction waits for a decision." in sentences(after)


def test_an_empty_desk_has_an_overview(sofia_client: Client) -> None:
    page = sofia_client.get("/support/overview?days=everything").content.decode()

    assert "No merchant is severe." in page
    assert "Last 30 days" in page


@pytest.mark.parametrize("table", overview_files.TABLES)
def test_each_table_is_a_file_with_the_same_rows(
    table: str, stood: None, ticket: Ticket, store: Merchant, sofia_client: Client, now: Any
) -> None:
    on(store, YESTERDAY - timedelta(days=7), answers=10)
    on(store, YESTERDAY, answers=10, late=3)
    GroupDay.objects.create(day=YESTERDAY, country="DE", category="pre_purchase", language="de", opened=3)
    now.shift(timedelta(hours=40))

    file = sofia_client.get(f"/support/overview/{table}.csv?days=7").content.decode("utf-8-sig")
    told = json.loads(sofia_client.get("/support/overview.json?days=7").content)[table.replace("-", "_")]

    rows = list(csv.DictReader(io.StringIO(file)))
    assert rows == [{name: "" if value is None else str(value) for name, value in one.items()} for one in told]
    assert rows


def test_a_name_is_never_a_formula(store: Merchant, sofia_client: Client) -> None:
    store.name = "=HYPERLINK(0)"
    store.save()

    file = sofia_client.get("/support/overview/merchants.csv").content.decode("utf-8-sig")

    assert ",'=HYPERLINK(0)," in file


def test_an_unknown_table_is_not_found(sofia_client: Client) -> None:
    assert sofia_client.get("/support/overview/secrets.csv").status_code == 404


def test_merchants_do_not_see_the_overview(mehmet_client: Client) -> None:
    for page in ("overview", "overview.json", "overview/merchants.csv", "merchants"):
        assert mehmet_client.get(f"/support/{page}").status_code == 302


def test_the_page_says_which_days_were_counted(sofia_client: Client) -> None:
    page = sofia_client.get("/support/overview?days=7").content.decode()

    assert "Whole UTC days, 11 Nov to 17 Nov" in page


def test_the_days_of_the_overview_are_found_by_index(look: Any) -> None:
    days = look().days
    if connection.vendor == "postgresql":  # on no rows at all it would read them all
        connection.cursor().execute("SET LOCAL enable_seqscan = off")

    for model, name, index in ((GroupDay, "day", "group_day_once"), (MerchantDay, "merchant_id", "merchant_day_once")):
        rows = model.objects.filter(day__gte=days.first, day__lte=days.last)
        plan = rows.values(name).annotate(n=Sum("late")).explain()
        assert index in plan or "(day>? AND day<?)" in plan
    # Which of its indexes PostgreSQL takes, the statistics decide.
    plan = look().due_soon.explain()
    assert "Seq Scan" not in plan if connection.vendor == "postgresql" else "wait_due" in plan
