"""What webhooks are called: one name for each verb of an event."""

from marketdesk.tickets.rules import Verb

KINDS: dict[str, str] = {
    "open": "ticket.opened",
    Verb.REPLY: "ticket.replied",
    Verb.RESOLVE: "ticket.resolved",
    Verb.CLOSE: "ticket.closed",
    Verb.CLOSE_FOR_GOOD: "ticket.closed_for_good",
    Verb.REFUND: "ticket.refunded",
    Verb.MARK_RETURNED: "ticket.items_returned",
    Verb.APPEAL: "ticket.appealed",
    Verb.REOPEN: "ticket.reopened",
    Verb.NOTE: "ticket.noted",
    Verb.ASSIGN: "ticket.assigned",
    Verb.TAKE_OVER: "ticket.taken_over",
    Verb.HAND_BACK: "ticket.handed_back",
    Verb.MARK_LATE: "ticket.late",
    Verb.REMIND: "ticket.customer_reminded",
    "rated": "ticket.rated",
    "refund_requested": "refund.requested",  # D17
    Verb.REFUND_SUCCEEDED: "refund.succeeded",
    Verb.REFUND_FAILED: "refund.failed",
    "due_soon": "merchant.due_soon",  # D29
    "policy_changed": "policy.changed",
}
