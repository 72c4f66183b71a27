"""`marketdesk webhook`: who is told what happens."""

import argparse

from marketdesk.cli.arguments import moment
from marketdesk.cli.starting import Commands, Refused, operator, prepare, say, start


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    webhook = commands.add_parser("webhook", help="tell the marketplace's programs what happens")
    acts = webhook.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = acts.add_parser("add", help="tell an address of events; prints the secret, which is shown once")
    add.add_argument("url", metavar="URL")
    add.add_argument("--events", default="", help="such as ticket.opened,refund.requested (default: all)")
    add.set_defaults(run=_add)
    acts.add_parser("list", help="the endpoints, and what waits for them").set_defaults(run=_list)
    for name, does in {
        "choose": "tell it of other events",
        "rotate": "a new secret; the old one is good for another 24 hours",
        "disable": "tell it nothing more",
        "enable": "tell it again, and send what still waits",
        "test": "send it a message that says nothing",
    }.items():
        act = acts.add_parser(name, help=does)
        act.add_argument("id", metavar="ID", help="as `marketdesk webhook list` prints it")
        act.set_defaults(run=_change, act=name)
        if name == "choose":
            act.add_argument("--events", default="", help="such as ticket.opened,refund.requested (default: all)")
    replay = acts.add_parser("replay", help="send one message again, or everything since a moment")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("delivery", metavar="DELIVERY", nargs="?", help="the message's id: msg_…")
    which.add_argument("--since", metavar="TIME", type=moment, help="such as 2026-11-18 or 2026-11-18T10:00Z")
    replay.set_defaults(run=_replay)


def _add(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.outbox.webhooks import endpoints

    try:
        endpoint, secret = endpoints.add(options.url, _kinds(options.events), by=operator())
    except endpoints.BadEndpoint as bad:
        raise Refused(str(bad)) from None
    say(f"Endpoint {endpoint.public_id}. Its secret; keep it safe, it is not shown again:")
    print(secret)
    return 0


def _list(_options: argparse.Namespace) -> int:
    start()
    prepare()
    from django.db.models import Count, Q

    from marketdesk.outbox.models import Endpoint

    waiting = Count("deliveries", filter=Q(deliveries__status="waiting"))
    given_up = Count("deliveries", filter=Q(deliveries__status="given_up"))
    for one in Endpoint.of_operator().annotate(waiting=waiting, lost=given_up).order_by("pk"):
        state = f"disabled ({one.disabled_because})" if one.disabled_at else "failing" if one.failing_since else "works"
        print(f"{one.public_id}  {state}  {one.waiting} waiting  {one.lost} given up  {one.url}  ", end="")
        print(",".join(one.kinds) or "all events")
    return 0


def _change(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.outbox.models import Endpoint
    from marketdesk.outbox.webhooks import endpoints

    endpoint = Endpoint.of_operator().filter(public_id=options.id).first()
    if endpoint is None:
        raise Refused(f"There is no endpoint {options.id!r}: `marketdesk webhook list` prints them.")
    try:
        match options.act:
            case "choose":
                endpoints.choose(endpoint, _kinds(options.events), by=operator())
            case "rotate":
                secret = endpoints.rotate(endpoint, by=operator())
                say("The new secret; keep it safe, it is not shown again. The old one is good for another 24 hours:")
                print(secret)
            case "disable":
                endpoints.disable(endpoint, by=operator())
            case "enable":
                endpoints.enable(endpoint, by=operator())
            case "test":
                message = endpoints.send_test(endpoint, by=operator()).message_id
                say(f"The worker sends {message}.")
    except endpoints.BadEndpoint as bad:
        raise Refused(str(bad)) from None
    return 0


def _replay(options: argparse.Namespace) -> int:
    start()
    prepare()
    from marketdesk.outbox.webhooks import replaying

    if options.since:
        number = replaying.replay_since(options.since, by=operator())
    else:
        number = replaying.replay_message(options.delivery, by=operator())
    if not number:
        raise Refused("There is nothing to send again: no such message, or no endpoint that is enabled.")
    say(f"The worker sends {number} again.")
    return 0


def _kinds(words: str) -> list[str]:
    return [kind.strip() for kind in words.split(",") if kind.strip()]
