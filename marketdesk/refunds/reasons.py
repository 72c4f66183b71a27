"""Why money goes back: one table for pages, programs and documents. What is stored is `code`."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.tickets.errors import BadText

LONGEST_NOTE = 500


@dataclass(frozen=True)
class Reason:
    """One reason. `v2` are its codes on the wire of API v2, the one that is told first; `oldest` those of the list
    that the first clients were written against; `v3` is its word there, which not every one has."""

    code: str
    words: Promise
    v3: str = ""
    v2: tuple[str, ...] = ()
    oldest: tuple[str, ...] = ()

    @property
    def told_v2(self) -> str:
        """Its code for a client of API v2; "other" where that list has none."""
        return next(iter(self.v2 + self.oldest), OTHER.v2[0])

    @property
    def told_v3(self) -> str:
        """Its word for a client of API v3, which reads whatever is told."""
        return self.v3 or self.code.upper()

    @property
    def needs_note(self) -> bool:
        """Whether it says nothing without a note."""
        return self is OTHER


def _reason(word: str, words: Promise, *v2: int, oldest: tuple[int, ...] = (), is_v3: bool = True) -> Reason:
    return Reason(word.lower(), words, word if is_v3 else "", tuple(map(str, v2)), tuple(map(str, oldest)))


OTHER = _reason("OTHER", gettext_lazy("Other reason"), -1, oldest=(-1,), is_v3=False)
TOO_LONG = _reason("SHIPPING_TAKING_TOO_LONG", gettext_lazy("Shipping takes too long"), 20, oldest=(9,))
DAMAGED = _reason("ITEM_IS_DAMAGED", gettext_lazy("The item is damaged"), 25, oldest=(3,))

REASONS: tuple[Reason, ...] = (
    _reason("UNABLE_TO_SHIP", gettext_lazy("The store cannot send the order"), 1, 34, oldest=(0, 1)),
    _reason("USER_PLACED_ORDER_BY_MISTAKE", gettext_lazy("Ordered by mistake"), 18, is_v3=False),
    _reason(
        "USER_NO_LONGER_WANTS_ITEM",
        gettext_lazy("The customer does not want the item any more"),
        oldest=(2,),
        is_v3=False,
    ),
    TOO_LONG,
    _reason("ITEM_DOES_NOT_FIT", gettext_lazy("The item does not fit"), 22, oldest=(8,)),
    _reason("RECEIVED_WRONG_ITEM", gettext_lazy("A wrong item was sent"), 23, oldest=(7,)),
    _reason("ITEM_IS_COUNTERFEIT", gettext_lazy("The item is counterfeit"), 24),
    DAMAGED,
    _reason("ITEM_DOES_NOT_WORK_AS_DESCRIBED", gettext_lazy("The item does not work as described"), 26),
    _reason("ITEM_DOES_NOT_MATCH_LISTING", gettext_lazy("The item does not match its listing"), 27),
    _reason("MERCHANT_SENT_TO_WRONG_ADDRESS", gettext_lazy("Sent to a wrong address"), 30),
    _reason("USER_GAVE_WRONG_ADDRESS", gettext_lazy("The customer gave a wrong address"), 31, is_v3=False),
    _reason("ITEM_RETURNED_TO_SENDER", gettext_lazy("The parcel went back to its sender"), 32),
    _reason("INCOMPLETE_ORDER", gettext_lazy("Something is missing from the order"), 33),
    _reason("ITEM_MARKED_DELIVERED_BUT_DID_NOT_ARRIVE", gettext_lazy("Marked as delivered, but it never arrived"), 35),
    _reason("WRONG_COLOR", gettext_lazy("The item has a wrong color"), 1001),
    _reason("ITEM_IS_POOR_QUALITY", gettext_lazy("The item is of poor quality"), 1002),
    _reason("PRODUCT_LISTING_MISSING_INFO", gettext_lazy("The listing does not say enough"), 1004),
    _reason("ITEM_DID_NOT_MEET_EXPECTATIONS", gettext_lazy("The item is not what the customer expected"), 1005),
    _reason("EMPTY_PACKAGE", gettext_lazy("The package was empty"), 1006),
    _reason("REPLACEMENT_NEVER_RECEIVED", gettext_lazy("A replacement never arrived")),
    _reason("MERCHANT_OUT_OF_STOCK", gettext_lazy("The item is sold out")),
    _reason("RECEIVED_NOTE_FROM_MERCHANT", gettext_lazy("Only a note of the store was in the package")),
    _reason("MERCHANT_REPORTED_ORDER", gettext_lazy("The store reported the order")),
    _reason("MERCHANT_REPORTED_BUYER_FRAUD", gettext_lazy("The store suspects fraud")),
    OTHER,
)
BY_CODE = {reason.code: reason for reason in REASONS}
BY_V3 = {reason.v3: reason for reason in REASONS if reason.v3}
BY_V2 = {code: reason for reason in REASONS for code in reason.v2 + reason.oldest}

# What an issue suggests.
_OF_ISSUES = {"tracking": TOO_LONG, "item_problem": DAMAGED}


def suggested(issue: str) -> Reason | None:
    """The reason that a question about this issue suggests."""
    return _OF_ISSUES.get(issue)


def clean_note(reason: Reason, note: str) -> str:
    """The note beside a reason, trimmed. Raises BadText where it is missing or too long."""
    note = note.encode("utf-8", "replace").decode().replace("\x00", "").replace("\r\n", "\n").strip()
    if reason.needs_note and not note:
        raise BadText(_("Say in a note why the money goes back."))
    if len(note) > LONGEST_NOTE:
        words = _("The note has %(length)s characters; %(limit)s are possible.")
        raise BadText(words % {"length": len(note), "limit": LONGEST_NOTE})
    return note
