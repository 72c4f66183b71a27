"""Records in batches: each row is answered for itself, so one bad row keeps no other out."""

import logging
from collections import Counter
from typing import Any

from django.http import HttpResponse
from ninja import Field, Router, Schema
from pydantic import create_model

from marketdesk.api.platform.keys import Keyed, PlatformRequest, program
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.pressure import refuse_when_behind
from marketdesk.api.platform.problems import bad_fields
from marketdesk.people.models import Scope
from marketdesk.records import fields, writing
from marketdesk.records.customers import Customers
from marketdesk.records.fields import Problem, Row
from marketdesk.records.merchants import Merchants
from marketdesk.records.orders import Orders
from marketdesk.records.products import Products
from marketdesk.records.writing import Importer

log = logging.getLogger(__name__)

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


def upsert(importer: Importer, rows: list[Any], *, by: str) -> dict[str, Any]:
    """Write the rows for a program, and say of each what became of it."""
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
    if refused:  # without the reasons, which can hold what stands in a row: names, mail addresses
        wrong = Counter(problem.field for problem in refused.values())
        log.warning("%s: %s of %s %s refused: %s", by, len(refused), len(rows), importer.kind, dict(wrong))
    return {"results": results}


def _rows(kind: type[Importer]) -> type[Rows]:
    """The batch of a kind, whose rows the OpenAPI document describes. A row that is otherwise is answered in its
    place, so nothing here refuses it."""
    row = fields.described(kind.fields, ("id",))
    listed = Field(min_length=1, max_length=MOST_ROWS, json_schema_extra={"items": row})
    return create_model(f"{kind.kind.capitalize()}Rows", __base__=Rows, rows=(list[Any], listed))


def _told(kind: type[Importer]) -> str:
    """What a new record cannot do without."""
    return f"A new record needs: {', '.join(f'`{one.name}`' for one in kind.fields if one.required)}."


router = Router(tags=["records"])


def _add(kind: type[Importer], scope: Scope) -> None:
    batch = _rows(kind)

    @router.post(
        f"/{kind.kind}",
        auth=Keyed(scope),
        response={200: Results},
        operation_id=f"upsert_{kind.kind}",
        summary=f"Create or update {kind.kind}",
        description=_told(kind),
        openapi_extra=HEADER,
    )
    def call(request: PlatformRequest, payload: batch) -> HttpResponse:  # type: ignore[valid-type]
        refuse_when_behind()
        return once(
            request,
            lambda: (200, upsert(kind(), payload.rows, by=program(request.auth))),  # type: ignore[attr-defined]
        )


_add(Merchants, Scope.CATALOGUE)
_add(Products, Scope.CATALOGUE)
_add(Customers, Scope.CATALOGUE)
_add(Orders, Scope.ORDERS)
