"""How a store answers: its rates and figures, and the ledger of what each was counted from. For reading only: notices
and late marks are contested on the pages, by people."""

import zoneinfo
from datetime import UTC, tzinfo
from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from marketdesk.api import envelope
from marketdesk.api.v3 import errors
from marketdesk.api.v3.choosing import chosen, pick
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.pages import after, paged
from marketdesk.api.v3.parameters import Cursor, Fields, Limit, Listed
from marketdesk.api.v3.performance_schemas import (
    KINDS,
    KindWord,
    LineOut,
    PerformanceOut,
    VerdictWord,
    line_out,
    performance_out,
)
from marketdesk.performance import ledger, reading
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.figures import figures
from marketdesk.performance.models import ContestKind
from marketdesk.performance.periods import TODAY, By, Period
from marketdesk.policy import promises
from marketdesk.programs.models import Scope

router = Router(tags=["Performance"])
READ = Bearer(Scope.READ_PENALTIES)
CURSOR = "api v3: the ledger after"

PeriodWord = Literal["TODAY", "7_DAYS", "30_DAYS", "90_DAYS"]
DAYS: dict[PeriodWord, int] = {"TODAY": TODAY, "7_DAYS": 7, "30_DAYS": 30, "90_DAYS": 90}
SliceWord = Literal["DAY", "WEEK"]
SLICES: dict[SliceWord, By] = {"DAY": By.DAY, "WEEK": By.WEEK}
BOOKS = {ContestKind.WAIT: ledger.Kind.ANSWERS, ContestKind.RATING: ledger.Kind.RATINGS}
WORDS = {word: kind for kind, word in KINDS.items()}


class Span(Schema):
    """Which time."""

    period: PeriodWord = Field("30_DAYS", description="How far back from now; today begins at midnight.")
    time_zone: str = Field(
        "UTC", max_length=100, description="Where days begin at midnight.", examples=["Europe/Istanbul"]
    )


class Asked(Span):
    """Which time, and how it is cut."""

    slices: SliceWord = Field("DAY", description="What stands in `slices`: days, or weeks from Monday.")
    fields: Fields = ""


class Listing(Span):
    """Which lines of the ledger."""

    kind: KindWord = Field("WAIT", description="The waits, which the late response rate counts, or the ratings.")
    verdicts: Annotated[list[VerdictWord], Listed] = Field(
        [], description="Only these verdicts; repeated or separated by commas.", examples=[["LATE"]]
    )
    limit: Limit = 50
    cursor: Cursor = ""
    fields: Fields = ""


@router.get(
    "/performance",
    auth=READ,
    response=PerformanceOut,
    operation_id="get_performance",
    summary="Get how the store answers",
    description="The two rates by which the store is judged, and the same figures as on the page Customer Service "
    "Performance. A rate without a `percent` has too little to speak of one.",
)
def performance(request: ProgramRequest, asked: Query[Asked]) -> HttpResponse:
    tree, store, policy = chosen(asked.fields, PerformanceOut), request.auth.merchant, promises.current()
    zone, now = _zone(asked.time_zone), request.auth.actor().at
    period = Period(DAYS[asked.period], SLICES[asked.slices])
    told = figures(store.pk, period, now, zone)
    rates = reading.rates(store.pk, now, policy)
    return envelope.success(
        pick(performance_out(store, rates, Window.before(now, policy.figures_days), told, policy), tree)
    )


@router.get(
    "/performance/ledger",
    auth=READ,
    response=list[LineOut],
    operation_id="list_performance_ledger",
    summary="List what the figures are counted from",
    description="Every wait or rating of the period, the latest first: whether it counts, and why. What is contested, "
    "is contested on the pages.",
)
def lines(request: ProgramRequest, asked: Query[Listing]) -> HttpResponse:
    by, tree = request.auth.actor(), chosen(asked.fields, LineOut)
    window = Period(DAYS[asked.period]).window(by.at, _zone(asked.time_zone))
    wanted = ledger.Asked(
        BOOKS[ContestKind(WORDS[asked.kind])],
        window,
        older=False,
        verdicts=frozenset(Verdict(word.lower()) for word in asked.verdicts),
    )
    book = ledger.Ledger(request.auth.merchant.pk, wanted, by, promises.current())
    page = book.page(after(asked.cursor, CURSOR), asked.limit)
    return paged(request, [pick(line_out(one), tree) for one in page.lines], page.after, CURSOR)


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name) if name else UTC
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.bad_parameter(time_zone=_("must be a time zone such as Europe/Istanbul")) from None
