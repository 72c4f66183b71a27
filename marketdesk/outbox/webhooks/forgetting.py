"""A customer is erased: what was told of their tickets and orders is written anew, now that nothing in it is theirs."""

from django.db.models import QuerySet

from marketdesk.orders.models import OrderItem
from marketdesk.outbox.models import Attempt, Delivery, Subscription
from marketdesk.outbox.webhooks import payloads, topics
from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket


def forget(customer: User) -> None:
    """Keep nothing of their words, nor of what came back, in any message."""
    tickets = list(Ticket.objects.filter(customer=customer).values_list("pk", flat=True))
    items = OrderItem.objects.filter(order__customer=customer).values_list("pk", flat=True)
    about = [*map(topics.of_ticket, tickets), *map(topics.of_item, items)]
    told = Delivery.objects.filter(ticket_id__in=tickets, resource="")
    told_apps = Delivery.objects.filter(resource__in=about)
    Attempt.objects.filter(delivery__in=told | told_apps).update(answer="", error="")
    for delivery in told.select_related("event"):
        delivery.note(body=payloads.compose(delivery.event).body, error="")
    _say_again(told_apps)


def _say_again(deliveries: QuerySet[Delivery]) -> None:
    """What tells a merchant's app nothing any more is gone."""
    found = Subscription.objects.select_related("app", "merchant").in_bulk({one.endpoint_id for one in deliveries})
    for delivery in deliveries.select_related("event"):
        body = topics.say(delivery.event, found[delivery.endpoint_id])
        if body is None:
            delivery.delete()
        else:
            delivery.note(body=body, error="")
