"""Why a deed was refused: each error's text is meant for the person who tried."""

from django.utils.translation import gettext as _


class NotAllowed(Exception):
    """The rules do not allow this deed now. `reason` is a stable word; the text says it to a person."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


class SomethingNew(Exception):
    """Something that concerns the person happened after their page was drawn: nothing was done."""

    def __str__(self) -> str:
        return _(
            "Something new happened on this ticket before you sent this. "
            "Nothing was sent; what you typed is kept below."
        )


class BadText(ValueError):
    """A message that cannot be sent: empty, or too long."""
