"""What the pages of prose take from the code, so that it is true: codes, scopes, reasons, examples."""

from typing import Any

from django.template.loader import render_to_string

from marketdesk.api.documentation import examples, reference
from marketdesk.api.documentation.topics import Topic
from marketdesk.api.v2.calls import FAILURES
from marketdesk.api.v3 import errors as v3
from marketdesk.programs.models import Scope
from marketdesk.refunds.reasons import REASONS

LABELS = {"curl": "curl", "python": "Python", "php": "PHP"}
# The codes of v3 with their HTTP status.
FAILURES_V3 = (
    (v3.BAD_PARAMETER, "400, 409, 422", "A parameter does not fit, or the ticket's state does not allow it."),
    (v3.NOT_FOUND, "404", "There is no such thing in this store."),
    (v3.NO_ACCESS, "403", "The access token lacks the scope."),
    (v3.TOKEN_EXPIRED, "401", "The access token has expired. Refresh it."),
    (v3.TOKEN_REVOKED, "401", "The access token has been revoked."),
    (v3.TOKEN_MISSING, "401", "There is no access token, or nobody knows it."),
    (412, "412", "It has changed since you read it."),
    (429, "429", "Too many calls. Wait as long as Retry-After says."),
    (500, "500", "Our fault. The message holds a number to name to the operator."),
)
# The calls of v2 and what does the same in v3.
MOVES = (
    ("get-auth-test", "get-oauth-test"),
    ("get-ticket-get-action-required", "get-tickets"),
    ("get-ticket", "get-tickets-id"),
    ("post-ticket-reply", "post-tickets-id-replies"),
    ("post-ticket-close", "put-tickets-id"),
    ("post-ticket-appeal-to-support", "put-tickets-id"),
    ("post-ticket-re-open", "put-tickets-id"),
    ("get-order", "get-orders-id"),
    ("post-order-refund", "put-orders-id-refund"),
)


def of(topic: Topic | None, base: str) -> dict[str, Any]:
    """What the template of a page of prose is filled with; without a topic, the start page's."""
    match topic.name if topic else "":
        case "":
            first = reference.find("v3", "get-oauth-test")
            return {"examples": examples.examples(first, base) if first else {}}
        case "moving":
            return {"moves": [(reference.find("v2", old), reference.find("v3", new)) for old, new in MOVES]}
        case "authentication":
            return {"scopes": list(Scope)}
        case "paging":
            return {"loops_v2": snippets("paging_v2", base), "loops_v3": snippets("paging_v3", base)}
        case "errors":
            return {"failures_v2": FAILURES, "failures_v3": FAILURES_V3}
        case "rate-limits":
            return {"waiting": snippets("waiting", base, "curl", "python")}
        case "webhooks":
            return {"verifying": snippets("verifying", base)}
        case "refund-reasons":
            return {"reasons": REASONS}
    return {}


def snippets(name: str, base: str, *languages: str) -> dict[str, str]:
    """A ready piece of a program, by language."""
    context = {"base": base, "signature": "Wish-Hmac-Sha256"}
    return {
        LABELS[language]: render_to_string(f"documentation/snippets/{name}.{language}.txt", context).strip()
        for language in languages or ("python", "php")
    }
