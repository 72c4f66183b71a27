"""`marketdesk jobs`: what the worker has to do, and what was given up."""

import argparse
from collections.abc import Callable

from marketdesk.cli.starting import Commands, Refused, operator, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    jobs = commands.add_parser("jobs", help="what the worker has to do, and what was given up")
    acts = jobs.add_subparsers(title="commands", metavar="COMMAND", required=True)
    acts.add_parser("list", help="what is due, and each job that was given up").set_defaults(run=_list)
    retry = acts.add_parser("retry", help="try a job again that was given up, or all of them")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("number", metavar="NUMBER", nargs="?", type=int, help="as `marketdesk jobs list` prints it")
    which.add_argument("--all", action="store_true", help="such as after the mail server was away")
    retry.set_defaults(run=_retry)
    drop = acts.add_parser("drop", help="let a job go that was given up")
    drop.add_argument("number", metavar="NUMBER", type=int, help="as `marketdesk jobs list` prints it")
    drop.set_defaults(run=_drop)


def _list(_options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.utils import timezone

    from marketdesk.journal.models import Job

    now = timezone.now()
    first = Job.due(now).order_by("run_at").first()
    say(f"{Job.due(now).count()} due" + (f", the oldest since {first.run_at:%Y-%m-%d %H:%M:%S} UTC" if first else ""))
    for job in Job.dead():
        print(f"{job.pk}  {job.kind}  given up {job.dead_at:%Y-%m-%d %H:%M} UTC  {job.attempts} tries  {job.error}")
    return 0


def _retry(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.outbox import dead_jobs

    if options.all:
        say(f"{dead_jobs.revive_all(by=operator())} tried again.")
    else:
        _decide(options.number, dead_jobs.revive)
        say("It is tried again.")
    return 0


def _drop(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.outbox import dead_jobs

    _decide(options.number, dead_jobs.drop)
    say("Let go. It will not be done.")
    return 0


def _decide(number: int, act: Callable[..., None]) -> None:
    from marketdesk.journal.models import Job
    from marketdesk.tickets.errors import NotAllowed

    job = Job.dead().filter(pk=number).first()
    if job is None:
        raise Refused(f"No job {number} was given up: `marketdesk jobs list` prints those that were.")
    try:
        act(job, by=operator())
    except NotAllowed as refused:
        raise Refused(str(refused)) from None
