"""`marketdesk policy`: what the operator promises, for those who set up a desk by a script."""

import argparse
import json
from dataclasses import asdict, fields
from typing import Any, get_origin

from marketdesk.cli.starting import Commands, Refused, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    policy = commands.add_parser("policy", help="show and change what the operator promises")
    acts = policy.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = acts.add_parser("show", help="every promise as it is now, or one")
    show.add_argument("name", metavar="NAME", nargs="?")
    show.set_defaults(run=_show)
    change = acts.add_parser("set", help="change one from now on")
    change.add_argument("name", metavar="NAME", help="as `marketdesk policy show` prints it")
    change.add_argument("value", metavar="VALUE", help="words as they are, several divided by commas; else JSON")
    change.add_argument("--reason", required=True, metavar="WORDS", help="why, for those who look it up later")
    change.set_defaults(run=_set)


def _show(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.policy import promises

    values = asdict(promises.current())
    if options.name:
        _known(options.name)
        values = {options.name: values[options.name]}
    for name, value in values.items():
        print(f"{name} {_written(value)}")
    return 0


def _set(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.people.actor import Actor
    from marketdesk.people.party import Party
    from marketdesk.policy import promises

    value = _read(options.name, options.value)
    if not 0 < len(options.reason.strip()) <= 500:
        raise Refused("Say in a few words why (--reason), for those who look it up later.")
    by = Actor(Party.SUPPORT, name="the command line", app="command line")
    try:
        promises.change({options.name: value}, reason=options.reason.strip(), by=by)
    except promises.BadPolicy as bad:
        raise Refused(str(bad)) from None
    say(f"{options.name} is {_written(value)} from now on.")
    return 0


def _known(name: str) -> Any:
    """The type of a promise."""
    from marketdesk.policy.defaults import Policy

    found = {one.name: one.type for one in fields(Policy)}
    if name not in found:
        raise Refused(f"There is no promise named {name!r}. `marketdesk policy show` prints them.")
    return found[name]


def _read(name: str, text: str) -> Any:
    """A value as the policy keeps it."""
    kind = _known(name)
    if kind is str:
        return text.strip()
    if kind == list[str]:
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        value = json.loads(text)
        if get_origin(kind) in {list, dict} and not isinstance(value, get_origin(kind)):
            raise ValueError(text)
    except ValueError:
        raise Refused(
            f"{text!r} cannot be a value of {name}: write it as `marketdesk policy show` prints it."
        ) from None
    return value


def _written(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
