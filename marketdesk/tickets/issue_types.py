"""The issue types as a list that an operator orders, names and adds to (M19)."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from marketdesk.lib import languages
from marketdesk.tickets.issues import BY_CODE
from marketdesk.tickets.models.issue import Issue
from marketdesk.tickets.models.ordered import ListKind
from marketdesk.tickets.models.ticket import Ticket
from marketdesk.tickets.ordered import BadList, OrderedList, Row, Rows
from marketdesk.tickets.rules import Category

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_ISSUES = 100
LABEL = 100  # characters


def saved() -> Rows:
    """The issue types as they are, in their order."""
    return [as_row(issue) for issue in Issue.objects.all()]


def as_row(issue: Issue) -> Row:
    return {
        "code": issue.code,
        "category": str(issue.category),
        "labels": dict(issue.labels),
        "v2_label": issue.v2_label,
        "active": issue.active,
    }


def as_issue(row: Row) -> Issue:
    """A row as it would be, with its words."""
    return Issue(**{name: row[name] for name in ("code", "category", "labels", "v2_label", "active")})


def problems(rows: Rows) -> list[BadList]:
    """Everything that is wrong with a list of issue types, each with the one where a person puts it right."""
    known = {row["code"]: row for row in saved()}
    wrong = list(_wrong_list(rows))
    for row in rows:
        wrong += _wrong_row(row)
        before = known.get(row["code"])
        if before and before["category"] != row["category"] and is_asked_about(row["code"]):
            words = _("Customers have asked about this already, so its category stays as it is.")
            wrong.append(BadList(words, row["code"], "category"))
    return wrong


def wrong(row: Row) -> list[BadList]:
    """Everything that is wrong with one issue type by itself."""
    return list(_wrong_row(row))


def is_asked_about(code: str) -> bool:
    """Whether any ticket is of this issue type."""
    return Ticket.objects.filter(issue_id=code).exists()


def _wrong_list(rows: Rows) -> Iterator[BadList]:
    if len(rows) > MOST_ISSUES:
        yield BadList(_("There can be at most %(most)s issue types.") % {"most": MOST_ISSUES})
    if len({row["code"] for row in rows}) != len(rows):
        yield BadList(_("An issue type stands in the list twice."))
    for category in Category:
        if not any(row["active"] and row["category"] == category for row in rows):
            words = _("Customers need at least one issue type of each category: %(category)s has none.")
            yield BadList(words % {"category": category.label})


def _wrong_row(row: Row) -> Iterator[BadList]:
    code = row["code"]
    if not CODE.fullmatch(code):
        words = _("The code begins with a letter and has only small letters, digits and underlines.")
        yield BadList(words, code, "code")
    if row["category"] not in Category.values:
        yield BadList(_("Choose a category."), code, "category")
    elif code in BY_CODE and row["category"] != BY_CODE[code].category:
        yield BadList(_("The category of a shipped issue type stays as it is."), code, "category")
    if code not in BY_CODE and not row["labels"].get("en"):
        yield BadList(_("Say in English what it is about; other languages fall back on it."), code, "label-en")
    for language, words in row["labels"].items():
        if language not in languages.LANGUAGES or not words.strip() or len(words) > LABEL:
            said = _("A name has at most %(most)s characters.") % {"most": LABEL}
            yield BadList(said, code, f"label-{language}")
    v2_label = row["v2_label"]
    if not (v2_label.isascii() and v2_label.isprintable() and 0 < len(v2_label.strip()) <= LABEL):
        words = _("The label for programs is English: plain letters, at most %(most)s.") % {"most": LABEL}
        yield BadList(words, code, "v2_label")


def _write(rows: Rows) -> None:
    """Bring the table in line. What the list does not hold any more keeps its tickets and cannot be chosen."""
    for position, row in enumerate(rows):
        values = {**row, "position": position}
        Issue.objects.update_or_create(code=values.pop("code"), defaults=values)
    left_out = Issue.objects.exclude(code__in=[row["code"] for row in rows])
    left_out.update(active=False, position=len(rows))


ISSUES = OrderedList(ListKind.ISSUES, "issue_type_changed", saved, problems, _write)
