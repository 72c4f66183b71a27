"""What is written down of a request, without what would let a reader in."""

import logging
import re

# What stands in an address and lets its reader in: the token of a link in a mail, the key of a session, a picture that
# a program may fetch.
SECRET = re.compile(r"(/(?:t|in|api/files)/)[\w-]{16,}")
# What a program carries, by what we write before it; and what stands in an address by its name, whoever made
# it. Nothing writes these down on purpose.
CARRIED = re.compile(r"\b(md[a-z]?_)[\w-]{16,}")
NAMES = "access_token|refresh_token|client_secret|code_verifier|code|key"
NAMED = re.compile(rf"([?&](?:{NAMES})=)[^&\s'\"]+")


class Discreet(logging.Formatter):
    """Lines in which such a word stands as three dots, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for words in (SECRET, CARRIED, NAMED):
            line = words.sub(r"\1…", line)
        return line
