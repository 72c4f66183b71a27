"""Why nothing was done about an app."""

from django.utils.translation import gettext as _


class AppRefusal(Exception):
    """It cannot be done; the text says why."""


class NotAnOwner(AppRefusal):
    """Apps see customers and speak in the store's name: that is for owners."""

    def __init__(self) -> None:
        super().__init__(_("Only owners of the store can do this."))


class AppMoved(AppRefusal):
    """The app is no longer as the person had it before them: nothing was changed."""

    def __init__(self) -> None:
        super().__init__(_("Somebody changed this app while you were here. Look at it as it is now."))


class BadAddress(AppRefusal):
    """An app cannot be led back to such an address."""
