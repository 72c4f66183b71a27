"""The erasure of a customer: people are forgotten, numbers kept."""

from dataclasses import replace

from django.http import HttpResponse
from ninja import Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest, program
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.problems import Problem
from marketdesk.api.platform.schemas import moment, plain
from marketdesk.outbox.webhooks import forgetting
from marketdesk.people.actor import clock
from marketdesk.people.models import Scope, User
from marketdesk.people.party import Party
from marketdesk.records.erasing import erase

router = Router(tags=["customers"])


class Erased(Schema):
    """When the customer was forgotten."""

    customer: str
    erased_at: str


@router.delete(
    "/customers/{path:customer}",
    auth=Keyed(Scope.ERASE),
    response={200: Erased},
    operation_id="erase_customer",
    summary="Forget a customer",
    description="Their name, mail, addresses, texts and pictures go; orders, sums and times stay. Refused while a "
    "refund is pending. Twice is once.",
    openapi_extra=HEADER,
)
def forget(request: PlatformRequest, customer: str) -> HttpResponse:
    found = User.objects.filter(party=Party.CUSTOMER, external_id=plain(customer)).first()
    if found is None:
        raise Problem(404, "not_found", "There is no such customer.")

    def act() -> tuple[int, dict[str, object]]:
        erase(found, by=replace(clock(), app=program(request.auth)))
        forgetting.forget(found)
        return 200, {"customer": str(found.external_id), "erased_at": moment(found.erased_at)}

    return once(request, act)
