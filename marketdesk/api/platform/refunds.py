"""What became of the money: the marketplace's answer to a refund that was asked for (D17)."""

from dataclasses import replace
from typing import Literal

from django.db.models import Q
from django.http import HttpResponse
from ninja import Field, Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest, program
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.problems import Problem
from marketdesk.api.platform.schemas import RefundOut, plain, refund_out
from marketdesk.people.actor import clock
from marketdesk.people.models import Scope
from marketdesk.refunds.models import Refund
from marketdesk.refunds.refunding import settle

router = Router(tags=["refunds"])


class ResultIn(Schema):
    """Whether the money went back. The note is shown to support."""

    status: Literal["succeeded", "failed"]
    note: str = Field("", max_length=500)


@router.post(
    "/refunds/{refund}/result",
    auth=Keyed(Scope.REFUNDS),
    response={200: RefundOut},
    operation_id="settle_refund",
    summary="Say whether a refund was paid",
    description="`refund` is its id or its key. The same answer twice changes nothing; a contradictory one is refused.",
    openapi_extra=HEADER,
)
def result(request: PlatformRequest, refund: str, payload: ResultIn) -> HttpResponse:
    found = Refund.objects.filter(Q(public_id=plain(refund)) | Q(key=plain(refund)), ticket__isnull=False).first()
    if found is None:
        raise Problem(404, "not_found", "There is no such refund.")
    # A key of its own: two refunds of one ticket may be answered within the same minute.
    by = replace(clock(), app=program(request.auth), key=f"{found.public_id}:{payload.status}")

    def act() -> tuple[int, dict[str, object]]:
        settle(found, succeeded=payload.status == "succeeded", by=by, note=plain(payload.note))
        return 200, refund_out(found)

    return once(request, act)
