"""Customers, as the marketplace knows them."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.records import fields
from marketdesk.records.fields import Bad, Field
from marketdesk.records.writing import Importer, given


class Customers(Importer):
    """A customer needs no mail address of ours, and gets no password here."""

    kind = "customers"
    model = User
    fields = (
        Field("id", fields.text(100), required=True),
        Field("name", fields.text(150), required=True),
        Field("email", fields.mail),
        Field("country", fields.country),
        Field("language", fields.language),
        Field("time_zone", fields.time_zone),
    )

    def look_up(self, found: list[dict[str, Any]]) -> None:
        super().look_up(found)
        mails = [one["email"] for one in found if one.get("email")]
        self.owners = dict(User.objects.filter(email__in=mails).values_list("email", "external_id"))

    def values(self, found: dict[str, Any], record: Any) -> dict[str, Any]:
        if record and record.party != Party.CUSTOMER:
            raise Bad("id", _("belongs to an account that is not a customer's"))
        if record and record.erased_at:
            raise Bad("id", _("was erased, and stays so"))
        values = given(found, "name", "country", "language", "time_zone")
        if "email" in found:
            values["email"] = self._mail(found)
        if record is None:
            values |= {"party": Party.CUSTOMER, "password": make_password(None)}
        return values

    def _mail(self, found: dict[str, Any]) -> str | None:
        """Each address belongs to one account, in this batch too."""
        address: str | None = found["email"] or None
        if address and self.owners.setdefault(address, found["id"]) != found["id"]:
            raise Bad("email", _("belongs to another account"))
        return address
