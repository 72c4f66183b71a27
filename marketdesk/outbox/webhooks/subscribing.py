"""What merchants' apps do with subscriptions, and what ends them. Each is written in the journal."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Event
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint, Subscription, Topic
from marketdesk.outbox.webhooks.endpoints import BadEndpoint, last_event
from marketdesk.people.actor import Actor, clock
from marketdesk.programs.models import App

MOST = 20  # of one app for one store
REVOKED = "revoked"


@transaction.atomic
def subscribe(app: App, merchant: Merchant, topic: Topic, url: str, *, by: Actor) -> Subscription:
    """Tell an address of a topic from now on; the address was checked. Raises BadEndpoint."""
    App.objects.select_for_update().get(pk=app.pk)  # two at once are counted
    theirs = Subscription.objects.filter(app=app, merchant=merchant)
    if theirs.filter(topic=topic, url=url).exists():
        raise BadEndpoint(_("This endpoint is subscribed to this topic already."))
    if theirs.count() >= MOST:
        raise BadEndpoint(_("An app can have %(most)s subscriptions for a store. Delete one first.") % {"most": MOST})
    made = Subscription.objects.create(
        app=app, merchant=merchant, topic=topic, url=url, made_at=by.at, after_event=last_event()
    )
    _record("subscription_added", made, by)
    return made


@transaction.atomic
def change(subscription: Subscription, *, url: str = "", activate: bool = False, by: Actor) -> None:
    """Give an inactive one another address, or tell it again: at once what still waits, and what happens from now on.
    Raises BadEndpoint."""
    _lock(subscription)
    if url and subscription.is_active and url != subscription.url:
        raise BadEndpoint(_("An active subscription keeps its endpoint. Make another one and delete this one."))
    subscription.url = url or subscription.url
    if activate and not subscription.is_active:
        subscription.disabled_at, subscription.disabled_because = None, ""
        subscription.failing_since, subscription.given_up, subscription.after_event = None, 0, last_event()
        waiting = Delivery.objects.filter(endpoint=subscription.pk, status=DeliveryStatus.WAITING)
        waiting.update(next_at=by.at, attempts=0)
    subscription.save()
    _record("subscription_changed", subscription, by)


@transaction.atomic
def end(subscription: Subscription, *, by: Actor) -> None:
    """Forget it, with all that it was told."""
    _lock(subscription)
    _record("subscription_ended", subscription, by)
    subscription.delete()


@transaction.atomic
def stop(subscription: Subscription, because: str, now: datetime) -> None:
    """Tell it nothing more until its app makes it active again. What waits for it waits on."""
    active = Endpoint.objects.filter(pk=subscription.pk, disabled_at__isnull=True)
    if active.update(disabled_at=now, disabled_because=because):
        _record("subscription_stopped", subscription, clock(now), because=because)


@transaction.atomic
def take_away(subscription: Subscription, now: datetime) -> None:
    """Its app may not be told any more: also not what waits."""
    stop(subscription, REVOKED, now)
    Delivery.objects.filter(endpoint=subscription.pk, status=DeliveryStatus.WAITING).delete()


def _lock(subscription: Subscription) -> None:
    """Read it again, and let nobody else change it meanwhile."""
    Endpoint.objects.select_for_update().filter(pk=subscription.pk).first()
    subscription.refresh_from_db()


def _record(verb: str, subscription: Subscription, by: Actor, **data: str) -> None:
    """Who did what with it, for the merchant's team."""
    Event.objects.create(
        verb=verb,
        subject_kind="subscription",
        subject_id=subscription.pk,
        merchant_id=subscription.merchant_id,
        audience=Audience.STAFF,
        actor=by.as_json(),
        data={"topic": subscription.topic, "url": subscription.url, **data},
        at=by.at,
    )
