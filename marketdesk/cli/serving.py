"""`marketdesk serve` and `marketdesk worker`."""

import argparse
import errno
import gc
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from marketdesk.cli import demo
from marketdesk.cli.arguments import port, whole
from marketdesk.cli.starting import Commands, Refused, prepare, say, say_if_paused, start
from marketdesk.lib import env
from marketdesk.version import VERSION

if TYPE_CHECKING:
    from marketdesk.serving import ServedAlready


def add(commands: Commands) -> None:
    """Name the commands."""
    serve = commands.add_parser("serve", help="serve the pages and the API, with the worker beside them")
    serve.add_argument("--port", type=port, help="where to listen (default: PORT, else 8000)")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--processes", type=whole, help="web processes (default: one for each core)")
    serve.add_argument("--no-worker", action="store_true", help="run the worker apart: marketdesk worker")
    serve.add_argument("--demo", action="store_true", help="fill an empty home with the demo marketplace first")
    serve.set_defaults(run=_serve)

    worker = commands.add_parser("worker", help="do what is due: mails, reminders, takeovers")
    worker.set_defaults(run=_worker)


def _serve(options: argparse.Namespace) -> int:
    if options.port:
        os.environ["PORT"] = str(options.port)  # the links in mails name it
    number = env.number("PORT", 8000)
    gc.disable()  # what is loaded now stays for good: looking through it again and again is a sixth of a start
    start()
    from django.conf import settings

    from marketdesk import metrics, serving

    serving.share_one_heap()
    claim = serving.Claim() if settings.IS_SQLITE else None  # held as long as this is served
    try:
        if claim:
            claim.take()
    except serving.ServedAlready as other:
        raise Refused(_served_words(other)) from None
    try:
        listening = serving.listen(options.host, number)
    except OSError as failure:
        raise Refused(_address_words(failure, options.host, number)) from None
    prepare()
    summary = demo.filled() if options.demo else None
    if summary:
        demo.print_people(summary, demo.one_of_each_role(summary["people"]), sys.stderr)
    serving.load_pages()
    say(f"Marketdesk {VERSION} serves {settings.BASE_URL} from {settings.HOME}. Ctrl+C stops it.")
    say_if_paused()
    processes = options.processes or serving.cores()
    crowd = serving.Crowd(processes)
    web = [
        serving.Child(f"web process {number + 1}", partial(serving.serve_pages, listening, crowd, number))
        for number in range(processes)
    ]
    gc.enable()
    gc.freeze()  # the processes share this memory as long as nobody writes to it, the collector least of all
    worker = [] if options.no_worker else [serving.Child("worker", serving.work)]
    watching = [serving.Child("metrics", serving.tell_metrics)] if settings.METRICS_PORT else []
    _metrics_port_is_free()
    with metrics.shared():
        serving.Parent([*web, *worker, *watching]).run()
    say("Stopped.")
    return 0


def _worker(_options: argparse.Namespace) -> int:
    start()
    from django.conf import settings

    from marketdesk import metrics, serving

    serving.share_one_heap()
    try:
        if settings.IS_SQLITE:
            serving.Claim().refuse_elsewhere()
    except serving.ServedAlready as other:
        raise Refused(_served_words(other)) from None
    prepare()
    stop = serving.stop_on(signal.SIGTERM, signal.SIGINT)
    _metrics_port_is_free()
    with metrics.shared():
        if settings.METRICS_PORT:
            metrics.listen()
        say("The worker does what is due. Ctrl+C stops it.")
        say_if_paused()
        serving.do_what_is_due(stop)
    return 0


def _metrics_port_is_free() -> None:
    """Said at the start, not by a process that fails again and again."""
    from django.conf import settings

    if settings.METRICS_PORT:
        from marketdesk import serving

        try:
            serving.listen(settings.METRICS_HOST, settings.METRICS_PORT).close()
        except OSError as failure:
            raise Refused(
                f"MARKETDESK_METRICS_PORT: {settings.METRICS_HOST} port {settings.METRICS_PORT} cannot be listened on "
                f"({failure.strerror}). Set another one."
            ) from None


def _served_words(other: "ServedAlready") -> str:
    if other.is_elsewhere:
        return (
            f"This home is served by another machine ({other.host}, process {other.pid}). SQLite is for one machine: "
            "two damage the database. Stop that one, or use PostgreSQL."
        )
    return f"This home is served already, by process {other.pid}. Stop that one, or name another MARKETDESK_HOME."


def _address_words(failure: OSError, host: str, port: int) -> str:
    if failure.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one, such as --port {port + 1}."
    if failure.errno == errno.EACCES:
        return f"Port {port} is kept for the system's own programs. Choose one from 1024."
    return f"{host} port {port} cannot be listened on ({failure.strerror})."
