"""What letters say of a merchant's performance: notices, contests, incidents and sanctions."""

from fractions import Fraction
from typing import Any

from django.conf import settings
from django.urls import reverse

from marketdesk.journal.models import Event
from marketdesk.lib import percent
from marketdesk.outbox.wording import NAMED, marked, moment, ticket_link
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import contesting, noticing, sanctioning, statement
from marketdesk.performance.models import Incident, Notice, Outcome
from marketdesk.policy import promises


def about_notice(event: Event, reader: Actor) -> dict[str, Any]:
    """What a letter says of a warning or a penalty notice: what was counted, and what was behind it."""
    notice = Notice.objects.visible_to(reader).select_related("merchant").get(pk=event.subject_id)
    waits = noticing.waits(notice, reader)
    late, answers = notice.figures.get("late", 0), notice.figures.get("answers", 0)
    return {
        "merchant": notice.merchant.name,
        "platform": promises.current().platform_name,
        "is_warning": notice.is_warning,
        "given": moment(notice.given_at),
        "because": notice.why_withdrawn,
        "number": late or notice.figures.get("warnings", 0),
        "late": late,
        "answers": answers,
        "days": notice.rule.get("figures_days") or notice.rule.get("penalty_days"),
        "rate": percent.show(Fraction(100 * late, answers) if answers else None),
        "normal": percent.show(Fraction(notice.rule.get("late_normal", 0))),
        "tickets": [
            {"subject": wait.ticket.subject, "due": moment(wait.due_at), "url": ticket_link(wait.ticket, reader)}
            for wait in waits[:NAMED]
        ],
        "more": max(0, len(waits) - NAMED),
        "warnings": [{"at": moment(one.given_at), "url": _notice_link(one)} for one in noticing.warnings(notice)],
        "contest_days": promises.current().contest_days,
        "url": _notice_link(notice),
    }


def about_contest(event: Event, reader: Actor) -> dict[str, Any]:
    """What a letter says of a contest: what the merchant said, or what was decided and why."""
    contest = contesting.seen_by(reader).get(pk=event.subject_id)
    ticket = contesting.facts(contesting.about(contest), event.at).ticket
    is_support = reader.party == Party.SUPPORT
    page = "support:contest" if is_support else "dashboard:contested"
    return {
        "merchant": contest.merchant.name,
        "platform": promises.current().platform_name,
        "kind": contest.kind,
        "subject": ticket.subject if ticket else "",
        "said": marked(contest.reason if is_support else contest.decision),
        "is_granted": contest.outcome == Outcome.GRANTED,
        "url": settings.BASE_URL + reverse(page, args=[contest.public_id]),
    }


def about_incident(event: Event) -> dict[str, Any]:
    """What a letter says of an incident of one merchant."""
    incident = Incident.objects.get(pk=event.subject_id)
    return {
        "words": incident.words,
        "begins": moment(incident.starts_at),
        "ends": moment(incident.ends_at),
        "platform": promises.current().platform_name,
        "url": settings.BASE_URL + reverse("dashboard:contests"),
    }


def about_sanction(event: Event, reader: Actor) -> dict[str, Any]:
    """What a letter says of a sanction: how it stood after the event, and its reasons."""
    sanction = sanctioning.seen_by(reader).get(pk=event.subject_id)
    door = "support:sanction" if reader.party == Party.SUPPORT else "dashboard:sanction"
    return {
        "sanction": sanction,
        "kind": sanction.get_kind_display(),
        "how": event.data.get("how", ""),
        "effect": statement.effect(sanction.kind),
        "reasons": [sanction.reasons.get("words", ""), *statement.grounds(sanction).sentences()],
        "decision": sanction.decision,
        "lifted_because": sanction.statement.get("lifted_because", ""),
        "is_automatic": sanction.statement.get("is_automatic", False),
        "merchant": sanction.merchant.name,
        "platform": promises.current().platform_name,
        "until": moment(sanction.hear_until),
        "ends": moment(sanction.ends_at),
        "url": settings.BASE_URL + reverse(door, args=[sanction.public_id]),
    }


def _notice_link(notice: Notice) -> str:
    return settings.BASE_URL + reverse("dashboard:notice", args=[notice.public_id])
