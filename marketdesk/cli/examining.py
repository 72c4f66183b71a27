"""`marketdesk doctor` and `marketdesk prepare`."""

import argparse

import django

from marketdesk.cli.starting import Commands, check_home, prepare, say, say_if_paused, start


def add(commands: Commands) -> None:
    """Name the commands."""
    doctor = commands.add_parser("doctor", help="what is wrong with this installation, and what to do about it")
    doctor.set_defaults(run=_doctor)
    ready = commands.add_parser("prepare", help="bring the database up to this version, and do nothing else")
    ready.set_defaults(run=_prepare)


def _doctor(_options: argparse.Namespace) -> int:
    check_home()
    django.setup()
    from marketdesk.doctor import examining
    from marketdesk.doctor.finding import Level

    worst = 0
    for found in examining.examine():
        print(f"{found.level:5} {found.name:15} {found}", flush=True)
        worst |= found.level is Level.MEND
    say_if_paused()
    return int(worst)


def _prepare(_options: argparse.Namespace) -> int:
    start()
    prepare()
    say("The database is ready for this version.")
    return 0
