"""An app's subscriptions: it is told of what happens in the store, and need not ask."""

import hashlib
import re
import threading
from typing import Annotated, Literal

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from marketdesk.api import envelope
from marketdesk.api.v3 import errors
from marketdesk.api.v3.choosing import chosen, pick
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.once import once
from marketdesk.api.v3.parameters import Fields
from marketdesk.api.v3.schemas import ID, Wire
from marketdesk.lib import ids
from marketdesk.outbox.models import Subscription, Topic
from marketdesk.outbox.webhooks import endpoints, subscribing
from marketdesk.outbox.webhooks.endpoints import BadEndpoint, NotPublic
from marketdesk.people.actor import Actor
from marketdesk.programs.models import App, Scope

router = Router(tags=["Webhooks"])
READ, WRITE = Bearer(Scope.READ_WEBHOOKS), Bearer(Scope.WRITE_WEBHOOKS)

# The ids of topics are the same everywhere and for ever.
TOPIC_IDS = {topic: hashlib.sha256(topic.encode()).hexdigest()[: ids.LENGTH] for topic in Topic}
TOPICS = {topic_id: topic for topic, topic_id in TOPIC_IDS.items()}

# A merchant's own name server may never answer: only so many calls of a process wait for one, and only so long.
LONGEST_WAIT, MOST_WAITING = 2.0, 2
_waiting = threading.BoundedSemaphore(MOST_WAITING)

A_TOPIC = TOPIC_IDS[Topic.TICKET_AWAITING_MERCHANT]
AN_ENDPOINT = "https://erp.example/hooks"
A_SUBSCRIPTION = "60c0a1b2c3d4e5f600000701"
SubscriptionId = Annotated[
    str, Field(examples=[A_SUBSCRIPTION], json_schema_extra={**ID, "description": "The subscription's id."})
]


class Wished(Schema):
    """What is to be told where."""

    topic_id: str = Field(description="A topic's id, or its name.", examples=[A_TOPIC])
    endpoint: str = Field(description="Where the messages go: https:// and public.", examples=[AN_ENDPOINT])


class Changed(Schema):
    """What is to be different."""

    status: Literal["ACTIVE", ""] = Field("", description="`ACTIVE` to be told again.", examples=["ACTIVE"])
    endpoint: str = Field("", description="Another address, of an inactive one.", examples=[AN_ENDPOINT])


class TopicOut(Schema):
    """What a subscription can be about."""

    id: str = Field(description="Its id, which never changes.", examples=[A_TOPIC], json_schema_extra=ID)
    topic_name: Literal[tuple(Topic.values)] = Field(  # type: ignore[valid-type]  # the table's words
        description="Its name, as the header `Wish-Topic` says it.", examples=["TICKET_AWAITING_MERCHANT"]
    )
    api_version: Literal["V3"] = Field(description="Whose words the messages use.", examples=["V3"])


class SubscriptionOut(Schema):
    """A subscription: an address, and what it is told of."""

    id: str = Field(description="Its id.", examples=[A_SUBSCRIPTION], json_schema_extra=ID)
    topic_id: str = Field(description="The topic.", examples=[A_TOPIC], json_schema_extra=ID)
    endpoint: str = Field(description="Where the messages go.", examples=[AN_ENDPOINT])
    status: Literal["ACTIVE", "INACTIVE"] = Field(
        description="Whether anything is sent. `INACTIVE` after a message that failed 25 times, or once the app was "
        "not allowed to read it any more.",
        examples=["ACTIVE"],
    )


@router.get(
    "/webhook/topics",
    auth=READ,
    response=list[TopicOut],
    operation_id="list_webhook_topics",
    summary="List topics",
    description="`TICKET_AWAITING_MERCHANT`: a ticket comes to you, or its customer adds something while it waits for "
    "you; the message holds the ticket. `ORDER_REFUND`: an order is refunded, or that failed; the message holds the "
    "order. `POLICY_PENALTY_ISSUE`: a warning or penalty is given to you, or proposed; `POLICY_PENALTY_REVERSE`: it is "
    "withdrawn, because what it was given for does not count; `POLICY_PENALTY_CANCEL`: it is over, or was declined; "
    "the message holds the penalty.",
)
def topics(request: ProgramRequest, fields: Fields = "") -> HttpResponse:
    tree = chosen(fields, TopicOut)
    found = [{"id": one, "topic_name": topic.value, "api_version": "V3"} for topic, one in TOPIC_IDS.items()]
    return envelope.success(pick(found, tree))


@router.get(
    "/webhook/subscriptions",
    auth=READ,
    response=list[SubscriptionOut],
    operation_id="list_webhook_subscriptions",
    summary="List subscriptions",
    description="Those of this app for this store, the oldest first.",
)
def subscriptions(request: ProgramRequest, fields: Fields = "") -> HttpResponse:
    tree = chosen(fields, SubscriptionOut)
    theirs = Subscription.objects.filter(app=request.auth.application, merchant=request.auth.merchant)
    return envelope.success(pick([_told(one) for one in theirs.order_by("pk")], tree))


