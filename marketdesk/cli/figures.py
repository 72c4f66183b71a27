"""`marketdesk figures`: what the platform's overview adds up, counted again."""

import argparse

from marketdesk.cli.starting import Commands, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command and its act."""
    figures = commands.add_parser("figures", help="count again what the platform's overview adds up")
    acts = figures.add_subparsers(title="commands", metavar="COMMAND", required=True)
    rebuild = acts.add_parser("rebuild", help="every day of the past, from the tickets themselves")
    rebuild.set_defaults(run=_rebuild)


def _rebuild(_options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.performance import rollups

    days = list(rollups.rebuild(timezone.now()))
    say(f"{len(days)} days were counted again, {days[0]} to {days[-1]}." if days else "There is no day to count yet.")
    return 0
