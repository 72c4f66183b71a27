"""What is written down of a request, without what would let a reader in."""

import logging
import re

# A prefix of the address that says who comes: the token of a link in a mail, the key of a session.
SECRET = re.compile(r"(/(?:t|in)/)[\w-]{16,}")


class Discreet(logging.Formatter):
    """Lines in which such a word stands as three dots, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET.sub(r"\1…", super().format(record))
