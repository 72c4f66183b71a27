"""How merchants stand, for the marketplace's own programs: as last judged, and what is proposed or in force."""

from typing import Annotated, Any

from django.db.models import Prefetch, Q, QuerySet
from ninja import Field, Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest
from marketdesk.api.platform.problems import Problem
from marketdesk.api.platform.schemas import moment, plain
from marketdesk.lib import paging
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import Scope
from marketdesk.performance.counting import Rate
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Sanction, Standing
from marketdesk.policy import promises

router = Router(tags=["standings"])
KEYED = Keyed(Scope.STANDINGS)
A_WORD = {"enum": ["", *Level.values]}


class RateLine(Schema):
    """So many of so many; `percent` is null where too little counts to speak of a rate."""

    part: int
    whole: int
    percent: float | None


class SanctionLine(Schema):
    """What is proposed or in force. `kind` is impressions or suspension, `state` proposed or confirmed; `ends_at` is
    when it ends by itself, if nothing ends it before."""

    id: str
    kind: str
    state: str
    proposed_at: str
    hear_until: str
    decided_at: str
    ends_at: str


class StandingOut(Schema):
    """A merchant, by the marketplace's id. `level` is normal, watch or severe, `since` since when; both, and the rates,
    are as of `judged_at`, empty for whom nothing was counted yet. `impressions_blocked_at` and `suspended_at` are
    empty while that is not in force."""

    merchant: str
    level: str
    since: str
    judged_at: str
    late_response_rate: RateLine
    csat: RateLine
    impressions_blocked_at: str
    suspended_at: str
    sanctions: list[SanctionLine]


class StandingPage(Schema):
    """In the order in which the merchants came; `after` is the key of the next page, empty on the last."""

    standings: list[StandingOut]
    after: str


@router.get(
    "/standings",
    auth=KEYED,
    response={200: StandingPage},
    operation_id="list_standings",
    summary="How merchants stand",
    description="All of them, or those of one level: `level=severe`.",
)
def standings(
    request: PlatformRequest,
    level: Annotated[str, Field(json_schema_extra=A_WORD)] = "",
    after: str = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    rows = _merchants()
    if level:
        unjudged = Q(standing__isnull=True) if level == Level.NORMAL else Q()
        rows = rows.filter(Q(standing__level=plain(level)) | unjudged)
    page = paging.page(rows, "created_at", after, size=limit)
    return {"standings": [_told(one) for one in page.rows], "after": page.after}


@router.get(
    "/merchants/{path:merchant}/standing",
    auth=KEYED,
    response={200: StandingOut},
    operation_id="get_standing",
    summary="How a merchant stands",
)
def standing(request: PlatformRequest, merchant: str) -> dict[str, Any]:
    found = _merchants().filter(external_id=plain(merchant)).first()
    if found is None:
        raise Problem(404, "not_found", "There is no such merchant.")
    return _told(found)


def _merchants() -> QuerySet[Merchant]:
    """The marketplace's own, each with how it stands and what is open."""
    open_ = Sanction.objects.filter(ended_at__isnull=True).order_by("pk")
    return (
        Merchant.objects.real()
        .select_related("standing")
        .prefetch_related(Prefetch("sanctions", open_, to_attr="open_sanctions"))
    )


def _told(merchant: Merchant) -> dict[str, Any]:
    """As StandingOut describes it; who was never judged is normal."""
    stands = getattr(merchant, "standing", None) or Standing(merchant=merchant)
    sample = promises.current().figures_sample
    return {
        "merchant": merchant.external_id,
        "level": str(stands.level),
        "since": moment(stands.changed_at),
        "judged_at": moment(stands.judged_at),
        "late_response_rate": _rate(Rate(stands.late, stands.answers, sample)),
        "csat": _rate(Rate(stands.helpful, stands.ratings, sample)),
        "impressions_blocked_at": moment(merchant.impressions_blocked_at),
        "suspended_at": moment(merchant.suspended_at),
        "sanctions": [_sanction(one) for one in merchant.open_sanctions],  # type: ignore[attr-defined]  # prefetched
    }


def _rate(rate: Rate) -> dict[str, Any]:
    percent = rate.percent
    return {"part": rate.part, "whole": rate.whole, "percent": None if percent is None else float(percent)}


def _sanction(sanction: Sanction) -> dict[str, str]:
    return {
        "id": sanction.public_id,
        "kind": sanction.kind,
        "state": sanction.state,
        "proposed_at": moment(sanction.proposed_at),
        "hear_until": moment(sanction.hear_until),
        "decided_at": moment(sanction.decided_at),
        "ends_at": moment(sanction.ends_at),
    }
