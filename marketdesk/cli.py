"""The command line: `marketdesk serve | worker | demo | import | token | key | webhook | manage`."""

import argparse
import errno
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from marketdesk.lib import env
from marketdesk.version import VERSION


class Refused(Exception):
    """The command cannot be done; the text says why, and what to do about it."""


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

    serve = commands.add_parser("serve", help="serve the pages and the API, with the worker beside them")
    serve.add_argument("--port", type=_port, help="where to listen (default: PORT, else 8000)")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--processes", type=_whole, help="web processes (default: one for each core)")
    serve.add_argument("--no-worker", action="store_true", help="run the worker apart: marketdesk worker")
    serve.add_argument("--demo", action="store_true", help="fill an empty home with the demo marketplace first")
    serve.set_defaults(run=_serve)

    worker = commands.add_parser("worker", help="do what is due: mails, reminders, takeovers")
    worker.set_defaults(run=_worker)

    demo = commands.add_parser("demo", help="fill an empty database with a made-up marketplace")
    demo.add_argument("--json", action="store_true", help="print people, passwords and tokens as one JSON object")
    demo.set_defaults(run=_demo)

    importing = commands.add_parser("import", help="read merchants, products, customers and orders from files")
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines (.jsonl) or .csv")
    importing.add_argument("--strict", action="store_true", help="change nothing when any row is wrong")
    importing.set_defaults(run=_import)

    token = commands.add_parser("token", help="make an API access token for a merchant; it is shown once")
    token.add_argument("merchant", metavar="MERCHANT", help="the merchant's id or exact name")
    token.add_argument("--name", default="command line", help="what the token is for (default: %(default)s)")
    token.set_defaults(run=_token)

    _add_key(commands.add_parser("key", help="keys of the marketplace's own programs (the Platform API)"))
    _add_webhook(commands.add_parser("webhook", help="tell the marketplace's programs what happens"))

    commands.add_parser("manage", help="Django's own commands: marketdesk manage help", add_help=False)
    return parser


def _add_key(key: argparse.ArgumentParser) -> None:
    acts = key.add_subparsers(title="what to do", metavar="ACT", required=True)
    create = acts.add_parser("create", help="make a key; it is shown once")
    create.add_argument("name", metavar="NAME", help="the program that it is for, such as shop")
    create.add_argument("--scopes", default="", metavar="A,B", help="what it may be used for (default: everything)")
    create.add_argument("--days", type=_whole, help="end it after so many days (default: never)")
    create.set_defaults(run=_key_create)
    acts.add_parser("list", help="show all keys, never the secrets").set_defaults(run=_key_list)
    rotate = acts.add_parser("rotate", help="make a second key beside a program's first, which ends later")
    rotate.add_argument("name", metavar="NAME")
    rotate.add_argument(
        "--days", type=_whole, default=7, help="how long the old key still works (default: %(default)s)"
    )
    rotate.set_defaults(run=_key_rotate)
    revoke = acts.add_parser("revoke", help="end a key at once")
    revoke.add_argument("number", type=_number, metavar="NUMBER", help="as marketdesk key list shows it")
    revoke.set_defaults(run=_key_revoke)


def _add_webhook(webhook: argparse.ArgumentParser) -> None:
    acts = webhook.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = acts.add_parser("add", help="tell an address of events; prints the secret, which is shown once")
    add.add_argument("url", metavar="URL")
    add.add_argument("--events", default="", help="such as ticket.opened,refund.requested (default: all)")
    add.set_defaults(run=_webhook_add)
    acts.add_parser("list", help="the endpoints, and what waits for them").set_defaults(run=_webhook_list)
    for name, does in {
        "rotate": "a new secret; the old one is good for another 24 hours",
        "disable": "tell it nothing more",
        "enable": "tell it again, and send what still waits",
    }.items():
        act = acts.add_parser(name, help=does)
        act.add_argument("id", metavar="ID", help="as `marketdesk webhook list` prints it")
        act.set_defaults(run=_webhook_change, act=name)
    replay = acts.add_parser("replay", help="send one message again, or everything since a moment")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("delivery", metavar="DELIVERY", nargs="?", help="the message's id: msg_…")
    which.add_argument("--since", metavar="TIME", type=_moment, help="such as 2026-11-18 or 2026-11-18T10:00Z")
    replay.set_defaults(run=_webhook_replay)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: write 2026-11-18 or 2026-11-18T10:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number.")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write a number from 1 to 65535.")
    return int(text)


