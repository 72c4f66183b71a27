"""`marketdesk arrival-key`: what the marketplace signs with when it sends a customer here."""

import argparse
import sys
from pathlib import Path

from marketdesk.cli.arguments import moment
from marketdesk.cli.starting import Commands, Refused, prepare, say, start

ALGORITHMS = ("EdDSA", "RS256", "HS256")


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    key = commands.add_parser("arrival-key", help="what the marketplace signs with when it sends a customer here")
    acts = key.add_subparsers(title="what to do", metavar="ACT", required=True)
    adding = acts.add_parser("add", help="take a public key, or make a secret; prints the kid that tokens name")
    adding.add_argument("name", metavar="NAME", help="who signs with it, such as shop")
    adding.add_argument("--algorithm", choices=ALGORITHMS, default="EdDSA", help="default: %(default)s")
    adding.add_argument("--public-key", metavar="FILE", help="in PEM; - reads it from standard input")
    adding.set_defaults(run=_add)
    acts.add_parser("list", help="show all keys, never the secrets").set_defaults(run=_list)
    retire = acts.add_parser("retire", help="let nobody in who comes with what it signed")
    retire.add_argument("key", metavar="NAME|ID", help="as marketdesk arrival-key list shows it")
    retire.add_argument("--at", type=moment, metavar="TIME", help="such as 2026-11-18T10:00Z (default: at once)")
    retire.set_defaults(run=_retire)


def _add(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.people import arriving
    from marketdesk.people.models import Algorithm

    algorithm = Algorithm(options.algorithm)
    if (algorithm == Algorithm.HS256) == bool(options.public_key):
        raise Refused("HS256 has a secret, which is made here. EdDSA and RS256 need --public-key FILE.")
    try:
        key, shared = arriving.add_key(options.name, algorithm, _read(options.public_key))
    except arriving.BadKey as bad:
        raise Refused(str(bad)) from None
    say(f"A key for {key.name} ({algorithm}). The header of each token names it: kid = {key.public_id}")
    if shared:
        say("The secret, with which the shop signs. Keep it safe: it is not shown again.")
    print(shared or key.public_id)
    return 0


def _read(name: str | None) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8") if name else ""
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"{name} cannot be read: {failure}.") from None


def _list(_options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.people.models import ArrivalKey

    for key in ArrivalKey.objects.all():
        state = "valid" if key.is_valid(timezone.now()) else "retired"
        until = f" until {key.retires_at:%Y-%m-%d %H:%M} UTC" if key.retires_at and state == "valid" else ""
        print(f"{key.public_id}  {key.name:<24}  {key.algorithm:<5}  {state}{until}")
    return 0


def _retire(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.db.models import Q
    from django.utils import timezone

    from marketdesk.people.models import ArrivalKey

    now = timezone.now()
    named = ArrivalKey.objects.filter(Q(name=options.key) | Q(public_id=options.key))
    found = [key for key in named if key.is_valid(now)]
    if not found:
        raise Refused(f"There is no valid key {options.key!r}. marketdesk arrival-key list shows them.")
    if len(found) > 1:
        ids = ", ".join(key.public_id for key in found)
        raise Refused(f"Several valid keys are called {options.key!r}: give the id instead ({ids}).")
    at = options.at or now
    found[0].retire(at)
    say(f"The key {found[0]} {'is retired' if at <= now else f'retires at {at:%Y-%m-%d %H:%M} UTC'}.")
    return 0
