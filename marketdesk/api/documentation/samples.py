"""Values for the examples, where the OpenAPI documents have none of their own."""

from typing import Any

TICKET, ITEM = "60c0a1b2c3d4e5f601020304", "60c0a1b2c3d4e5f600000501"

# What the examples of a call send. A text that begins with `$` is read from the environment.
REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v3/tickets"): {"states": "AWAITING_MERCHANT", "limit": 50},
    ("PUT", "/api/v3/tickets/{id}"): {"state": "CLOSED"},
    ("POST", "/api/v3/tickets/{id}/replies"): {"message": "It is on its way and arrives on Friday."},
}
# By the name of a field, and by what it holds.
VALUES: dict[str, Any] = {"id": TICKET}
OF_KIND: dict[str, Any] = {"string": "…", "integer": 1, "number": 1, "boolean": True}
