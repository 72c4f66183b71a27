"""`marketdesk demo`: the made-up marketplace."""

import argparse
import json
import sys
from typing import Any, TextIO

from marketdesk.cli.starting import Commands, Refused, prepare, start


def add(commands: Commands) -> None:
    """Name the command."""
    demo = commands.add_parser("demo", help="fill an empty database with a made-up marketplace")
    demo.add_argument("--json", action="store_true", help="print people, passwords and tokens as one JSON object")
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.demo import filling

    try:
        summary = _fill()
    except filling.NotEmpty as full:
        raise Refused(str(full)) from None
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print_people(summary, summary["people"], sys.stdout)
    return 0


def filled() -> dict[str, Any] | None:
    """The demo, where the home is empty or holds it already; None beside real data."""
    from marketdesk.demo import filling

    try:
        return _fill()
    except filling.NotEmpty:
        return None


def _fill() -> dict[str, Any]:
    import tqdm
    from django.conf import settings

    from marketdesk.demo import filling

    tqdm.tqdm.monitor_interval = 0  # no thread of its own: serve forks afterwards
    summary = filling.demo(settings.HOME, quiet=not sys.stderr.isatty())
    return {**summary, "url": settings.BASE_URL}


def one_of_each_role(people: list[dict[str, str]]) -> list[dict[str, str]]:
    """Enough people to look around."""
    first: dict[str, dict[str, str]] = {}
    for person in people:
        first.setdefault(person["role"], person)
    return list(first.values())


def print_people(summary: dict[str, Any], people: list[dict[str, str]], out: TextIO) -> None:
    """Where to look, and whom to sign in as."""
    print(f"\nThe demo marketplace: {summary['url']}\nSign in as", file=out)
    for person in people:
        print(f"  {person['role']:<9} {person['email']:<36} {person['password']:<14} {person['name']}", file=out)
    if len(people) < len(summary["people"]):
        print("  and others: marketdesk demo", file=out)
    print(file=out)
