"""Why a team stays as it is."""

from django.utils.translation import gettext as _


class TeamRefusal(Exception):
    """It cannot be done; the text says why."""


class NoInvitation(TeamRefusal):
    """The invitation was used, revoked or has expired, or there never was one: nobody learns which."""

    def __init__(self) -> None:
        super().__init__(_("This invitation cannot be used."))


def not_yours() -> TeamRefusal:
    """Only owners look after a merchant's team, and administrators after support's."""
    return TeamRefusal(_("Only owners and administrators can change the team."))


class TooMany(TeamRefusal):
    """Somebody invites faster than a person does."""

    def __init__(self) -> None:
        super().__init__(_("That were many invitations in a short time. Wait a while, then go on."))
