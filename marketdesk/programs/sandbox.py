"""Sandbox stores: a store's programs are tried on tickets that look and behave like real ones, of customers who do
not exist.

Whatever a program does there reaches nobody: no mail is sent, the marketplace is not asked to pay, the platform's team
sees nothing of it, and no figure counts it. The clock runs as everywhere, and `answering` plays the other side.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override, pgettext

from marketdesk.journal.models import Deed, Event, Job
from marketdesk.merchants import wall
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs import stories
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket


def store_of(merchant: Merchant, *, at: datetime | None = None) -> Merchant:
    """The sandbox store of a store; with its tickets it is made once, when it is first asked for."""
    if merchant.is_sandbox:
        return merchant
    return Merchant.objects.filter(sandbox_of=merchant).first() or _make(merchant, at or timezone.now())


@transaction.atomic
def _make(merchant: Merchant, now: datetime) -> Merchant:
    # Locked, so that two who ask at once get the same one.
    merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
    made = Merchant.objects.filter(sandbox_of=merchant).first()
    if made is None:
        made = Merchant(sandbox_of=merchant, external_id=f"sandbox-{merchant.public_id}")
        _fill(made, now)
    return made


@transaction.atomic
def refill(merchant: Merchant, *, by: Actor) -> Merchant:
    """Fresh tickets instead of everything that is in the sandbox of a store. Their ids are new; those of the products
    stay. Webhooks tell nothing of it: what a fresh sandbox holds is its past."""
    if by.key:
        Deed.begin(by.who, by.key, f"refill:{merchant.pk}")
    store = Merchant.objects.select_for_update(no_key=True).get(pk=store_of(merchant).pk)
    _empty(store)
    _fill(store, by.at)
    return store


@transaction.atomic
def ask_again(store: Merchant) -> None:
    """New questions, unless some still wait for an answer."""
    store = Merchant.objects.select_for_update(no_key=True).get(pk=store.pk)
    if Ticket.objects.filter(merchant=store).waiting_for_merchant().exists():
        return
    now, products = timezone.now(), stories.shelf(store)
    for story in stories.stock().stories:
        if story.fresh:
            stories.tell(story, store, products, now)


def _fill(store: Merchant, now: datetime) -> None:
    real = store.sandbox_of
    assert real is not None
    with override(real.language):
        mark = pgettext("a store", "Sandbox")
    store.name = f"{real.name[: 147 - len(mark)]} ({mark})"
    store.country, store.selected, store.tags = real.country, real.selected, real.tags
    store.save()
    wall.also(store.pk)
    products = stories.shelf(store)
    for story in sorted(stories.stock().stories, key=lambda story: story.opened_at(now)):
        stories.tell(story, store, products, story.opened_at(now))
    _forget_jobs(store)


def _empty(store: Merchant) -> None:
    """Take everything away but the products. Each ticket is locked first, so that nobody is just writing on it."""
    tickets = Ticket.objects.filter(merchant=store)
    numbers = [ticket.pk for ticket in tickets.select_for_update().order_by("pk")]
    people = set(tickets.values_list("customer_id", flat=True))
    refunds = Refund.objects.filter(merchant_id=store.pk)
    Event.objects.filter(ticket_id__in=numbers).delete()
    Event.objects.filter(subject_kind="refund", subject_id__in=list(refunds.values_list("pk", flat=True))).delete()
    refunds.delete()
    tickets.delete()
    Order.objects.filter(merchant=store).delete()
    User.objects.filter(pk__in=people, party=Party.CUSTOMER, is_active=False, external_id__isnull=True).delete()


def _forget_jobs(store: Merchant) -> None:
    """What was just made up is told to nobody, and nothing follows from it or from what it replaced."""
    Job.objects.filter(merchant_id=store.pk, done_at__isnull=True, dead_at__isnull=True).delete()
