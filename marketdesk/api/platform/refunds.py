"""What became of the money: the marketplace's answer to a refund that was asked for, and what waits for one (D17)."""

import logging
from dataclasses import replace
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpResponse
from ninja import Field, Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest, program
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.problems import Problem, bad_fields
from marketdesk.api.platform.schemas import RefundLine, RefundOut, RefundPage, plain, refund_line, refund_out
from marketdesk.lib import paging
from marketdesk.people.actor import clock
from marketdesk.people.models import Scope
from marketdesk.records import fields
from marketdesk.refunds import reconciling
from marketdesk.refunds.models import Refund, RefundStatus

log = logging.getLogger(__name__)

router = Router(tags=["refunds"])
KEYED = Keyed(Scope.REFUNDS)
MOMENT = {"format": "date-time", "type": "string"}


class ResultIn(Schema):
    """Whether the money went back. The note is shown to support."""

    status: Literal["succeeded", "failed"]
    note: str = Field("", max_length=500)


@router.post(
    "/refunds/{refund}/result",
    auth=KEYED,
    response={200: RefundOut},
    operation_id="settle_refund",
    summary="Say whether a refund was paid",
    description="`refund` is its id or its key. The same answer twice changes nothing. A contradictory one is refused "
    "(409 `settled`), changes nothing, and is shown to support.",
    openapi_extra=HEADER,
)
def result(request: PlatformRequest, refund: str, payload: ResultIn) -> HttpResponse:
    found = _find(request, refund)
    # A key of its own: two refunds of one ticket may be answered within the same minute.
    by = replace(clock(), app=program(request.auth), key=f"{found.public_id}:{payload.status}")

    def act() -> tuple[int, dict[str, Any]]:
        if reconciling.hear(found, succeeded=payload.status == "succeeded", by=by, note=plain(payload.note)):
            return 200, refund_out(found)
        words = f"This refund is noted as {found.status} already. Nothing was changed, and support is told."
        return 409, Problem(409, "settled", words).data

    return once(request, act)


@router.get(
    "/refunds",
    auth=KEYED,
    response={200: RefundPage},
    operation_id="list_refunds",
    summary="Refunds to reconcile",
    description="For a look at what waits for an answer: `status=pending`, and `requested_before` a moment with its "
    "time zone. The oldest first.",
)
def refunds(
    request: PlatformRequest,
    status: Literal["pending", "succeeded", "failed"] = "pending",
    requested_before: Annotated[str, Field(json_schema_extra=MOMENT)] = "",
    after: str = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    try:
        before = fields.moment(requested_before)
    except ValueError as wrong:
        raise bad_fields(requested_before=str(wrong)) from None
    seen = reconciling.seen_by(clock()).filter(status=RefundStatus(status))
    if before:
        seen = seen.filter(requested_at__lt=before)
    page = paging.page(seen, "requested_at", after, size=limit)
    return {"refunds": [refund_line(one) for one in page.rows], "after": page.after}


@router.get(
    "/refunds/{refund}",
    auth=KEYED,
    response={200: RefundLine},
    operation_id="get_refund",
    summary="How a refund stands",
    description="`refund` is its id or its key.",
)
def show(request: PlatformRequest, refund: str) -> dict[str, Any]:
    return refund_line(_find(request, refund))


def _find(request: PlatformRequest, refund: str) -> Refund:
    named = plain(refund)
    found = reconciling.seen_by(clock()).filter(Q(public_id=named) | Q(key=named)).first()
    if found is None:
        log.warning("%s asked for the refund %r, which is not known", program(request.auth), named[:80])
        raise Problem(404, "not_found", "There is no such refund.")
    return found
