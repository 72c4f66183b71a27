"""Who will answer a question and by when, in a customer's words, before it is sent (D10, D12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.lib import countries
from marketdesk.lib.languages import isolated
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.tickets import clock
from marketdesk.tickets.models import Issue, Ticket
from marketdesk.tickets.routing import Route
from marketdesk.tickets.rules import Category, Desk
from marketdesk.ui.templatetags.marketdesk import day, moment

GATES = {"before_gate", "after_gate"}


@dataclass(frozen=True)
class Answering:
    """One answer to "who reads this, and when do I hear?". `why` stands where it is not the store that answers,
    `otherwise` where somebody takes over when the answer is late, `window` where the refund window matters."""

    who: str
    hours: int
    due_at: datetime
    readers: str
    why: str = ""
    otherwise: str = ""
    window: str = ""
    about_refunds: bool = False

    @property
    def line(self) -> str:
        """The promise of one choice."""
        words = ngettext(
            "%(who)s answers within %(hours)s hour.", "%(who)s answers within %(hours)s hours.", self.hours
        )
        return words % {"who": self.who, "hours": self.hours}

    @property
    def promise(self) -> str:
        """The promise before sending, with its moment."""
        return _("%(who)s answers by %(moment)s.") % {"who": self.who, "moment": by_when(self.due_at)}


def answering(
    issue: Issue, *, customer: User, merchant: Merchant, order: Order | None = None, now: datetime
) -> Answering:
    """Who would answer this question if it were sent now."""
    policy = promises.current()
    names = {"platform": isolated(policy.platform_name), "merchant": isolated(merchant.name)}
    route = Ticket.route(customer=customer, merchant=merchant, issue=issue, order=order, now=now)
    is_purchase = issue.category == Category.POST_PURCHASE
    extra: dict[str, Any] = {"about_refunds": is_purchase or route.rule in GATES}
    if is_purchase and order:
        extra["window"] = _window(order.refund_ends_at(policy.refund_window_days), now)
    if route.desk == Desk.PLATFORM:
        return Answering(
            who=_("%(platform)s Support") % names,
            hours=policy.platform_reply_hours,
            due_at=clock.due_at(now, policy.platform_reply_hours),
            readers=_("%(platform)s Support will read this.") % names,
            why=_why(route, {**names, **route.data}),
            **extra,
        )
    if is_purchase and policy.takeover == "automatic":
        extra["otherwise"] = _("If they do not, %(platform)s Support takes over.") % names
    return Answering(
        who=merchant.name,
        hours=policy.reply_hours,
        due_at=clock.due_at(now, policy.reply_hours),
        readers=_("%(merchant)s and %(platform)s Support will read this.") % names,
        **extra,
    )


def _why(route: Route, names: dict[str, Any]) -> str:
    """Why the platform answers and not the store."""
    rule = route.rule
    if "when" in route.data:  # a rule that the operator made or changed; its words are not for customers
        return _("%(platform)s Support answers this question in place of the store.") % names
    if rule == "other_country":
        if not names["country"]:
            return ""
        names = {**names, "country": countries.name(names["country"])}
        return _("For customers in %(country)s, %(platform)s Support answers in place of the store.") % names
    if rule == "platform_refunds":
        return _("%(platform)s Support looks after returns, refunds and broken or missing items of this order.") % names
    if rule == "before_gate":
        opens = parse_datetime(names["opens_at"]) if names["opens_at"] else None
        if opens:
            names = {**names, "day": day(opens)}
            return _("Until %(day)s, %(platform)s Support answers questions about this order.") % names
        return (
            _("%(platform)s Support answers questions about an order until %(days)s days after its refund window.")
            % names
        )
    return (
        _("The refund window closed more than %(days)s days ago, so %(platform)s Support answers questions about it.")
        % names
    )


def _window(ends: datetime | None, now: datetime) -> str:
    if ends is None:
        return ""
    if now < ends:
        return _("This order can be refunded until %(day)s.") % {"day": day(ends)}
    return _("The refund window of this order closed on %(day)s. You can still ask.") % {"day": day(ends)}


def by_when(at: datetime) -> str:
    """A moment to come, in words: `tomorrow 10:00`, else with its date. It ends a sentence, so no stop of its own."""
    local = timezone.localtime(at)
    is_near = (local.date() - timezone.localdate()).days in {0, 1}
    return (moment(at) if is_near else date_format(local, "DATETIME_FORMAT")).rstrip(".")
