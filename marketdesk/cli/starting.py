"""What commands share: to begin, to refuse, and to say something."""

import argparse
import sys
import tempfile
from typing import TYPE_CHECKING, TypeAlias

import django

from marketdesk.backups import UNFINISHED
from marketdesk.lib import env

if TYPE_CHECKING:
    from marketdesk.people.actor import Actor

# Where a module names its commands.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Refused(Exception):
    """The command cannot be done; the text says why, and what to do about it."""


def start() -> None:
    """Read the settings, which refuse what cannot work."""
    check_home()
    django.setup()
    from marketdesk import home

    home.make_folders()


def check_home() -> None:
    """The home can be made and written to; otherwise say so before anything else fails on it."""
    home = env.folder("MARKETDESK_HOME", "var")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold letters, a database and the secret key
        if (home / UNFINISHED).exists():
            raise Refused(f"A restore into {home} was broken off. Empty it (and the database), and restore again.")
        tempfile.TemporaryFile(dir=home).close()
    except OSError as failure:
        raise Refused(
            f"The home folder {home} cannot be written to ({failure.strerror}). "
            "Change its permissions, or name another one with MARKETDESK_HOME."
        ) from None


def prepare() -> None:
    """Bring the database and the shipped records up to this version; nothing is begun with what cannot work."""
    from marketdesk import home
    from marketdesk.doctor import examining
    from marketdesk.doctor.finding import Level

    found = list(examining.examine(examining.AT_START))
    unfit = [str(one) for one in found if one.level is Level.MEND]
    if unfit:
        raise Refused("\n".join(unfit))
    for one in found:
        if one.level is Level.LOOK:
            say(str(one))
    home.prepare(say)


def say_if_paused() -> None:
    """So that nobody waits for mails that are not sent."""
    from marketdesk import home

    if home.is_paused():
        say("Paused since a backup was restored: nothing is sent and no deadline kept until `marketdesk resume`.")


def say(words: str) -> None:
    """To the person, beside what a program may read from standard output."""
    print(words, file=sys.stderr, flush=True)


def operator() -> "Actor":
    """Whoever may run commands here."""
    from marketdesk.people.actor import Actor
    from marketdesk.people.party import Party

    return Actor(Party.SUPPORT, app="command line")
