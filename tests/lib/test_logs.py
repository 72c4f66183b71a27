"""The log names no address that lets its reader in."""

import logging
import sys

from marketdesk.lib.logs import Discreet

TOKEN = "XH0JXiXQQmK3OO57ZnZNBPAsafqQGU-iUdKs9xSIy1To"


def test_a_link_of_a_mail_is_left_out_of_the_log() -> None:
    try:
        raise ValueError(f"/t/{TOKEN}/my/")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "%s: %s", ("Error", f"/t/{TOKEN}/my/0a"), sys.exc_info())

    line = Discreet("{message}", style="{").format(record)

    assert TOKEN not in line
    assert line.startswith("Error: /t/…/my/0a")
    assert "ValueError: /t/…/my/" in line


def test_other_addresses_stay() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 1, "/support/tickets/0123456789abcdef01234567", (), None)

    assert Discreet().format(record) == "/support/tickets/0123456789abcdef01234567"
