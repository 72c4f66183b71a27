"""An old SQLite is refused before it can harm anything."""

import sqlite3

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketdesk.lib import sqlite


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2), (3, 7, 0)])
def test_a_version_that_can_corrupt_is_refused_in_words(version: tuple[int, ...]) -> None:
    with pytest.raises(ImproperlyConfigured, match="pysqlite3") as refusal:
        sqlite.refuse_unsafe(version)

    assert ".".join(map(str, version)) in str(refusal.value)


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 52, 0), (4, 0, 0)])
def test_a_safe_version_is_taken(version: tuple[int, ...]) -> None:
    sqlite.refuse_unsafe(version)


def test_the_one_in_use_is_safe() -> None:
    sqlite.refuse_unsafe()
    assert sqlite3.sqlite_version_info >= sqlite.OLDEST_SAFE
