"""What a store was warned of, and what was taken away from it: notices and sanctions. People answer and contest them,
on the pages."""

import re
from typing import Annotated

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from marketdesk.api import envelope
from marketdesk.api.v3 import errors
from marketdesk.api.v3.choosing import chosen, pick
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.pages import after, paged
from marketdesk.api.v3.parameters import Cursor, Fields, Limit
from marketdesk.api.v3.penalty_schemas import A_PENALTY, PenaltyOut, penalty_out
from marketdesk.api.v3.schemas import ID
from marketdesk.lib import ids
from marketdesk.performance import penalties
from marketdesk.programs.models import Scope

router = Router(tags=["Penalties"])
READ = Bearer(Scope.READ_PENALTIES)
CURSOR = "api v3: the penalties after"

PenaltyId = Annotated[str, Field(examples=[A_PENALTY], json_schema_extra={**ID, "description": "The penalty's id."})]

_GO_ON = {
    "responses": {
        200: {
            "links": {
                "get_penalty": {"operationId": "get_penalty", "parameters": {"penalty": "$response.body#/data/0/id"}}
            }
        }
    }
}


class Listing(Schema):
    """How many, and from where."""

    limit: Limit = 50
    cursor: Cursor = ""
    fields: Fields = ""


@router.get(
    "/penalties",
    auth=READ,
    response=list[PenaltyOut],
    operation_id="list_penalties",
    summary="List warnings and penalties",
    description="Everything that the store was given or that is proposed for it, the latest first, with the tickets "
    "behind it.",
    openapi_extra=_GO_ON,
)
def listing(request: ProgramRequest, asked: Query[Listing]) -> HttpResponse:
    tree = chosen(asked.fields, PenaltyOut)
    page = penalties.page(request.auth.actor(), after(asked.cursor, CURSOR), asked.limit)
    return paged(request, [pick(penalty_out(one), tree) for one in page.rows], page.after, CURSOR)


@router.get(
    "/penalties/{penalty}",
    auth=READ,
    response=PenaltyOut,
    operation_id="get_penalty",
    summary="Get a warning or penalty",
)
def show(request: ProgramRequest, penalty: PenaltyId, fields: Fields = "") -> HttpResponse:
    tree = chosen(fields, PenaltyOut)
    found = penalties.find(penalty, request.auth.actor()) if re.fullmatch(ids.PATTERN, penalty) else None
    if found is None:
        raise errors.no_penalty()
    return envelope.success(pick(penalty_out(found), tree))
