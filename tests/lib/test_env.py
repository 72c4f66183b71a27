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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ada:se/cret@db.example:5433x/desk", "%23 for #"),
        ("postgresql://ada@db.example", "names no database"),
        ("sqlite://", "names no file"),
        ("sqlite://home/desk.sqlite3", "names no file"),
    ],
)
def test_a_database_url_that_is_not_whole_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said) as refused:
        env.database(url, HOME)

    assert "cret" not in str(refused.value)


def test_a_session_has_the_time_outs_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "5")

    options = env.database("postgresql://db.example/desk?options=-c work_mem=8MB", HOME)["OPTIONS"]["options"]

    assert options.startswith("-c statement_timeout=5000 -c lock_timeout=10000")
    assert options.endswith("-c work_mem=8MB")


def test_a_pool_takes_the_place_of_kept_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL", "4")

    found = env.database("postgresql://db.example/desk", HOME)

    assert found["CONN_MAX_AGE"] == 0
    assert found["OPTIONS"]["pool"]["max_size"] == 4


def test_behind_a_pooler_nothing_is_prepared_and_no_session_is_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PGBOUNCER", "yes")

    found = env.database("postgresql://db.example/desk", HOME)

    assert found["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert found["OPTIONS"]["prepare_threshold"] is None
    assert "options" not in found["OPTIONS"]


def test_the_owner_has_the_same_database(monkeypatch: pytest.MonkeyPatch) -> None:
    served = env.database("postgresql://web@db.example/desk", HOME)
    assert env.owner("DESK_OWNER", served) is None

    monkeypatch.setenv("DESK_OWNER", "postgresql://owner@db.example/other")
    with pytest.raises(ImproperlyConfigured, match="DESK_OWNER must name the same"):
        env.owner("DESK_OWNER", served)


def test_files_are_in_the_home_or_in_a_bucket(given: Given) -> None:
    assert env.files("NOT_SET")["BACKEND"].endswith("Folder")

    given("s3://desk/shop/a?endpoint=https://s3.example:9000&region=eu-central-1")
    found = env.files("DESK_TEST")

    assert found["BACKEND"].endswith("Bucket")
    assert found["OPTIONS"] == {
        "bucket_name": "desk",
        "location": "shop/a",
        "region_name": "eu-central-1",
        "endpoint_url": "https://s3.example:9000",
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("/srv/files", "write s3://bucket"),
        ("s3://", "write s3://bucket"),
        ("s3://key:hush@desk/shop", "AWS_SECRET_ACCESS_KEY"),
        ("s3://desk?acl=public", "acl: only endpoint and region"),
        ("s3://desk?endpoint=s3.example", "begins with https://"),
    ],
)
def test_an_address_of_files_that_cannot_be_read_is_said(given: Given, value: str, words: str) -> None:
    given(value)

    with pytest.raises(ImproperlyConfigured, match=words) as refusal:
        env.files("DESK_TEST")

    assert "hush" not in str(refusal.value)


def test_a_bucket_without_its_packages_is_said(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    given("s3://desk")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(ImproperlyConfigured, match=r"pip install 'marketdesk\[s3\]'"):
        env.files("DESK_TEST")