@router.post(
    "/webhook/subscriptions",
    auth=WRITE,
    response=SubscriptionOut,
    operation_id="create_webhook_subscription",
    summary="Subscribe to a topic",
    description="From now on. The token must also allow reading what the messages hold (`tickets:read`, "
    "`orders:read`, `penalties:read`). An app has at most 20 subscriptions for a store.",
)
def subscribe(request: ProgramRequest, wished: Query[Wished]) -> HttpResponse:
    app, topic = _app(request), _topic(request, wished.topic_id)
    _check(wished.endpoint)

    def act(by: Actor) -> HttpResponse:
        try:
            made = subscribing.subscribe(app, request.auth.merchant, topic, wished.endpoint, by=by)
        except BadEndpoint as bad:
            raise errors.bad_parameter(endpoint=str(bad)) from bad
        return envelope.success(_told(made))

    return once(request, act)


@router.get(
    "/webhook/subscriptions/{subscription}",
    auth=READ,
    response=SubscriptionOut,
    operation_id="get_webhook_subscription",
    summary="Get a subscription",
)
def show(request: ProgramRequest, subscription: SubscriptionId, fields: Fields = "") -> HttpResponse:
    tree = chosen(fields, SubscriptionOut)
    return envelope.success(pick(_told(_find(request, subscription)), tree))


@router.put(
    "/webhook/subscriptions/{subscription}",
    auth=WRITE,
    response=SubscriptionOut,
    operation_id="update_webhook_subscription",
    summary="Make a subscription active again",
    description="`status=ACTIVE` tells it again: at once what still waits, and what happens from now on. `endpoint` "
    "gives an inactive one another address; an active one keeps its own.",
)
def update(request: ProgramRequest, subscription: SubscriptionId, changed: Query[Changed]) -> HttpResponse:
    found = _find(request, subscription)
    if not changed.endpoint and not changed.status:
        raise errors.bad_parameter(status=_("must be ACTIVE, or name another endpoint"))
    _topic(request, found.topic)
    if changed.endpoint:
        _check(changed.endpoint)

    def act(by: Actor) -> HttpResponse:
        try:
            subscribing.change(found, url=changed.endpoint, activate=bool(changed.status), by=by)
        except BadEndpoint as bad:
            raise errors.bad_parameter(endpoint=str(bad)) from bad
        return envelope.success(_told(found))

    return once(request, act)


@router.delete(
    "/webhook/subscriptions/{subscription}",
    auth=WRITE,
    response={204: None},
    operation_id="delete_webhook_subscription",
    summary="Delete a subscription",
    description="Nothing is sent any more, also not what waits.",
)
def delete(request: ProgramRequest, subscription: SubscriptionId) -> HttpResponse:
    def act(by: Actor) -> HttpResponse:
        subscribing.end(_find(request, subscription), by=by)
        return HttpResponse(status=204)

    return once(request, act)


def _app(request: ProgramRequest) -> App:
    app: App | None = request.auth.application
    if app is None:
        raise errors.no_app()
    return app


def _topic(request: ProgramRequest, named: str) -> Topic:
    """The topic, if the token allows reading what it tells."""
    topic = TOPICS.get(named) or (Topic(named) if named in Topic.values else None)
    if topic is None:
        raise errors.bad_parameter(topic_id=_("must be an id that /webhook/topics answers"))
    if not request.auth.allows(topic.scope):
        raise errors.no_access(topic.scope)
    return topic


def _check(endpoint: str) -> None:
    """Before anything is written: a name server may let us wait. Merchants do not learn what it says of our network.
    Where too many wait already it is not asked: it is before every message."""
    may_wait = _waiting.acquire(blocking=False)
    try:
        endpoints.check_url(endpoint, settings.APP_WEBHOOK_ALLOW, seconds=LONGEST_WAIT if may_wait else None)
    except NotPublic as bad:
        raise errors.bad_parameter(endpoint=_("must be a public address with https://")) from bad
    except BadEndpoint as bad:
        raise errors.bad_parameter(endpoint=str(bad)) from bad
    finally:
        if may_wait:
            _waiting.release()


def _find(request: ProgramRequest, public_id: str) -> Subscription:
    """The app's own subscription for this store; any other is as if absent."""
    theirs = Subscription.objects.filter(app=request.auth.application, merchant=request.auth.merchant)
    found = theirs.filter(public_id=public_id).first() if re.fullmatch(ids.PATTERN, public_id) else None
    if found is None:
        raise errors.no_subscription()
    return found


def _told(subscription: Subscription) -> Wire:
    return {
        "id": subscription.public_id,
        "topic_id": TOPIC_IDS[Topic(subscription.topic)],
        "endpoint": subscription.url,
        "status": "ACTIVE" if subscription.is_active else "INACTIVE",
    }
