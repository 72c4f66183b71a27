"""What happens in a sandbox by itself: one table of what follows from what, and after how many seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketdesk.journal.models import Audience, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party
from marketdesk.programs import sandbox, stories
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb

# A refund of a product with this SKU fails.
FAILS = "SANDBOX-REFUND-FAILS"
JOB = "sandbox"


@dataclass(frozen=True)
class Echo:
    """What follows from an event that fits. `then` may run twice, or too late: it looks first how things stand."""

    when: Promise
    follows: Promise
    seconds: int
    fits: Callable[[Event], bool]
    then: Callable[[Event], None]


def _is_answer(event: Event) -> bool:
    return event.verb in (Verb.REPLY, Verb.REOPEN) and event.actor.get("party") == Party.MERCHANT


def _came_to_support(event: Event) -> bool:
    return bool(event.data.get("to") == State.WITH_SUPPORT != event.data.get("from"))


def _left_the_merchant(event: Event) -> bool:
    return bool(event.data.get("from") == State.WITH_MERCHANT != event.data.get("to"))


def _asks_for_money(event: Event) -> bool:
    return event.verb == "refund_requested"


@transaction.atomic
def _answer(event: Event) -> None:
    """The customer asks on after the first answer, and is content with the second."""
    ticket = _locked(event)
    if ticket is None or ticket.state != State.WITH_CUSTOMER:
        return
    by = _play(Party.CUSTOMER, ticket)
    words = stories.stock().answers.get(ticket.language) or stories.stock().answers["en"]
    answers = ticket.messages.filter(author=Party.MERCHANT, audience=Audience.EVERYONE).count()
    if answers == 1:
        ticket.reply(words["first"], by=by, language=ticket.language)
        return
    ticket.reply(words["then"], by=by, language=ticket.language)
    ticket.close(by=by, how="solved")


@transaction.atomic
def _hand_back(event: Event) -> None:
    ticket = _locked(event)
    if ticket and ticket.state == State.WITH_SUPPORT:
        ticket.hand_back(by=_play(Party.SUPPORT, ticket))


def _settle(event: Event) -> None:
    asked = Refund.objects.filter(public_id=event.data["refund"], merchant_id=event.merchant_id or 0)
    refund = asked.filter(status=RefundStatus.PENDING).select_related("item", "ticket").first()
    if refund is not None:
        fails = refund.item.sku == FAILS
        note = "This product's refunds fail, so that programs meet one that does." if fails else ""
        refunding.settle(refund, succeeded=not fails, by=clock(), note=note)


def _ask_again(event: Event) -> None:
    store = Merchant.objects.sandboxes().filter(pk=event.merchant_id or 0).first()
    if store is not None:
        sandbox.ask_again(store)


ECHOES: dict[str, Echo] = {
    "answer": Echo(
        _("You answer a customer, or re-open a ticket."),
        _("The customer asks something else, and the ticket waits for you again. After your second answer they say "
          "thank you and close it."),
        45,
        _is_answer,
        _answer,
    ),
    "hand_back": Echo(
        _("A ticket goes to support: you appeal, a refund fails, or your time runs out."),
        _("Sandbox support hands the ticket back to you."),
        60,
        _came_to_support,
        _hand_back,
    ),
    "settle": Echo(
        _("You refund an item."),
        _("The money is paid back. That of the product SANDBOX-REFUND-FAILS fails, and its ticket goes to support."),
        10,
        _asks_for_money,
        _settle,
    ),
    "ask_again": Echo(
        _("No ticket waits for you any more."),
        _("Customers ask new questions."),
        60,
        _left_the_merchant,
        _ask_again,
    ),
}  # fmt: skip


def follow(event: Event) -> None:
    """Write the jobs of what follows from an event, if it happened in a sandbox; twice writes them once."""
    echoes = [name for name, echo in ECHOES.items() if echo.fits(event)]
    if not echoes or not Merchant.objects.is_sandbox(event.merchant_id):
        return
    for name in echoes:
        Job.put(
            JOB,
            {"event": event.pk, "echo": name},
            key=f"{JOB}:{event.pk}:{name}",
            run_at=event.at + timedelta(seconds=ECHOES[name].seconds),
            merchant_id=event.merchant_id,
        )


def act(payload: dict[str, Any]) -> None:
    """What follows from an event, unless the sandbox was refilled meanwhile."""
    event = Event.objects.filter(pk=payload["event"]).first()
    if event is not None:
        ECHOES[payload["echo"]].then(event)


def _locked(event: Event) -> Ticket | None:
    return Ticket.objects.select_for_update().filter(pk=event.ticket_id or 0, is_sandbox=True).first()


def _play(party: Party, ticket: Ticket) -> Actor:
    return stories.actor(party, ticket.merchant, ticket.customer, timezone.now())
