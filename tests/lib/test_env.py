"""Settings from the environment: each says in words what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketdesk.lib import env

HOME = Path("/srv/desk")
Given = Callable[[str], None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    return lambda value: monkeypatch.setenv("DESK_TEST", value)


def test_text_falls_back(given: Given) -> None:
    assert env.text("DESK_NOT_SET", "else") == "else"
    given("  ")
    assert env.text("DESK_TEST", "else") == "else"
    given(" a b ")
    assert env.text("DESK_TEST", "else") == "a b"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("1", True),
        ("Yes", True),
        ("on", True),
        ("TRUE", True),
        ("0", False),
        ("no", False),
        ("Off", False),
        ("false", False),
    ],
)
def test_a_flag_is_yes_or_no(given: Given, value: str, meant: bool) -> None:
    given(value)

    assert env.flag("DESK_TEST", default=not meant) is meant


def test_a_flag_falls_back_and_refuses_what_is_neither(given: Given) -> None:
    assert env.flag("DESK_NOT_SET") is False
    assert env.flag("DESK_NOT_SET", default=True) is True
    given("perhaps")
    with pytest.raises(ImproperlyConfigured, match="DESK_TEST is 'perhaps': write yes or no"):
        env.flag("DESK_TEST")


def test_a_number_is_whole(given: Given) -> None:
    assert env.number("DESK_NOT_SET", 7) == 7
    given("12")
    assert env.number("DESK_TEST", 7) == 12
    given("12.5")
    with pytest.raises(ImproperlyConfigured, match="write a whole number"):
        env.number("DESK_TEST", 7)


def test_words_are_divided_by_commas(given: Given) -> None:
    given("a.example, b.example,,")

    assert env.words("DESK_TEST") == ["a.example", "b.example"]
    assert env.words("DESK_NOT_SET") == []


def test_a_folder_is_absolute_and_not_made(given: Given, tmp_path: Path) -> None:
    given(str(tmp_path / "x" / ".." / "home"))

    assert env.folder("DESK_TEST", "var") == tmp_path / "home"
    assert not (tmp_path / "home").exists()


def test_no_url_means_sqlite_at_home_safely_set() -> None:
    found = env.database("", HOME)

    assert found["NAME"] == "/srv/desk/marketdesk.sqlite3"
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in found["OPTIONS"]["init_command"]


def test_a_sqlite_url_names_a_file() -> None:
    assert env.database("sqlite:///data/my%20desk.sqlite3", HOME)["NAME"] == "/data/my desk.sqlite3"


def test_a_postgresql_url_is_read_whole() -> None:
    found = env.database("postgresql://ada:s%40crit@db.example:5433/desk?sslmode=verify-full", HOME)

    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "ada",
        "s@crit",
        "db.example",
        "5433",
        "desk",
    )
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert "lock_timeout" in found["OPTIONS"]["options"]


def test_a_socket_is_named_as_host() -> None:
    found = env.database("postgres://postgres@/desk?host=/run/postgresql", HOME)

    assert (found["HOST"], found["PORT"], found["NAME"]) == ("/run/postgresql", "", "desk")
    assert "host" not in found["OPTIONS"]


def test_another_database_is_refused_in_words() -> None:
    with pytest.raises(ImproperlyConfigured, match="begins with 'mysql'"):
        env.database("mysql://x/y", HOME)
