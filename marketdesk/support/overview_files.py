"""The overview's numbers as files: each table for a spreadsheet, and all of them for a program."""

from collections.abc import Callable, Iterable
from typing import Any

from marketdesk.lib import spreadsheet
from marketdesk.performance.counting import Rate
from marketdesk.performance.overview import GroupRow, MerchantRow, Overview, Sums

Row = dict[str, Any]


def csv_of(table: str, overview: Overview) -> bytes:
    """One table."""
    rows = list(TABLES[table](overview))
    return spreadsheet.of([list(rows[0]) if rows else [], *(row.values() for row in rows)])


def json_of(overview: Overview) -> dict[str, Any]:
    """All tables, and the days that they are about."""
    days = overview.days
    told = {"days": days.number, "first": days.first.isoformat(), "last": days.last.isoformat()}
    return {
        **told,
        "at": overview.by.at.isoformat(),
        "standings": {level.value: number for level, number in overview.standings.items()},
        **{name.replace("-", "_"): list(rows(overview)) for name, rows in TABLES.items()},
    }


def _merchants(overview: Overview) -> Iterable[Row]:
    for row in overview.merchants:
        judged = row.judged
        yield {
            **_named(row),
            "country": row.country,
            "standing": row.level.value,
            "impressions_blocked": row.is_blocked,
            "suspended": row.is_suspended,
            "judged_at": row.judged_at.isoformat() if row.judged_at else "",
            "judged_late": judged.late.part,
            "judged_answers": judged.late.whole,
            "judged_late_percent": _percent(judged.late),
            "judged_helpful": judged.csat.part,
            "judged_ratings": judged.csat.whole,
            "judged_csat_percent": _percent(judged.csat),
            **_counts(row.sums, overview),
        }


def _moves(overview: Overview) -> Iterable[Row]:
    for one in overview.moves:
        yield {
            **_named(one.merchant),
            "standing": one.merchant.level.value,
            "late_percent_before": _percent(one.before.late),
            "late_percent": _percent(one.now.late),
            "csat_percent_before": _percent(one.before.csat),
            "csat_percent": _percent(one.now.csat),
            "worse_by_points": float(one.worse),
        }


def _at_risk(overview: Overview) -> Iterable[Row]:
    for one in overview.at_risk:
        yield {
            **_named(one.merchant),
            "standing": one.merchant.level.value,
            "answers_due": one.waits,
            "first_due_at": one.first_due_at.isoformat(),
            "late_percent_if_late": _percent(one.if_late),
            "standing_if_late": one.level_if_late.value,
        }


def _days(overview: Overview) -> Iterable[Row]:
    for day, sums in overview.course:
        yield {"day": day.isoformat(), **_counts(sums, overview)}


def _groups(name: str) -> Callable[[Overview], Iterable[Row]]:
    def rows(overview: Overview) -> Iterable[Row]:
        found: list[GroupRow] = overview.groups[name]
        return ({name: row.code, **_counts(row.sums, overview)} for row in found)

    return rows


def _agents(overview: Overview) -> Iterable[Row]:
    for one in overview.load:
        yield {
            "agent": one.user.name if one.user else "",
            "waiting": one.waiting,
            "longest_since": one.longest_since.isoformat() if one.longest_since else "",
            "awaiting_user": one.with_customer,
        }


TABLES: dict[str, Callable[[Overview], Iterable[Row]]] = {
    "merchants": _merchants,
    "worse": _moves,
    "at-risk": _at_risk,
    "days": _days,
    "countries": _groups("country"),
    "categories": _groups("category"),
    "languages": _groups("language"),
    "agents": _agents,
}


def _named(row: MerchantRow) -> Row:
    return {"merchant": row.public_id, "name": row.name}


def _counts(sums: Sums, overview: Overview) -> Row:
    rates = sums.rates(overview.policy.figures_sample)
    return {
        "tickets": sums.opened,
        "late": sums.late,
        "answers": sums.answers,
        "late_percent": _percent(rates.late),
        "helpful": sums.helpful,
        "ratings": sums.ratings,
        "csat_percent": _percent(rates.csat),
    }


def _percent(rate: Rate) -> float | None:
    """None below the minimum sample, never 0."""
    return None if rate.percent is None else float(rate.percent)
