"""What the pages of prose take from the code, so that it is true: codes, scopes, reasons, examples."""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from marketdesk.api import limits
from marketdesk.api.documentation import examples, reference, samples
from marketdesk.api.documentation.topics import Topic
from marketdesk.api.v2.calls import FAILURES
from marketdesk.api.v3.description import REFUSED
from marketdesk.lib import sealing
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Delivery, Subscription
from marketdesk.outbox.models import Topic as Told
from marketdesk.outbox.webhooks import manners
from marketdesk.performance.counting import Verdict
from marketdesk.policy import promises
from marketdesk.programs.answering import ECHOES
from marketdesk.programs.models import App, Scope
from marketdesk.refunds.reasons import REASONS

LABELS = {"curl": "curl", "python": "Python", "php": "PHP"}
# The calls of v2 and what does the same in v3.
MOVES = (
    ("get-auth-test", "get-oauth-test"),
    ("get-ticket-get-action-required", "get-tickets"),
    ("get-ticket", "get-tickets-ticket"),
    ("post-ticket-reply", "post-tickets-ticket-replies"),
    ("post-ticket-close", "put-tickets-ticket"),
    ("post-ticket-appeal-to-support", "put-tickets-ticket"),
    ("post-ticket-re-open", "put-tickets-ticket"),
    ("get-order", "get-orders-order"),
    ("post-order-refund", "put-orders-order-refund"),
)


@dataclass(frozen=True)
class Example:
    """A message of a webhook, as it arrives. `attempt` and `signature` name the headers that the page explains."""

    headers: dict[str, str]
    body: str
    attempt: str
    signature: str


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
            return {"failures_v2": FAILURES, "failures_v3": REFUSED}
        case "rate-limits":
            policy = promises.current()
            return {
                "program_calls": policy.program_calls,
                "merchant_calls": policy.merchant_calls,
                "remaining": limits.REMAINING,
                "reset": limits.RESET,
                "waiting": snippets("waiting", base, "curl", "python"),
            }
        case "webhooks":
            return {"delivery": a_delivery(), "verifying": snippets("verifying", base)}
        case "performance":
            return {"policy": promises.current(), "verdicts": [one for one in Verdict if one != Verdict.OUTSIDE]}
        case "sandbox":
            return {"echoes": ECHOES.values()}
        case "refund-reasons":
            return {"reasons": REASONS}
    return {}


def snippets(name: str, base: str, *languages: str) -> dict[str, str]:
    """A ready piece of a program, by language."""
    context = {"base": base, "signature": a_delivery().signature}
    return {
        LABELS[language]: render_to_string(f"documentation/snippets/{name}.{language}.txt", context).strip()
        for language in languages or ("python", "php")
    }


def a_delivery() -> Example:
    """A message as it would be sent, signed with the secret `mds_example`."""
    body = f'[{{"data":{{"id":"{samples.TICKET}"}},"timestamp":1780308000}}]'
    store = Merchant(public_id=samples.MERCHANT)
    app = App(sealed_secret=sealing.seal("mds_example"))
    told = Subscription(app=app, merchant=store, topic=Told.TICKET_AWAITING_MERCHANT, public_id=samples.SUBSCRIPTION)
    headers = manners.sign_v3(Delivery(body=body, attempts=0), told, timezone.now())
    attempt, signature = list(headers)[-2:]
    return Example(headers, body, attempt, signature)