def _whole(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 256.")
    return int(text)


# The commands


def _serve(options: argparse.Namespace) -> int:
    if options.port:
        os.environ["PORT"] = str(options.port)  # the links in mails name it
    port = env.number("PORT", 8000)
    _start()
    from marketdesk import serving

    try:
        listening = serving.listen(options.host, port)
    except OSError as failure:
        raise Refused(_address_words(failure, options.host, port)) from None
    _prepare()
    summary = _filled_demo() if options.demo else None
    from django.conf import settings

    if summary:
        _print_people(summary, _one_of_each_role(summary["people"]), sys.stderr)
    serving.load_pages()
    _say(f"Marketdesk {VERSION} serves {settings.BASE_URL} from {settings.HOME}. Ctrl+C stops it.")
    web = [
        serving.Child(f"web process {number}", lambda: serving.serve_pages(listening))
        for number in range(1, (options.processes or serving.cores()) + 1)
    ]
    worker = [] if options.no_worker else [serving.Child("worker", serving.work)]
    serving.Parent([*web, *worker]).run()
    _say("Stopped.")
    return 0


def _worker(_options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from marketdesk import schedule, serving

    stop = serving.stop_on(signal.SIGTERM, signal.SIGINT)
    _say("The worker does what is due. Ctrl+C stops it.")
    schedule.work(stop)
    return 0


def _demo(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from marketdesk.demo import filling

    try:
        summary = _fill()
    except filling.NotEmpty as full:
        raise Refused(str(full)) from None
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _print_people(summary, summary["people"], sys.stdout)
    return 0


def _import(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    _refuse_demo()
    from marketdesk import importing

    return importing.run(options.files, strict=options.strict, out=sys.stdout)


def _refuse_demo() -> None:
    """Everybody knows the demo's passwords: they never stand beside real data."""
    from django.conf import settings

    from marketdesk.demo import filling

    if filling.is_demo(settings.HOME):
        raise Refused(
            f"{settings.HOME} holds the demo marketplace, whose passwords everybody knows. Import into a home of its "
            "own: set MARKETDESK_HOME to a new folder. Nothing was changed."
        )


def _token(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.db.models import Q

    from marketdesk.merchants.models import AccessToken, Merchant

    asked = options.merchant
    found = list(Merchant.objects.filter(Q(external_id=asked) | Q(public_id=asked) | Q(name=asked))[:2])
    if not found:
        raise Refused(f"There is no merchant with the id or name {asked!r}.")
    if len(found) > 1:
        raise Refused(f"Several merchants are called {asked!r}: give the id instead.")
    _say(f"A token for {found[0].name}. Keep it safe: it is not shown again.")
    print(AccessToken.issue(found[0], options.name))
    return 0


def _key_create(options: argparse.Namespace) -> int:
    _start()
    _prepare()
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
    _say(f"A key for {options.name} ({', '.join(wanted)}). Keep it safe: it is not shown again.")
    print(PlatformKey.issue(options.name, wanted, expires_at))
    return 0


def _key_list(_options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    for key in PlatformKey.objects.all():
        until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "for ever"
        state = f"valid {until}" if key.is_valid(timezone.now()) else "revoked" if key.revoked_at else "expired"
        print(f"{key.pk:>4}  {key.name:<24}  {state:<30}  {','.join(key.scopes)}")
    return 0


def _key_rotate(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    try:
        key = PlatformKey.rotate(options.name, timezone.now(), timedelta(days=options.days))
    except PlatformKey.DoesNotExist:
        raise Refused(f"There is no valid key with the name {options.name!r}.") from None
    _say(f"A second key for {options.name}; the first one ends in {options.days} days. It is not shown again.")
    print(key)
    return 0


def _key_revoke(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.people.models import PlatformKey

    key = PlatformKey.objects.filter(pk=options.number).first()
    if key is None:
        raise Refused(f"There is no key {options.number}. marketdesk key list shows them.")
    key.revoke(timezone.now())
    _say(f"The key {key} is revoked.")
    return 0


def _webhook_add(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.outbox.webhooks import endpoints

    kinds = [kind.strip() for kind in options.events.split(",") if kind.strip()]
    try:
        endpoint, secret = endpoints.add(options.url, kinds, timezone.now())
    except endpoints.BadEndpoint as bad:
        raise Refused(str(bad)) from None
    _say(f"Endpoint {endpoint.public_id}. Its secret; keep it safe, it is not shown again:")
    print(secret)
    return 0


def _webhook_list(_options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.db.models import Count, Q

    from marketdesk.outbox.models import Endpoint

    waiting = Count("deliveries", filter=Q(deliveries__status="waiting"))
    given_up = Count("deliveries", filter=Q(deliveries__status="given_up"))
    for one in Endpoint.objects.annotate(waiting=waiting, lost=given_up).order_by("pk"):
        state = f"disabled ({one.disabled_because})" if one.disabled_at else "failing" if one.failing_since else "works"
        print(f"{one.public_id}  {state}  {one.waiting} waiting  {one.lost} given up  {one.url}  ", end="")
        print(",".join(one.kinds) or "all events")
    return 0


def _webhook_change(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.outbox.models import Endpoint
    from marketdesk.outbox.webhooks import endpoints

    endpoint = Endpoint.objects.filter(public_id=options.id).first()
    if endpoint is None:
        raise Refused(f"There is no endpoint {options.id!r}: `marketdesk webhook list` prints them.")
    if options.act == "rotate":
        _say("The new secret; keep it safe, it is not shown again. The old one is good for another 24 hours:")
        print(endpoints.rotate(endpoint, timezone.now()))
    elif options.act == "disable":
        endpoints.disable(endpoint, timezone.now())
    else:
        endpoints.enable(endpoint)
    return 0


def _webhook_replay(options: argparse.Namespace) -> int:
    _start()
    _prepare()
    from django.utils import timezone

    from marketdesk.outbox.webhooks import planning

    number = planning.replay(timezone.now(), message_id=options.delivery or "", since=options.since)
    if not number:
        raise Refused("There is nothing to send again: no such message, or no endpoint that is enabled.")
    _say(f"The worker sends {number} again.")
    return 0


def _manage(words: list[str]) -> int:
    _check_home()
    from django.core.management import ManagementUtility

    ManagementUtility(["marketdesk manage", *words]).execute()
    return 0


# What they share


def _start() -> None:
    """Read the settings, which refuse what cannot work."""
    _check_home()
    django.setup()
    from marketdesk import home

    home.make_folders()


def _check_home() -> None:
    """The home can be made and written to; otherwise say so before anything else fails on it."""
    home = env.folder("MARKETDESK_HOME", "var")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold letters, a database and the secret key
        tempfile.TemporaryFile(dir=home).close()
    except OSError as failure:
        raise Refused(
            f"The home folder {home} cannot be written to ({failure.strerror}). "
            "Change its permissions, or name another one with MARKETDESK_HOME."
        ) from None


def _prepare() -> None:
    from marketdesk import home

    home.prepare(_say)


def _filled_demo() -> dict[str, Any] | None:
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


def _one_of_each_role(people: list[dict[str, str]]) -> list[dict[str, str]]:
    first: dict[str, dict[str, str]] = {}
    for person in people:
        first.setdefault(person["role"], person)
    return list(first.values())


def _print_people(summary: dict[str, Any], people: list[dict[str, str]], out: TextIO) -> None:
    """Where to look, and whom to sign in as."""
    print(f"\nThe demo marketplace: {summary['url']}\nSign in as", file=out)
    for person in people:
        print(f"  {person['role']:<9} {person['email']:<36} {person['password']:<14} {person['name']}", file=out)
    if len(people) < len(summary["people"]):
        print("  and others: marketdesk demo", file=out)
    print(file=out)


def _address_words(failure: OSError, host: str, port: int) -> str:
    if failure.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: marketdesk serve --port {port + 1}"
    if failure.errno == errno.EACCES:
        return f"Port {port} is kept for the system's own programs. Choose one from 1024: --port 8000"
    return f"{host} port {port} cannot be listened on ({failure.strerror})."


def _database_words(failure: DatabaseError) -> str:
    reason = str(failure).strip().splitlines()[0] if str(failure).strip() else type(failure).__name__
    return (
        f"The database cannot be used: {reason}\nCheck DATABASE_URL, and that the database runs and can be written to."
    )


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _refuse(words: str) -> int:
    _say(f"marketdesk: {words}")
    return 1
