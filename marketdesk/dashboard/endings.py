"""How a closed ticket ended, in the merchant's words."""

from django.utils.translation import gettext as _

from marketdesk.lib.languages import isolated
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket


def ending(ticket: Ticket) -> str:
    """`Refunded`, `Resolved`, `Closed by customer`, `By Bazario Support`, …"""
    platform = isolated(promises.current().platform_name)
    by_support = ticket.closed_by == Party.SUPPORT
    match ticket.closed_how:
        case "refunded":
            return _("Refunded by %(platform)s Support") % {"platform": platform} if by_support else _("Refunded")
        case "resolved":
            return _("Resolved")
        case "silence":
            return _("No answer came")
        case _ if by_support:
            return _("By %(platform)s Support") % {"platform": platform}
        case _ if ticket.closed_by == Party.CUSTOMER:
            return _("Closed by customer")
    return _("Closed by you")
