"""`marketdesk token`: what a merchant's program signs in with."""

import argparse

from marketdesk.cli.starting import Commands, Refused, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command."""
    token = commands.add_parser("token", help="make an API access token for a merchant; it is shown once")
    token.add_argument("merchant", metavar="MERCHANT", help="the merchant's id or exact name")
    token.add_argument("--name", default="command line", help="what the token is for (default: %(default)s)")
    token.set_defaults(run=_token)


def _token(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.db.models import Q

    from marketdesk.merchants.models import AccessToken, Merchant

    asked = options.merchant
    found = list(Merchant.objects.filter(Q(external_id=asked) | Q(public_id=asked) | Q(name=asked))[:2])
    if not found:
        raise Refused(f"There is no merchant with the id or name {asked!r}.")
    if len(found) > 1:
        raise Refused(f"Several merchants are called {asked!r}: give the id instead.")
    say(f"A token for {found[0].name}. Keep it safe: it is not shown again.")
    print(AccessToken.issue(found[0], options.name))
    return 0
