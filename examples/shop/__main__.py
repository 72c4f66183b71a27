"""`python -m shop`: the shop and its worker, in one process."""

import logging
import os
import sys

import waitress

from shop import app, books, settings
from shop.work import Worker


def main() -> None:
    """Serve until a signal ends us; what was not finished is in the books."""
    logging.basicConfig(level=logging.INFO, format="shop: %(message)s")
    ours = settings.read()
    books.prepare(ours.database)
    worker = Worker(ours)
    worker.start()
    application = app.make(ours, worker.wake.set)
    try:
        waitress.serve(application, host="127.0.0.1", port=int(os.environ["SHOP_PORT"]), threads=8, ident=None)
    except OSError as failure:
        sys.exit(f"The shop cannot listen on port {os.environ['SHOP_PORT']} ({failure.strerror}). Set SHOP_PORT.")


if __name__ == "__main__":
    main()
