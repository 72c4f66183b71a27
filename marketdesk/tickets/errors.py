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


class FilesAway(Exception):
    """Pictures can be neither stored nor read now: the disk is full, or their bucket does not answer."""

    def __str__(self) -> str:
        return _("Pictures cannot be stored at the moment. Try again later, or send your text without them.")


class BadText(ValueError):
    """A message that cannot be sent: empty, or too long."""
