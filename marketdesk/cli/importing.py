"""`marketdesk import`: the marketplace's records from files."""

import argparse
import sys
from pathlib import Path

from marketdesk.cli.starting import Commands, Refused, prepare, start


def add(commands: Commands) -> None:
    """Name the command."""
    importing = commands.add_parser("import", help="read merchants, products, customers and orders from files")
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines (.jsonl) or .csv")
    importing.add_argument("--strict", action="store_true", help="change nothing when any row is wrong")
    importing.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    start()
    prepare()
    refuse_demo()
    from marketdesk import importing

    return importing.run(options.files, strict=options.strict, out=sys.stdout)


def refuse_demo() -> None:
    """Everybody knows the demo's passwords: they never stand beside real data."""
    from django.conf import settings

    from marketdesk.demo import filling

    if filling.is_demo(settings.HOME):
        raise Refused(
            f"{settings.HOME} holds the demo marketplace, whose passwords everybody knows. Import into a home of its "
            "own: set MARKETDESK_HOME to a new folder. Nothing was changed."
        )
