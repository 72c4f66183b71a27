"""Starts Marketdesk as several machines would run it: `python -m tests.production [--port N] [--journeys [PATHS]]`."""

import argparse
import json
import signal
import sys

from tests.production.topology import WALKED, journeys, production


def main() -> int:
    """Start it, say where it is, and stop it on Ctrl+C; or walk the journeys against it."""
    parser = argparse.ArgumentParser(prog="python -m tests.production", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where nginx listens (default: a free port)")
    parser.add_argument(
        "--journeys", nargs=argparse.REMAINDER, metavar="WORDS", help="walk the journeys, with pytest's own arguments"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with production("marketdesk" if options.journeys is None else WALKED, options.port) as everything:
        if options.journeys is not None:
            return journeys(everything, options.journeys)
        told = everything.webs[0].run("demo", "--json")
        print(f"nginx      {everything.nginx.url}")
        for web in everything.webs:
            print(f"web        {web.url}  {web.home}")
        for worker in everything.workers:
            print(f"worker     {worker.home}")
        print(f"primary    {everything.settings['DATABASE_URL']}")
        print(f"replica    {everything.settings['DATABASE_REPLICA_URL']}")
        for person in json.loads(told.stdout)["people"]:
            print(f"{person['role']:<10} {person['email']}  {person['password']}")
        print("Ctrl+C stops it.", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("Stopping.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
