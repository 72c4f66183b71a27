"""What webhooks are called: one name for each verb of an event, and what each means."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    Verb.END_LINKS: "ticket.links_ended",
    Verb.MARK_LATE: "ticket.late",
    Verb.REMIND: "ticket.customer_reminded",
    "rated": "ticket.rated",
    "refund_requested": "refund.requested",  # D17
    Verb.REFUND_SUCCEEDED: "refund.succeeded",
    Verb.REFUND_FAILED: "refund.failed",
    "refund_unanswered": "refund.unanswered",
    "refund_contradicted": "refund.contradicted",
    "due_soon": "merchant.due_soon",  # D29
    "warned": "merchant.warned",  # M45
    "penalty_noticed": "merchant.penalty_notice",  # M46
    "notice_withdrawn": "merchant.notice_withdrawn",
    "contested": "contest.made",  # D7
    "contest_decided": "contest.decided",
    "incident_declared": "incident.declared",
    "incident_ended": "incident.ended",
    "incident_withdrawn": "incident.withdrawn",
    "sanction_proposed": "merchant.sanction_proposed",  # D8
    "impressions_blocked": "merchant.impressions_blocked",
    "suspended": "merchant.suspended",
    "sanction_declined": "merchant.sanction_declined",
    "sanction_withdrawn": "merchant.sanction_withdrawn",
    "sanction_ended": "merchant.sanction_ended",
    "policy_changed": "policy.changed",
    "routing_changed": "routing.changed",
    "issue_type_changed": "issue_types.changed",
    "template_changed": "template.changed",
}
# Only the endpoint is told of it that somebody sends it to.
TEST = "webhook_tested"
NAMES: dict[str, str] = {**KINDS, TEST: "webhook.test"}

MEANINGS: dict[str, Promise] = {
    "ticket.opened": _("A customer asks."),
    "ticket.replied": _("Somebody writes a message, of whatever side."),
    "ticket.resolved": _("A merchant replies and resolves."),
    "ticket.closed": _("A ticket is closed, by whoever."),
    "ticket.closed_for_good": _("A ticket is closed so that nobody can re-open it."),
    "ticket.refunded": _("Items are refunded, and the ticket is closed."),
    "ticket.items_returned": _("Items came back to the merchant."),
    "ticket.appealed": _("A merchant brings in platform support."),
    "ticket.reopened": _("A closed ticket is opened again."),
    "ticket.noted": _("Somebody of the platform's team writes a note; its words are not sent."),
    "ticket.assigned": _("Somebody of the platform's team looks after a ticket, or nobody any more."),
    "ticket.taken_over": _("The platform's desk serves a ticket from now on."),
    "ticket.handed_back": _("The merchant serves a ticket from now on."),
    "ticket.links_ended": _("The links in mails about a ticket stopped working."),
    "ticket.late": _("A merchant's time left to reply ran out."),
    "ticket.customer_reminded": _("A silent customer was reminded."),
    "ticket.rated": _("A customer said whether it helped."),
    "refund.requested": _("The marketplace is asked to pay money back."),
    "refund.succeeded": _("Money was paid back."),
    "refund.failed": _("Money could not be paid back."),
    "refund.unanswered": _("The marketplace has not said what became of a refund."),
    "refund.contradicted": _("The marketplace said the opposite of what is noted."),
    "merchant.due_soon": _("A merchant's time runs out soon on some tickets."),
    "merchant.warned": _("A merchant is warned, because of late answers."),
    "merchant.penalty_notice": _("A merchant gets a penalty notice, because of several warnings."),
    "merchant.notice_withdrawn": _("A warning or a penalty notice is withdrawn."),
    "contest.made": _("A merchant contests a late answer, a rating or a notice."),
    "contest.decided": _("A person of the platform decides a contest."),
    "incident.declared": _("An administrator says that something keeps merchants from answering."),
    "incident.ended": _("The end of an incident is noted."),
    "incident.withdrawn": _("An incident is taken back: what it excused counts again."),
    "merchant.sanction_proposed": _("A sanction is proposed for a merchant, who can answer."),
    "merchant.impressions_blocked": _("A merchant's products are not to be shown from now on."),
    "merchant.suspended": _("A merchant's account is suspended from now on."),
    "merchant.sanction_declined": _("A proposed sanction was declined."),
    "merchant.sanction_withdrawn": _("A proposed sanction lost its reasons before it was decided."),
    "merchant.sanction_ended": _("A sanction has ended: show the products, or open the account, again."),
    "policy.changed": _("The operator changed a promise."),
    "routing.changed": _("The operator changed the routing rules."),
    "issue_types.changed": _("The operator changed the issue types."),
    "template.changed": _("The operator changed a reply template."),
}
