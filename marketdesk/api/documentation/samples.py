"""Values and words for the examples, where the OpenAPI documents have none of their own."""

from typing import Any

from marketdesk.api.v2.calls import CALLS

TICKET, ITEM = "60c0a1b2c3d4e5f601020304", "60c0a1b2c3d4e5f600000501"
MERCHANT, SUBSCRIPTION = "60c0a1b2c3d4e5f600000001", "60c0a1b2c3d4e5f600000701"
PENALTY = "60c0a1b2c3d4e5f600000a01"

# The token calls are the same in both versions.
OAUTH = {call.path: call for call in CALLS if call.path.startswith("oauth/")}

# What the examples of a call send. A text that begins with `$` is read from the environment.
REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v3/tickets"): {"states": "AWAITING_MERCHANT", "limit": 50},
    ("PUT", "/api/v3/webhook/subscriptions/{subscription}"): {"status": "ACTIVE"},
    **{
        (method, f"/api/v3/{path}"): {one.name: one.example for one in call.parameters}
        for path, call in OAUTH.items()
        for method in ("GET", "POST")
    },
}
# By the name of a field, and by what it holds.
VALUES: dict[str, Any] = {"id": TICKET}
OF_KIND: dict[str, Any] = {"string": "…", "integer": 1, "number": 1, "boolean": True}
