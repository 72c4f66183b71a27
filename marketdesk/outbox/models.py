"""Webhooks: the programs of the marketplace and of its merchants that are told of events, and what each was told."""

import base64
import contextlib
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketdesk.journal.models import Event
from marketdesk.lib import sealing
from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken, App, Scope

ROTATION = timedelta(hours=24)
DISABLED = ("gone", "dead")  # by itself: it said so, or nobody was there for days


class EndpointState(models.TextChoices):
    """How an endpoint stands."""

    ON = "on", _("On")
    FAILING = "failing", _("Failing")
    OFF = "off", _("Off")
    GONE = "gone", _("Disabled: gone")
    DEAD = "dead", _("Disabled: unreachable")


class Endpoint(models.Model):
    """An address of the operator's that is told of the kinds of events that it chose (none chosen: of all).

    Whoever delivers leases the endpoint, so that at most one message is on its way to it at a time; only the holder
    of the current lease number writes down what came of it (fencing).
    """

    public_id = PublicIdField()
    url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    edition = models.PositiveIntegerField(default=1)  # another one after each change that somebody made
    sealed_secret = models.CharField(max_length=300)
    sealed_old_secret = models.CharField(max_length=300, blank=True)
    old_secret_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    after_event = models.BigIntegerField(default=0)  # it is told of later ones
    chosen_after = models.JSONField(default=dict)  # the same for a kind that was chosen later
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True)
    given_up = models.PositiveIntegerField(default=0)  # messages for which every try failed, since the last success
    resting_until = models.DateTimeField(null=True)  # it asked for it with Retry-After
    served_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)  # the last time
    lease_until = models.DateTimeField(null=True)
    lease_no = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.public_id} {self.url}"

    @classmethod
    def of_operator(cls) -> models.QuerySet["Endpoint"]:
        """Those that the operator looks after, without the subscriptions of merchants' apps."""
        return Endpoint.objects.filter(subscription__isnull=True)

    @property
    def state(self) -> EndpointState:
        if self.disabled_at:
            return EndpointState(self.disabled_because) if self.disabled_because in DISABLED else EndpointState.OFF
        return EndpointState.FAILING if self.failing_since else EndpointState.ON

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def is_told(self, event: Event, kind: str) -> bool:
        """Whether it wants an event of this kind, and did when it happened."""
        return self.wants(kind) and event.pk > max(self.after_event, self.chosen_after.get(kind, 0))

    def set_secret(self) -> str:
        """A new secret; it is answered once, to be shown."""
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.sealed_secret = sealing.seal(secret)
        return secret

    def signing_secrets(self, now: datetime) -> list[str]:
        """What to sign with: for a day after a rotation with the old secret too, unless it was rotated because the
        installation can read it no more. Raises Unreadable."""
        readable = [sealing.unseal(self.sealed_secret)]
        if self.sealed_old_secret and self.old_secret_until and now < self.old_secret_until:
            with contextlib.suppress(sealing.Unreadable):
                readable.append(sealing.unseal(self.sealed_old_secret))
        return readable

    def rotate(self, now: datetime) -> str:
        """A new secret, beside which the old one is good for another day."""
        self.sealed_old_secret, self.old_secret_until = self.sealed_secret, now + ROTATION
        return self.set_secret()


class Topic(models.TextChoices):
    """What a subscription can be about; the values are API v3's words."""

    TICKET_AWAITING_MERCHANT = "TICKET_AWAITING_MERCHANT", _("A ticket waits for your answer")
    ORDER_REFUND = "ORDER_REFUND", _("An order is refunded")
    PENALTY_ISSUE = "POLICY_PENALTY_ISSUE", _("A warning or penalty is given to you, or proposed")
    PENALTY_REVERSE = "POLICY_PENALTY_REVERSE", _("A warning or penalty is withdrawn")
    PENALTY_CANCEL = "POLICY_PENALTY_CANCEL", _("A penalty is over, or was declined")

    @property
    def scope(self) -> Scope:
        """What an app must be allowed to read, to be told of it."""
        scopes = {Topic.TICKET_AWAITING_MERCHANT: Scope.READ_TICKETS, Topic.ORDER_REFUND: Scope.READ_ORDERS}
        return scopes.get(self, Scope.READ_PENALTIES)


