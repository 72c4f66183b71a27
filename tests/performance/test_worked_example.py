"""The twenty tickets of docs/figures.md, played through the product as the document says, and counted by it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from marketdesk.people.party import Party
from marketdesk.performance import counting, reading
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.figures import figures
from marketdesk.performance.periods import By, Period
from marketdesk.tickets.rules import Category, Verb
from tests.conftest import NOW, make_order
from tests.performance.playing import Seen, Stage

pytestmark = pytest.mark.django_db

DOCUMENT = (
    (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8").split("\n## Twenty tickets")[1]
)
WINDOW = Window.before(NOW, 30)
BERLIN = ZoneInfo("Europe/Berlin")

ISSUES = {"problem": "item_problem", "product": "product_question", "status": "order_status"}
CUSTOMERS = ["Ada", "Ben", "Cem"]
DEEDS = {
    "answered": (Party.MERCHANT, Verb.REPLY),
    "resolved": (Party.MERCHANT, Verb.RESOLVE),
    "refunded": (Party.MERCHANT, Verb.REFUND),
    "appealed": (Party.MERCHANT, Verb.APPEAL),
    "customer answered": (Party.CUSTOMER, Verb.REPLY),
    "customer closed": (Party.CUSTOMER, Verb.CLOSE),
    "customer re-opened": (Party.CUSTOMER, Verb.REOPEN),
    "support answered": (Party.SUPPORT, Verb.REPLY),
    "support handed back": (Party.SUPPORT, Verb.HAND_BACK),
    "clock took over": (Party.CLOCK, Verb.TAKE_OVER),
}
RATES = {
    "Late response rate": "late",
    "CSAT": "csat",
    "Re-open rate": "reopened",
    "Refund rate": "refunded",
    "Tickets for 100 orders": "per_orders",
}
WORDS = {
    "in time": Verdict.IN_TIME,
    "late": Verdict.LATE,
    "somebody else": Verdict.PLATFORM,
    "contested": Verdict.CONTEST,
    "incident": Verdict.INCIDENT,
    "outside": Verdict.OUTSIDE,
    "running": Verdict.RUNNING,
    "helpful": Verdict.HELPFUL,
    "not helpful": Verdict.UNHELPFUL,
    "same customer": Verdict.SAME_CUSTOMER,
}


def table(first: str) -> list[list[str]]:
    """The rows of the document's table whose heading begins with these words."""
    lines = DOCUMENT.split(f"\n| {first}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


TICKETS = table("| issue")
COUNTED = {row[0]: row[1:] for row in table("figure")}


@pytest.fixture
def stage(now: Any) -> Stage:
    """All that happened, in the order in which it happened."""
    steps = sorted((moment, number, deed) for number, row in enumerate(TICKETS) for moment, deed in happened(row[3]))
    stage = Stage(now, steps[0][0])
    seen: dict[int, Seen] = {}
    for moment, number, deed in steps:
        stage.move_to(moment)
        if deed == "asked":
            seen[number] = stage.ask(ISSUES[TICKETS[number][1]], CUSTOMERS.index(TICKETS[number][2]))
        elif deed.startswith("found"):
            stage.rate(seen[number], helpful=deed == "found helpful")
        elif deed == "contest granted":
            assert stage.contest(seen[number])
        else:
            assert stage.do(seen[number], *DEEDS[deed]), (TICKETS[number], deed)
    stage.move_to(NOW)
    stage.declare(at("Nov 9 00:00"), at("Nov 9 12:00"))
    for number in range(40):
        placed = WINDOW.start + timedelta(hours=number * 17)
        make_order(stage.customers[0], stage.product, f"O-{number}", placed_at=placed)
    stage.seen = [seen[number] for number in range(len(TICKETS))]
    return stage


def happened(story: str) -> Iterator[tuple[datetime, str]]:
    for step in story.split("; "):
        found = re.fullmatch(r"(\w{3} \d+ [\d:.]+) (.+)", step)
        assert found, step
        yield at(found[1]), found[2]


def at(moment: str) -> datetime:
    form = "%Y %b %d %H:%M:%S.%f" if "." in moment else "%Y %b %d %H:%M"
    return datetime.strptime(f"2026 {moment}", form).replace(tzinfo=UTC)


def test_every_wait_and_rating_is_judged_as_the_document_says(stage: Stage) -> None:
    assert len(TICKETS) == 20
    rated = {one.ticket_id: one.verdict for one in reading.ratings(stage.store.pk, WINDOW, 3)}
    incidents = reading.incidents(stage.store.pk)

    for row, seen in zip(TICKETS, stage.seen, strict=True):
        waits = [counting.of_wait(wait, WINDOW, incidents) for wait in seen.ticket.waits.order_by("pk")]
        assert waits == [WORDS[word] for word in row[4].split(", ")], row
        assert rated.get(seen.ticket.pk) == (WORDS[row[5]] if row[5] else None), row


def test_every_figure_is_what_the_document_counts(stage: Stage) -> None:
    found = figures(stage.store.pk, Period(30, By.WEEK), NOW, BERLIN)

    for name, field in RATES.items():
        rate: Rate = getattr(found.whole, field)
        assert [f"{rate.part} of {rate.whole}", shown(rate)] == COUNTED[name]
    for name, times in (("Time to answer", found.whole.answers), ("First answer", found.whole.first_answers)):
        (how, average), (_which, middle) = COUNTED[f"{name}, average"], COUNTED[f"{name}, in the middle"]
        hours, answers = how.split(" h by ")
        assert (times.count, int(hours) / int(answers)) == (int(answers), in_hours(average) / timedelta(hours=1))
        assert (times.average, times.median) == (in_hours(average), in_hours(middle))
    for category in Category:
        tickets = sum(one.tickets for one in found.volume if one.category == category)
        which, many = COUNTED[str(category.label)]
        assert (str(tickets), tickets) == (many, len(which.split(", ")))
    rows = [
        [f"{one.window.start.astimezone(BERLIN):%b %-d}", f"{one.late.part} of {one.late.whole}"]
        for one in found.slices
    ]
    assert rows == table("week from")


def shown(rate: Rate) -> str:
    """As the document shows it; tickets for 100 orders are no percentage."""
    if rate.percent is None:
        return "-"
    return f"{float(rate.percent):.1f} %" if rate.percent % 1 else str(int(rate.percent))


def in_hours(words: str) -> timedelta:
    return timedelta(hours=int(words.removesuffix(" h")))
