"""A customer arrives from the marketplace: created or updated, as in any batch that it pushes."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import get_supported_language_variant

from marketdesk.people import arriving
from marketdesk.people.arriving import Claims, NotLetIn, Why
from marketdesk.people.models import User
from marketdesk.records import writing
from marketdesk.records.customers import Customers
from marketdesk.records.fields import Row

log = logging.getLogger(__name__)

# What a token may tell of a customer; nobody is locked out because one of these is unknown here.
OPTIONAL = {one.name: one for one in Customers.fields if one.name != "id"}


def admit(token: str, now: datetime) -> tuple[User, Claims]:
    """The customer whom a token names, and all that it says; from now on it lets nobody in. Raises NotLetIn, and then
    nothing is changed."""
    claims = arriving.read(token, now)  # before the database is asked to write anything
    with transaction.atomic():
        arriving.use_up(claims)
        _write(claims)
        customer = User.objects.get(external_id=claims.customer)
        if not customer.is_active:
            raise NotLetIn(Why.CLOSED, "the account is not active")
    return customer, claims


def _write(claims: Claims) -> None:
    row = Row(1, {"id": claims.customer, **_usable(claims)})
    if not User.objects.filter(external_id=claims.customer).exists():
        row.values.setdefault("name", claims.customer[:150])
    problems = writing.write(Customers(), [row]).problems
    if problems and problems[0].field == "email":
        _ignore("email", problems[0].reason)
        del row.values["email"]
        problems = writing.write(Customers(), [row]).problems
    if problems:
        raise NotLetIn(Why.CLOSED, problems[0].reason)


def _usable(claims: Claims) -> dict[str, Any]:
    """What was said of the customer, as far as it can be taken."""
    found = {}
    for name, field in OPTIONAL.items():
        said = claims.said.get(name)
        if said is None:
            continue
        try:
            value = _our_language(said) if name == "language" else said
            if field.read(value):
                found[name] = value
        except ValueError as wrong:
            _ignore(name, str(wrong))
    return found


def _our_language(said: Any) -> Any:
    """The one of ours that fits: `de` for de-AT. What fits none stays as it is, and is refused with words."""
    try:
        return get_supported_language_variant(said)
    except (LookupError, TypeError, ValueError):
        return said


def _ignore(name: str, reason: str) -> None:
    log.warning("An arrival's %s is ignored: %s", name, reason)