class Subscription(Endpoint):
    """An address of a merchant's app that is told of one topic, as far as it concerns that merchant. Its messages are
    signed with the app's secret."""

    app = models.ForeignKey(App, models.CASCADE, related_name="subscriptions")
    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=40, choices=Topic)

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def is_allowed(self) -> bool:
        """Whether the store still lets the app see this: by the token that it was given last and that nobody took back,
        though it may have run out."""
        given = AccessToken.objects.filter(application=self.app, merchant=self.merchant_id, revoked_at__isnull=True)
        last = given.order_by("-pk").first()
        needed = (Scope.WRITE_WEBHOOKS, Topic(self.topic).scope)
        return (
            last is not None
            and self.app.removed_at is None
            and all(last.allows(scope) and scope in self.app.scopes for scope in needed)
        )

    def actor(self) -> Actor:
        """As whom its app reads."""
        return Actor(Party.MERCHANT, merchant_id=self.merchant_id, name=self.merchant.name, app=f"app-{self.app_id}")


class DeliveryStatus(models.TextChoices):
    """Where a message to one endpoint stands."""

    WAITING = "waiting", pgettext_lazy("a message", "Waiting")
    DELIVERED = "delivered", _("Delivered")
    GIVEN_UP = "given_up", _("Given up")


class Delivery(models.Model):
    """One event on its way to one endpoint, with the body as it was when the event was told. The same message keeps
    its id however often it is sent. Messages of a subscription about one `resource` go out strictly one by one."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=40)
    merchant_id = models.BigIntegerField(null=True)
    ticket_id = models.BigIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    resource = models.CharField(max_length=40, blank=True)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    next_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)  # the last try, when it failed
    answer_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "endpoint"], name="event_told_once_to_endpoint")]
        indexes = [
            models.Index(fields=["endpoint", "made_at", "id"], name="delivery_by_endpoint"),
            models.Index(fields=["ticket_id", "endpoint", "event"], name="delivery_by_ticket"),
            models.Index(
                fields=["endpoint", "failed_at", "id"], name="delivery_failed", condition=Q(failed_at__isnull=False)
            ),
            models.Index(fields=["endpoint", "next_at", "id"], name="delivery_due", condition=Q(status="waiting")),
            models.Index(
                fields=["endpoint", "ticket_id", "sequence"],
                name="delivery_untried",
                condition=Q(status="waiting", attempts=0),
            ),
            models.Index(
                fields=["resource", "endpoint", "event"], name="delivery_by_resource", condition=~Q(resource="")
            ),
            models.Index(fields=["made_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.kind}"

    @classmethod
    def about(cls, refunds: Iterable[int]) -> models.QuerySet["Delivery"]:
        """What asked the marketplace for these refunds, and what it was told of them later; the oldest first. What
        merchants' apps were told is no part of it."""
        verbs = ("refund_requested", "refund_unanswered")
        events = Event.objects.filter(subject_kind="refund", subject_id__in=refunds, verb__in=verbs)
        return cls.objects.filter(event__in=events, resource="").select_related("event").order_by("pk")

    @classmethod
    def of_refunds(cls, refunds: Collection[int]) -> dict[int, "Delivery"]:
        """The last that was told of each of these refunds: what came through rather than what did not."""
        told = sorted(cls.about(refunds), key=lambda one: (one.event_id, one.status == DeliveryStatus.DELIVERED))
        return {one.event.subject_id: one for one in told}

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet["Delivery"]:
        """What is to be sent now, the longest due first."""
        return cls.objects.filter(status=DeliveryStatus.WAITING, next_at__lte=now).order_by("next_at", "id")

    @classmethod
    def first_due(cls, endpoint: Endpoint, now: datetime) -> "Delivery | None":
        """What goes to an endpoint next. A message of a ticket never overtakes an earlier one that was not tried yet,
        whatever the clocks of the workers said when they wrote them."""
        due = cls.due(now).filter(endpoint=endpoint).first()
        if due is None or due.attempts or due.sequence is None:
            return due
        untried = cls.objects.filter(
            endpoint=endpoint, ticket_id=due.ticket_id, status=DeliveryStatus.WAITING, attempts=0
        )
        return untried.order_by("sequence").first() or due

    def hold_back_later_ones(self) -> None:
        """What came later about its resource waits with it, and after it."""
        if self.resource:
            later = Delivery.objects.filter(resource=self.resource, endpoint=self.endpoint_id, event__gt=self.event_id)
            later.filter(status=DeliveryStatus.WAITING, next_at__lt=self.next_at).update(next_at=self.next_at)

    def note(self, **fields: Any) -> None:
        """Write down what came of it."""
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=list(fields))


class Attempt(models.Model):
    """One try of a delivery: the headers that went out, and what came back."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took = models.PositiveIntegerField()  # milliseconds
    headers = models.JSONField(default=dict)  # empty where nothing could be signed
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)  # its beginning, at most 1 KB
    error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.answer_status or self.error}"

    @property
    def succeeded(self) -> bool:
        return self.answer_status is not None and 200 <= self.answer_status < 300
