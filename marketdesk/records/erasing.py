"""A customer is forgotten: what tells who they were goes, what is counted stays."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from marketdesk.journal.models import Deed, Event, Job
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Beginning, Draft, Message, Ticket
from marketdesk.tickets.rules import OPEN
from marketdesk.translations.models import Translation, Wanted

# What stands where a name or a subject stood.
NOBODY = "–"
ADDRESS = ("recipient", "street1", "street2", "city", "region", "postcode", "phone")
# A parcel's number leads to its address, the words about a payment to a card.
TRACES = ("tracking_number", "tracking_url", "payment")


@transaction.atomic
def erase(customer: User, *, by: Actor) -> None:
    """Forget a customer; twice is once. Open questions are closed, since nobody is left to be answered. Raises
    NotAllowed while money is on its way to them."""
    customer.refresh_from_db(from_queryset=User.objects.select_for_update())
    if customer.erased_at:
        return
    # Locked, so that no refund begins between our look and our writing.
    tickets = list(Ticket.objects.select_for_update().filter(customer=customer).order_by("pk"))
    bought = OrderItem.objects.select_for_update(of=("self",)).filter(order__customer=customer)
    items = list(bought.order_by("pk"))
    if Refund.objects.filter(item__order__customer=customer, status=RefundStatus.PENDING).exists():
        raise NotAllowed("refund_pending", _("A refund of this customer is still on its way. Settle it first."))
    for ticket in tickets:
        if ticket.state in OPEN:
            ticket.close(how="not_needed", by=Actor(Party.CUSTOMER, user_id=customer.pk, at=by.at))
    _forget_words(customer)
    # What programs were answered is kept for who asks again. By the worker: it looks through all that they were.
    named = [ticket.public_id for ticket in tickets] + [item.public_id for item in items]
    Job.put("forget_answers", {"named": named})
    # A mail server names the address that it refuses.
    Job.objects.filter(kind="mail", payload__user=customer.pk).exclude(error="").update(error=NOBODY)
    Order.objects.filter(customer=customer).update(**dict.fromkeys(ADDRESS + TRACES, ""))
    _forget_person(customer, by)
    Event.objects.create(
        verb="erased",
        subject_kind="customer",
        subject_id=customer.pk,
        actor=by.as_json(),
        data={"tickets": len(tickets)},
        at=by.at,
    )


def _forget_words(customer: User) -> None:
    """What they wrote, and what was made of it."""
    said = Message.objects.filter(ticket__customer=customer, author=Party.CUSTOMER)
    Translation.objects.filter(message__in=said).delete()
    Wanted.objects.filter(ticket__customer=customer).delete()
    _forget_pictures(customer)
    said.update(body="", author_name="")
    Ticket.objects.filter(customer=customer).update(subject=NOBODY, excerpt="", has_pictures=False)
    Rating.objects.filter(ticket__customer=customer).update(comment="")
    Draft.objects.filter(_by("who", customer)).delete()
    Beginning.objects.filter(_by("who", customer)).delete()
    told = Event.objects.filter(ticket_id__in=list(customer.tickets.values_list("pk", flat=True)))
    named = [event for event in told if event.actor.get("party") == Party.CUSTOMER and event.actor.get("name")]
    for event in named:
        event.actor["name"] = ""
    Event.objects.bulk_update(named, ["actor"], batch_size=500)


def _by(field: str, customer: User) -> Q:
    """What they began, signed in or by a link in a mail (see Actor.who)."""
    who = Actor(Party.CUSTOMER, user_id=customer.pk).who
    return Q(**{field: who}) | Q(**{f"{field}__startswith": f"{who}/"})


def _forget_pictures(customer: User) -> None:
    """The rows now, the files once that is certain. A file that another row names as well stays."""
    theirs = Attachment.objects.filter(message__ticket__customer=customer, message__author=Party.CUSTOMER)
    gone = list(theirs | Attachment.objects.filter(_by("uploader", customer), message__isnull=True))
    Attachment.objects.filter(pk__in=[one.pk for one in gone]).delete()

    def delete_files() -> None:
        for one in gone:
            if not Attachment.objects.filter(sha256=one.sha256).exists():
                default_storage.delete(one.path)
                default_storage.delete(one.thumbnail_path)

    # A storage that is away keeps them until the leftovers are swept: they are nobody's any more.
    transaction.on_commit(delete_files, robust=True)


def _forget_person(customer: User, by: Actor) -> None:
    """The account stays as a number that orders and tickets name; nobody can sign in with it."""
    customer.name, customer.email, customer.time_zone, customer.language = NOBODY, None, "", ""
    customer.is_active, customer.erased_at = False, by.at
    customer.set_unusable_password()
    customer.save()
    for relation in customer._meta.related_objects:
        if relation.related_model.__module__.startswith("allauth."):  # addresses, second factors, devices
            relation.related_model._default_manager.filter(**{relation.field.name: customer}).delete()
    # By the worker: it looks into every session there is, and nobody is to wait for that.
    Job.put("forget_sessions", {"user": customer.pk})


def forget_answers(payload: dict[str, Any]) -> None:
    """What programs were answered about somebody who was erased; that they asked stays known."""
    Deed.forget(payload["named"])


def forget_sessions(payload: dict[str, Any]) -> None:
    """Sessions of somebody who was erased. Nobody can use them any more, but they hold the address that was signed in
    with."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(payload["user"]):
            session.delete()
