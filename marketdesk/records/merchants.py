"""Merchants and, where they are given, the people of their staff."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.records import fields
from marketdesk.records.fields import Bad, Field, Row
from marketdesk.records.writing import Importer, Plan, given, store

STAFF = (
    Field("email", fields.mail, required=True),
    Field("name", fields.text(150), required=True),
    Field("role", fields.one_of(*Role.values)),
)


class Merchants(Importer):
    """Nobody leaves a team through an import: staff are added and renamed."""

    kind = "merchants"
    model = Merchant
    real = Q(sandbox_of__isnull=True)
    fields = (
        Field("id", fields.text(100), required=True),
        Field("name", fields.text(150), required=True),
        Field("country", fields.country),
        Field("selected", fields.yes_or_no),
        Field("tags", fields.tags),
        Field("staff", fields.entries, parts=STAFF, prefix="staff_"),
    )

    def look_up(self, found: list[dict[str, Any]]) -> None:
        super().look_up(found)
        self.staff: list[tuple[Plan, list[dict[str, Any]]]] = []

    def values(self, found: dict[str, Any], record: Any) -> dict[str, Any]:
        values = given(found, "name", "country", "tags")
        if found.get("selected") is not None:
            values["selected"] = found["selected"]
        return values

    def plan(self, row: Row, found: dict[str, Any]) -> Plan:
        staff = _read_staff(row, found.pop("staff", None))
        plan = super().plan(row, found)
        self.staff.append((plan, staff))
        return plan

    def store(self, plans: list[Plan]) -> None:
        super().store(plans)
        for plan, staff in self.staff:
            for one in staff:
                plan.more = _employ(plan.record, one) or plan.more


def _read_staff(row: Row, value: Any) -> list[dict[str, Any]]:
    """The people of a row. Raises Bad, with the line where CSV names the person."""
    try:
        people = [fields.read(one, STAFF, where="staff ") for one in fields.entries(value or [])]
    except Bad:
        raise
    except ValueError as wrong:
        raise Bad("staff", str(wrong)) from wrong
    accounts = {user.email: user for user in User.objects.filter(email__in=[one.get("email") for one in people])}
    for one in people:
        fields.require(one, STAFF, where="staff ")
        account = accounts.get(one["email"])
        if account and account.party != Party.MERCHANT:
            raise Bad("staff email", _("belongs to an account that is not a merchant's"))
    return people


def _employ(merchant: Merchant, one: dict[str, Any]) -> bool:
    """Make sure that somebody is in the team; whether anything changed. A new account has no password: its owner
    sets one through the mail that asks for it."""
    user = User.objects.filter(email=one["email"]).first()
    created = user is None
    if user is None:
        user = User.objects.create_user(
            one["email"], None, name=one["name"], party=Party.MERCHANT, country=merchant.country
        )
    renamed = Plan.of(user, {"name": one["name"]})
    store([renamed])
    role = one.get("role") or ""
    membership, joined = Membership.objects.get_or_create(
        user=user, merchant=merchant, defaults={"role": role or Role.AGENT}
    )
    promoted = Plan.of(membership, {"role": role or membership.role})
    store([promoted])
    return created or joined or bool(renamed.changed) or bool(promoted.changed)
