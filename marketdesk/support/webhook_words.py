"""What came of telling a program, in words: what happened, and what to do about it first."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.lib import calling
from marketdesk.outbox.models import EndpointState


@dataclass(frozen=True)
class Trouble:
    """Why a message was not accepted, and what to do about it."""

    happened: str
    first: str


# By what the error's own words hold.
ERRORS: tuple[tuple[tuple[str, ...], Promise, Promise], ...] = (
    (
        ("took too long", "timed out"),
        gettext_lazy("No answer came in %(seconds)d seconds."),
        gettext_lazy("See whether the program runs; it should answer at once and do its work afterwards."),
    ),
    (
        ("ConnectionRefused",),
        gettext_lazy("Nobody listens at this address."),
        gettext_lazy("Start the program, or check the host and the port."),
    ),
    (
        ("ConnectionReset", "RemoteDisconnected", "BrokenPipe", "ConnectionAborted"),
        gettext_lazy("The connection was broken off."),
        gettext_lazy("Look into the log of the program, and of what stands before it."),
    ),
    (
        ("SSL", "CERTIFICATE"),
        gettext_lazy("Its certificate is not valid."),
        gettext_lazy("Renew the certificate there; it must be vouched for and name this host."),
    ),
    (
        ("name of the host",),
        gettext_lazy("The name of its host is not known."),
        gettext_lazy("Check how the address is written, and the name server's entry."),
    ),
    (
        ("MARKETDESK_WEBHOOK_ALLOW",),
        gettext_lazy("Its address leads into a private network, or has no https://."),
        gettext_lazy("When it is meant so, whoever runs this desk enters it in MARKETDESK_WEBHOOK_ALLOW."),
    ),
    (
        ("MARKETDESK_SECRET_KEY",),
        gettext_lazy("Its secret cannot be read any more, so nothing can be signed."),
        gettext_lazy("Make a new secret, and give it to the program."),
    ),
    (
        ("OSError", "unreachable", "No route"),
        gettext_lazy("It cannot be reached."),
        gettext_lazy("See whether its host is up, and whether this desk may reach it."),
    ),
)
# By the status of the answer, or its first digit.
STATUSES: tuple[tuple[tuple[int, ...], Promise, Promise], ...] = (
    (
        (410,),
        gettext_lazy("It answered that it is gone for good (%(status)d)."),
        gettext_lazy("If the program moved, add its new address. If it is back, switch it on again."),
    ),
    (
        (401, 403),
        gettext_lazy("It refused the message (%(status)d)."),
        gettext_lazy("Check that the program has this endpoint's secret; make a new one if it was lost."),
    ),
    (
        (404, 405),
        gettext_lazy("There is nothing for messages at this address (%(status)d)."),
        gettext_lazy("Check the address. If it changed, add the new one and switch this one off."),
    ),
    (
        (408, 425, 429),
        gettext_lazy("It asked to be called later (%(status)d)."),
        gettext_lazy("Nothing is to be done: it is tried again when it asked to be."),
    ),
    (
        (3,),
        gettext_lazy("It answered with a redirect (%(status)d), which is not followed."),
        gettext_lazy("Add the address that it leads to, and switch this one off."),
    ),
    (
        (4,),
        gettext_lazy("It did not accept the message (%(status)d)."),
        gettext_lazy("Open the message and read what it answered."),
    ),
    (
        (5,),
        gettext_lazy("The program there failed (%(status)d)."),
        gettext_lazy("Look into that program's log at the time of the try; then send a test."),
    ),
)


def trouble(status: int | None, error: str) -> Trouble | None:
    """What was wrong with the last try; None where nothing was."""
    if status is None and not error:
        return None
    if status is None:
        for parts, happened, first in ERRORS:
            if any(part in error for part in parts):
                return Trouble(str(happened) % {"seconds": calling.DEADLINE}, str(first))
        return Trouble(_("Nothing came back that can be understood."), _("Look into the log of the program there."))
    if status // 100 == 2:
        return None
    for numbers, happened, first in STATUSES:
        if status in numbers or status // 100 in numbers:
            return Trouble(str(happened) % {"status": status}, str(first))
    return Trouble(_("It answered with %(status)d.") % {"status": status}, _("Look into the log of the program there."))


def tone(state: EndpointState) -> str:
    """The colour beside an endpoint's words."""
    return {EndpointState.ON: "good", EndpointState.OFF: "", EndpointState.FAILING: "warning"}.get(state, "danger")
