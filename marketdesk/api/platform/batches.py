"""Records in batches: each row is answered for itself, so one bad row keeps no other out."""

from typing import Any

from django.http import HttpResponse
from ninja import Field, Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.problems import bad_fields
from marketdesk.people.models import Scope
from marketdesk.records import fields, writing
from marketdesk.records.customers import Customers
from marketdesk.records.fields import Problem, Row
from marketdesk.records.merchants import Merchants
from marketdesk.records.orders import Orders
from marketdesk.records.products import Products
from marketdesk.records.writing import Importer

MOST_ROWS = 1000
LONGEST_ID = 100
MOST_ENTRIES = 10_000  # items or staff in all: they are written in one transaction, which others wait for


class Rows(Schema):
    """Up to 1,000 records, told apart by `id`, with 10,000 items or staff in all. A field that a row leaves out stays
    as it is."""

    rows: list[Any] = Field(min_length=1, max_length=MOST_ROWS)


class Result(Schema):
    """What became of one row; `field` and `reason` stand there when it was refused."""

    id: str
    result: str = Field(json_schema_extra={"enum": ["created", "updated", "unchanged", "refused"]})
    field: str = ""
    reason: str = ""


class Results(Schema):
    """One result for each row, in the order of the rows."""

    results: list[Result]


def _read(rows: list[Any]) -> tuple[list[Row], list[Problem]]:
    """The rows that are objects, each with its place, and a problem for everything else."""
    good = [Row(place, one) for place, one in enumerate(rows) if isinstance(one, dict)]
    return good, [
        Problem(place, "", "must be an object") for place, one in enumerate(rows) if not isinstance(one, dict)
    ]


def upsert(importer: Importer, rows: list[Any]) -> dict[str, Any]:
    """Write the rows, and say of each what became of it."""
    listed = (len(part) for row in rows if isinstance(row, dict) for part in row.values() if isinstance(part, list))
    if sum(listed) > MOST_ENTRIES:
        raise bad_fields(rows=f"hold more than {MOST_ENTRIES} items or staff in all")
    good, problems = _read(rows)
    outcome = writing.Outcome(problems=problems)
    for batch in writing.batches(good):
        outcome.add(writing.write(importer, batch))
    refused = {problem.line: problem for problem in outcome.problems}
    results = []
    for place, row in enumerate(rows):
        result = {"id": fields.shown(row.get("id", ""), LONGEST_ID) if isinstance(row, dict) else ""}
        if problem := refused.get(place):
            result |= {"result": "refused", "field": problem.field, "reason": problem.reason}
        else:
            result["result"] = outcome.done[place]
        results.append(result)
    return {"results": results}


def _told(kind: type[Importer]) -> str:
    """What a row may hold, for the OpenAPI document."""

    def names(known: tuple[fields.Field, ...]) -> str:
        return ", ".join(
            f"`{one.name}`{'*' if one.required else ''}" + (f" (a list of {names(one.parts)})" if one.parts else "")
            for one in known
        )

    return f"Fields of a row (* a new record needs it): {names(kind.fields)}."


router = Router(tags=["records"])


def _add(kind: type[Importer], scope: Scope) -> None:
    @router.post(
        f"/{kind.kind}",
        auth=Keyed(scope),
        response={200: Results},
        operation_id=f"upsert_{kind.kind}",
        summary=f"Create or update {kind.kind}",
        description=_told(kind),
        openapi_extra=HEADER,
    )
    def call(request: PlatformRequest, payload: Rows) -> HttpResponse:
        return once(request, lambda: (200, upsert(kind(), payload.rows)))


_add(Merchants, Scope.CATALOGUE)
_add(Products, Scope.CATALOGUE)
_add(Customers, Scope.CATALOGUE)
_add(Orders, Scope.ORDERS)
