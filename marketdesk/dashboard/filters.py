"""The filters of a list: read from the address through an allow-list, kept in it, shown as chips."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from marketdesk.lib import countries, languages, searching
from marketdesk.lib.prepared import Prepared, Question
from marketdesk.tickets.models import Issue
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.tickets.queues import Queue

LONGEST = 100
_ISSUES = Prepared(Issue.objects.all)


@dataclass(frozen=True)
class Chip:
    """A filter that is on; `url` is the list without it."""

    words: str
    url: str


@dataclass(frozen=True)
class Choice:
    """One box of a filter's menu."""

    value: str
    words: str
    on: bool


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to. Nothing here is ever the name of a column."""

    issue: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    overdue: bool = False
    text: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        """From the address; what makes no sense is passed over."""
        return cls(
            issue=tuple(code for code in query.getlist("issue") if code.replace("_", "").isalnum())[:20],
            language=tuple(code for code in query.getlist("language") if code in languages.LANGUAGES),
            country=tuple(code for code in query.getlist("country") if countries.is_known(code)),
            overdue=query.get("overdue") == "yes",
            text=query.get("text", "").replace("\x00", "").strip()[:LONGEST],
        )

    def __bool__(self) -> bool:
        return self != Filters()

    def narrow(self, tickets: Tickets, now: datetime) -> Tickets:
        """Only the tickets that fit; the country is the order's, else the customer's (D9)."""
        if self.issue:
            tickets = tickets.filter(issue__in=self.issue)
        if self.language:
            tickets = tickets.filter(language__in=self.language)
        if self.country:
            customers = Q(order__isnull=True, customer__country__in=self.country)
            tickets = tickets.filter(Q(order__country__in=self.country) | customers)
        if self.overdue:
            tickets = tickets.filter(due_at__lt=now)
        if self.text:
            tickets = tickets.filter(searching.says("subject", self.text) | searching.says("excerpt", self.text))
        return tickets

    @property
    def query(self) -> str:
        """The filters as an address carries them, without the question mark."""
        pairs = [(one.name, getattr(self, one.name)) for one in fields(self)]
        said = [(name, "yes" if value is True else value) for name, value in pairs if value]
        return urlencode(said, doseq=True)

    def chips(self, url: str, issues: dict[str, str]) -> list[Chip]:
        """What is on, each with the way to take it off."""
        found = []
        for code in self.issue:
            found.append((issues.get(code, code), self._without("issue", code)))
        for code in self.language:
            found.append((languages.own_name(code), self._without("language", code)))
        for code in self.country:
            found.append((countries.name(code), self._without("country", code)))
        if self.overdue:
            found.append((_("Overdue"), replace(self, overdue=False)))
        if self.text:
            found.append((f"“{self.text}”", replace(self, text="")))
        return [Chip(words, f"{url}?{rest.query}" if rest else url) for words, rest in found]

    def _without(self, name: str, value: str) -> "Filters":
        changes = {name: tuple(one for one in getattr(self, name) if one != value)}
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Choices:
    """What the menus of a list offer: only what is in it, and what is on."""

    issue: list[Choice]
    language: list[Choice]
    country: list[Choice]
    issues: dict[str, str]


def questions_of_choices() -> list[Question]:
    """What `choices` asks."""
    return [_ISSUES.question()]


def choices(queue: Queue, there: list[tuple[str, str | None, str]], filters: Filters) -> Choices:
    """The menus of a queue in which there are these languages and countries."""
    issues = {issue.code: issue.label for issue in _ISSUES() if queue.category in {None, issue.category}}
    spoken = {language for language, *_countries in there if language in languages.LANGUAGES} | set(filters.language)
    lands = {ordered or own for _language, ordered, own in there} - {""} | set(filters.country)
    return Choices(
        issue=[Choice(code, words, code in filters.issue) for code, words in issues.items()],
        language=[Choice(code, languages.own_name(code), code in filters.language) for code in sorted(spoken)],
        country=sorted(
            (Choice(code, countries.name(code), code in filters.country) for code in lands), key=lambda one: one.words
        ),
        issues=issues,
    )
