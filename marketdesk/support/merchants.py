"""Merchants as the platform sees them: the list by standing, and of one its figures, what followed, and its ledger."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketdesk.lib import percent
from marketdesk.lib.replica import for_reports
from marketdesk.merchants.models import Merchant
from marketdesk.performance import figures, levels, overview, rate_charts
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.figures import Numbers
from marketdesk.performance.ledger import Asked, Kind, Ledger
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Contest, Notice, Sanction
from marketdesk.performance.overview import MerchantRow, Overview
from marketdesk.performance.periods import Period
from marketdesk.performance.rate_charts import Step
from marketdesk.policy import promises
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.support.overview import day_words, period_words
from marketdesk.ui.templatetags.marketdesk import took

SIZE = 50
# Of each kind of thing that followed from figures; the older ones stand in lists of their own.
LATEST = 10


@require_safe
@agents_only
@for_reports
def merchants(request: AgentRequest) -> HttpResponse:
    """Every merchant, the worst standing first; by standing and by name."""
    found = Overview(request.actor, overview.CHOICES[1], promises.current())
    words, standing = request.GET.get("q", "").strip()[:100], request.GET.get("standing", "")
    rows = [row for row in found.merchants if _fits(row, words, standing)]
    page = _number(request.GET.get("page", ""), -(-len(rows) // SIZE))
    said = {name: value for name, value in (("q", words), ("standing", standing)) if value}
    context = {
        "rows": rows[(page - 1) * SIZE : page * SIZE],
        "total": len(rows),
        "words": words,
        "standing": standing,
        "standings": [
            (level, number, f"?{urlencode({**said, 'standing': level.value})}")
            for level, number in found.standings.items()
        ],
        "everywhere": f"?{urlencode({'q': words} if words else {})}",
        "page": page,
        "previous_url": f"?{urlencode({**said, 'page': page - 1})}" if page > 1 else "",
        "next_url": f"?{urlencode({**said, 'page': page + 1})}" if page * SIZE < len(rows) else "",
        "days": found.days.number,
    }
    return render(request, "support/merchants.html", context)


@require_safe
@agents_only
@for_reports
def merchant(request: AgentRequest, public_id: str) -> HttpResponse:
    """One merchant: how it stands and why, and what followed."""
    store = _find(public_id)
    days = next((one for one in overview.CHOICES if str(one) == request.GET.get("days")), 30)
    policy, now = promises.current(), request.actor.at
    found = figures.figures(store.pk, Period(days), now, timezone.get_current_timezone())
    steps = [
        Step(day_words(timezone.localtime(numbers.window.start).date()), rates)
        for numbers, rates in zip(found.slices, found.judged, strict=True)
    ]
    judged = found.judged[-1]
    context: dict[str, Any] = {
        "merchant": store,
        "standing": getattr(store, "standing", None),
        "judged": judged,
        "judged_days": policy.figures_days,
        "level": judged.level(policy),
        "late_level": levels.of_late(judged.late, policy),
        "csat_level": levels.of_csat(judged.csat, policy),
        "late_chart": rate_charts.late(steps, policy),
        "csat_chart": rate_charts.csat(steps, policy),
        "numbers": found.whole,
        "per_orders": percent.for_a_hundred(found.whole.per_orders.percent),
        "times": _times(found.whole),
        "periods": [(period_words(one), one, one == days) for one in overview.CHOICES],
        "period": period_words(days),
        "notices": _of(store, Notice.objects.visible_to(request.actor)),
        "contests": _of(store, Contest.objects.visible_to(request.actor)),
        "sanctions": _of(store, Sanction.objects.visible_to(request.actor)),
    }
    return render(request, "support/merchant.html", context)


@require_safe
@agents_only
@for_reports
def ledger(request: AgentRequest, public_id: str) -> HttpResponse:
    """What counts in a merchant's figures and what does not, and why."""
    store, policy, now = _find(public_id), promises.current(), request.actor.at
    kind = Kind.RATINGS if request.GET.get("of") == Kind.RATINGS else Kind.ANSWERS
    verdicts = frozenset(one for one in kind.verdicts if one in request.GET.getlist("verdict"))
    asked = Asked(kind, Window.before(now, policy.figures_days), verdicts=verdicts)
    found, after = Ledger(store.pk, asked, request.actor, policy), request.GET.get("after", "")
    page = found.page(after)
    context = {
        "merchant": store,
        "kind": kind,
        "kinds": [(one, _query(of=one), one is kind) for one in Kind],
        "verdicts": [
            (one, found.numbers.get(one, 0), _query(of=kind, verdict=one), one in verdicts)
            for one in kind.verdicts
            if one is not Verdict.OUTSIDE
        ],
        "all_url": _query(of=kind) if verdicts else "",
        "rate": found.rate,
        "days": policy.figures_days,
        "lines": page.lines,
        "first_url": _query(of=kind, verdict=sorted(verdicts)) if after else "",
        "next_url": _query(of=kind, verdict=sorted(verdicts), after=page.after) if page.after else "",
    }
    return render(request, "support/merchant_ledger.html", context)


def _find(public_id: str) -> Merchant:
    """A real merchant with its standing; a sandbox is as if absent."""
    found: Merchant = get_object_or_404(Merchant.objects.real().select_related("standing"), public_id=public_id)
    return found


def _fits(row: MerchantRow, words: str, standing: str) -> bool:
    """Whether a merchant is looked for; a standing that makes no sense narrows nothing."""
    named = words.casefold() in row.name.casefold() or words == row.public_id
    return named and (standing not in Level.values or row.level == standing)


def _number(said: str, last: int) -> int:
    """A page's number; what makes no sense is the first."""
    return max(1, min(int(said), last)) if said.isdecimal() and len(said) < 6 else 1


def _times(numbers: Numbers) -> list[tuple[str, str]]:
    """How long answers took."""
    taken = (
        (_("Time to answer, on average"), numbers.answers.average),
        (_("Time to answer, median"), numbers.answers.median),
        (_("Time to the first answer, median"), numbers.first_answers.median),
    )
    return [(words, percent.UNKNOWN if length is None else took(length)) for words, length in taken]


def _query(**said: Any) -> str:
    return f"?{urlencode(said, doseq=True)}"


def _of(store: Merchant, rows: Any) -> list[Any]:
    return list(rows.filter(merchant=store)[:LATEST])
