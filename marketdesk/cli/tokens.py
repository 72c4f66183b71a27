"""`marketdesk token`: what a merchant's program signs in with."""

import argparse
from typing import TYPE_CHECKING

from marketdesk.cli.starting import Commands, Refused, prepare, say, start

if TYPE_CHECKING:
    from marketdesk.merchants.models import Merchant


def add(commands: Commands) -> None:
    """Name the command."""
    token = commands.add_parser("token", help="make an API access token for a merchant; it is shown once")
    token.add_argument("merchant", metavar="MERCHANT", help="the merchant's id or exact name")
    token.add_argument("--name", default="command line", help="what the token is for (default: %(default)s)")
    token.add_argument("--revoke", action="store_true", help="end the merchant's tokens of that name instead")
    token.set_defaults(run=_token)


def _token(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.programs.models import AccessToken

    store = find_merchant(options.merchant)
    if options.revoke:
        # Those of apps are the store's own to end, on its page.
        living = AccessToken.objects.filter(merchant=store, name=options.name, application=None, revoked_at=None)
        if not (ended := living.update(revoked_at=timezone.now())):
            raise Refused(f"{store.name} has no living token with the name {options.name!r}.")
        say(f"Revoked: {ended}.")
        return 0
    say(f"A token for {store.name}. Keep it safe: it is not shown again.")
    print(AccessToken.issue(store, options.name))
    return 0


def find_merchant(asked: str) -> "Merchant":
    """The merchant with an id or an exact name."""
    from django.db.models import Q

    from marketdesk.merchants.models import Merchant

    found = list(Merchant.objects.filter(Q(external_id=asked) | Q(public_id=asked) | Q(name=asked))[:2])
    if not found:
        raise Refused(f"There is no merchant with the id or name {asked!r}.")
    if len(found) > 1:
        raise Refused(f"Several merchants are called {asked!r}: give the id instead.")
    return found[0]
