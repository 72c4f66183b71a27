"""The command line: `marketdesk serve` and all the others.

Each module beside this one names its commands in `add`; a new one is entered in GROUPS.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from marketdesk.cli import (
    arrival_keys,
    backups,
    demo,
    examining,
    figures,
    importing,
    inviting,
    jobs,
    keys,
    policies,
    serving,
    tokens,
    translations,
    webhooks,
)
from marketdesk.cli.starting import Refused, check_home, say
from marketdesk.lib import database_words
from marketdesk.version import VERSION

GROUPS = (
    serving,
    demo,
    importing,
    tokens,
    keys,
    arrival_keys,
    webhooks,
    policies,
    inviting,
    figures,
    examining,
    jobs,
    translations,
    backups,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: done. 1: refused, the reason on standard error. 2: not understood."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketdesk.settings")
    try:
        if words[:1] == ["manage"]:
            return _manage(words[1:])
        options = _parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except (Refused, ImproperlyConfigured) as refusal:
        return _refuse(str(refusal))
    except DatabaseError as failure:
        return _refuse(_database_words(failure))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="marketdesk",
        description="The self-hosted support desk for online marketplaces.",
        epilog="MARKETDESK_HOME (default: ./var) is the folder that holds everything; DATABASE_URL and PORT are "
        "honoured by every command. docs/operating.md lists all settings.",
    )
    parser.add_argument("--version", action="version", version=f"marketdesk {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.add(commands)
    commands.add_parser("manage", help="Django's own commands: marketdesk manage help", add_help=False)
    return parser


def _manage(words: list[str]) -> int:
    check_home()
    from django.core.management import ManagementUtility

    ManagementUtility(["marketdesk manage", *words]).execute()
    return 0


def _database_words(failure: DatabaseError) -> str:
    reason = database_words.reason(failure).rstrip(".")
    return f"The database cannot be used: {reason}.\n{database_words.advice(failure)}"


def _refuse(words: str) -> int:
    say(f"marketdesk: {words}")
    return 1
