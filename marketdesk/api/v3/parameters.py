"""Parameters that several calls share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from ninja import Field
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

MILLISECOND = timedelta(milliseconds=1)


def _listed(sent: Any) -> Any:
    """Repeated, or separated by commas, or both."""
    return [one.strip() for part in sent for one in part.split(",")] if isinstance(sent, list) else sent


def _moment(sent: Any) -> Any:
    # A plus that a client did not encode arrives as a space.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", str(sent).strip())
    try:
        at = parse_datetime(text)
        moment = at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        if moment and moment.year < 9999:  # a millisecond later is still a moment
            return moment
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("moment", "{words}", {"words": _("must be a time such as 2026-06-01T10:00:00.000Z")})


Listed = BeforeValidator(_listed)
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Fields = Annotated[
    str,
    Field(
        max_length=1000,
        examples=["id,state,replies(message,sender)"],
        json_schema_extra={
            "description": "Only these fields of the answer; those inside a field stand in parentheses after it."
        },
    ),
]

# Of a list.
Limit = Annotated[int, Field(ge=1, le=500, description="At most so many.")]
Cursor = Annotated[
    str, Field(max_length=200, description="Where the page before ended: what stands in its `paging.next`.")
]


def just_after(moment: datetime) -> datetime:
    """The end of the millisecond that a moment names: what we say is cut off to milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) + MILLISECOND
