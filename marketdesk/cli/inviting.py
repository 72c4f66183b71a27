"""`marketdesk invite`: how the first administrator comes in, and the owners of stores."""

import argparse

from marketdesk.cli.starting import Commands, Refused, operator, prepare, say, start
from marketdesk.cli.tokens import find_merchant


def add(commands: Commands) -> None:
    """Name the command."""
    invite = commands.add_parser("invite", help="invite somebody into support, or into a merchant's team")
    invite.add_argument("mail", metavar="MAIL", help="the mail address")
    where = invite.add_mutually_exclusive_group(required=True)
    where.add_argument("--support", action="store_true", help="into the platform's support team")
    where.add_argument("--merchant", metavar="MERCHANT", help="into this merchant's team: its id or exact name")
    role = invite.add_mutually_exclusive_group()
    role.add_argument("--administrator", action="store_true", help="with --support: may change policy and team")
    role.add_argument("--owner", action="store_true", help="with --merchant: may change the team")
    invite.add_argument("--language", metavar="CODE", help="of the mail, such as de")
    invite.set_defaults(run=_invite)


def _invite(options: argparse.Namespace) -> int:
    if (options.owner and options.support) or (options.administrator and options.merchant):
        raise Refused("Support has administrators, and a merchant's team has owners.")
    start()
    prepare()
    from django.conf import settings
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    from marketdesk.lib import languages
    from marketdesk.outbox import invitations
    from marketdesk.teams import inviting
    from marketdesk.teams.errors import TeamRefusal
    from marketdesk.teams.models import Post

    try:
        validate_email(options.mail)
    except ValidationError:
        raise Refused(f"{options.mail!r} is not a mail address.") from None
    store = find_merchant(options.merchant) if options.merchant else None
    language = options.language or (store.language if store else settings.LANGUAGE_CODE)
    if language not in languages.LANGUAGES:
        raise Refused(f"{language!r} is none of our languages: {', '.join(languages.LANGUAGES)}.")
    role = Post.ADMINISTRATOR if options.administrator else Post.OWNER if options.owner else Post.AGENT
    by = operator()
    try:
        _invitation, token = inviting.invite(options.mail, role, to=store, by=by, language=language)
    except TeamRefusal as refusal:
        raise Refused(str(refusal)) from None
    say(f"An invitation for {options.mail}. The worker sends it by mail, too. This link works once:")
    print(invitations.link(token))
    return 0
