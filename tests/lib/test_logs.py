"""The log names no address that lets its reader in."""

import logging
import sys

import pytest

from marketdesk.lib import secret
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


def test_a_link_for_a_new_password_is_left_out_of_the_log() -> None:
    line = written("GET '/accounts/password/reset/key/1k-d0xq2b-8f5e0d4c3b2a19087766554433221100/' 302")

    assert line == "GET '/accounts/password/reset/key/…/' 302"
    assert written("/accounts/password/reset/key/1k-set-password/") == "/accounts/password/reset/key/1k-set-password/"


def test_a_link_of_a_picture_is_left_out_of_the_log() -> None:
    line = written("GET '/api/files/60c0a1b2c3d4e5f600000501.3.app-5:1wBx9a:c2lnbmF0dXJl.jpg' failed")

    assert line == "GET '/api/files/….3.app-5:1wBx9a:c2lnbmF0dXJl.jpg' failed", "a picture without its number is none"


@pytest.mark.parametrize("prefix", ["md", "mdr", "mdc", "mds", "mdi"])
def test_what_a_program_carries_is_left_out_wherever_it_stands(prefix: str) -> None:
    carried = secret.new(prefix)

    assert written(f"{{'token': '{carried}'}}") == f"{{'token': '{prefix}_…'}}"
    assert written(f"Bearer {carried}") == f"Bearer {prefix}_…"


@pytest.mark.parametrize("name", ["access_token", "key", "client_secret", "code", "refresh_token", "code_verifier"])
def test_what_stands_in_an_address_by_its_name_is_left_out(name: str) -> None:
    line = written(f"GET /api/v2/oauth/access_token?{name}=canary%21&state=1&x=2&{name}=canary HTTP/1.1")

    assert line == f"GET /api/v2/oauth/access_token?{name}=…&state=1&x=2&{name}=… HTTP/1.1"


@pytest.mark.parametrize("line", ["monkey=banana", "error_code=7", "md_ is how they begin", "/api/v2/ticket?id=7&x=1"])
def test_other_words_stay(line: str) -> None:
    assert written(line) == line


def written(words: str) -> str:
    return Discreet().format(logging.LogRecord("x", logging.ERROR, "", 1, words, (), None))


def test_other_addresses_stay() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 1, "/support/tickets/0123456789abcdef01234567", (), None)

    assert Discreet().format(record) == "/support/tickets/0123456789abcdef01234567"
