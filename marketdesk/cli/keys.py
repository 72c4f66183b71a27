"""`marketdesk key`: what the marketplace's own programs sign in with."""

import argparse
from datetime import timedelta

from marketdesk.cli.arguments import number, whole
from marketdesk.cli.starting import Commands, Refused, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    key = commands.add_parser("key", help="keys of the marketplace's own programs (the Platform API)")
    acts = key.add_subparsers(title="what to do", metavar="ACT", required=True)
    create = acts.add_parser("create", help="make a key; it is shown once")
    create.add_argument("name", metavar="NAME", help="the program that it is for, such as shop")
    create.add_argument("--scopes", default="", metavar="A,B", help="what it may be used for (default: everything)")
    create.add_argument("--days", type=whole, help="end it after so many days (default: never)")
    create.set_defaults(run=_create)
    acts.add_parser("list", help="show all keys, never the secrets").set_defaults(run=_list)
    rotate = acts.add_parser("rotate", help="make a second key beside a program's first, which ends later")
    rotate.add_argument("name", metavar="NAME")
    rotate.add_argument("--days", type=whole, default=7, help="how long the old key still works (default: %(default)s)")
    rotate.set_defaults(run=_rotate)
    revoke = acts.add_parser("revoke", help="end a key at once")
    revoke.add_argument("number", type=number, metavar="NUMBER", help="as marketdesk key list shows it")
    revoke.set_defaults(run=_revoke)


def _create(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey, Scope

    wanted = [word.strip() for word in options.scopes.split(",") if word.strip()] or Scope.values
    unknown = [word for word in wanted if word not in Scope.values]
    if unknown:
        raise Refused(f"{', '.join(unknown)}: there is no such scope. There are: {', '.join(Scope.values)}.")
    if not options.name.isprintable() or not 0 < len(options.name) <= 40:
        raise Refused("A key's name has 1 to 40 letters.")
    if any(key.is_valid(timezone.now()) for key in PlatformKey.objects.filter(name=options.name)):
        raise Refused(f"{options.name!r} has a valid key. For a second one beside it: marketdesk key rotate.")
    expires_at = timezone.now() + timedelta(days=options.days) if options.days else None
    say(f"A key for {options.name} ({', '.join(wanted)}). Keep it safe: it is not shown again.")
    print(PlatformKey.issue(options.name, wanted, expires_at))
    return 0


def _list(_options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    for key in PlatformKey.objects.all():
        until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "for ever"
        state = f"valid {until}" if key.is_valid(timezone.now()) else "revoked" if key.revoked_at else "expired"
        print(f"{key.pk:>4}  {key.name:<24}  {state:<30}  {','.join(key.scopes)}")
    return 0


def _rotate(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    try:
        key = PlatformKey.rotate(options.name, timezone.now(), timedelta(days=options.days))
    except PlatformKey.DoesNotExist:
        raise Refused(f"There is no valid key with the name {options.name!r}.") from None
    say(f"A second key for {options.name}; the first one ends in {options.days} days. It is not shown again.")
    print(key)
    return 0


def _revoke(options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    key = PlatformKey.objects.filter(pk=options.number).first()
    if key is None:
        raise Refused(f"There is no key {options.number}. marketdesk key list shows them.")
    key.revoke(timezone.now())
    say(f"The key {key} is revoked.")
    return 0
