"""What cannot be restored is refused before anything is written; what is restored sends nothing until it may."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from marketdesk import home, schedule, serving
from marketdesk.backups import UNFINISHED, archive, databases, restoring
from marketdesk.backups.databases import Impossible
from marketdesk.backups.writing import print_of
from marketdesk.version import VERSION
from tests.desk import Desk, fresh_database, surroundings, until


@pytest.fixture
def empty(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that a backup can be restored into."""
    settings.HOME = tmp_path / "home"
    settings.MEDIA_ROOT = settings.HOME / "files"
    monkeypatch.setattr(databases, "is_empty", lambda: True)
    return tmp_path / "home"


@pytest.fixture
def about(settings: Any) -> dict[str, Any]:
    return {
        "marketdesk": VERSION,
        "database": {"kind": connection.vendor},
        "migrations": {"tickets": ["0001_initial"], "gone_since": ["0001_initial"]},
        "key_print": print_of(settings.SECRET_KEY),
    }


def _refused(about: dict[str, Any], words: str, home: Path) -> None:
    before = sorted(home.rglob("*"))
    with pytest.raises(Impossible, match=words):
        restoring.refuse(about)
    assert sorted(home.rglob("*")) == before


@pytest.mark.django_db
def test_what_fits_is_not_refused(about: dict[str, Any], empty: Path) -> None:
    restoring.refuse(about)

    assert not empty.exists()


@pytest.mark.django_db
def test_a_backup_of_the_other_database_is_refused(about: dict[str, Any], empty: Path) -> None:
    about["database"] = {"kind": "sqlite" if connection.vendor == "postgresql" else "postgresql"}

    _refused(about, "to its own kind", empty)


@pytest.mark.django_db
def test_a_backup_of_a_newer_desk_is_refused(about: dict[str, Any], empty: Path) -> None:
    _refused({**about, "marketdesk": "99.0.1"}, "made by Marketdesk 99.0.1, which is newer", empty)
    _refused({**about, "migrations": {"tickets": ["9999_later"]}}, "it lacks tickets.9999_later", empty)


@pytest.mark.django_db
def test_a_backup_of_another_key_is_refused(about: dict[str, Any], empty: Path) -> None:
    _refused({**about, "key_print": print_of("another")}, "not the key that the backup was made with", empty)


@pytest.mark.django_db
def test_nothing_is_restored_over_something(
    about: dict[str, Any], empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "is_empty", lambda: False)
    _refused(about, "database is not empty", empty)
    monkeypatch.undo()

    empty.mkdir()
    (empty / "secret-key").write_text("mine")
    _refused(about, "is not empty", empty)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="needs SQLite")
@pytest.mark.parametrize("left", ["-wal", "-journal"])
def test_what_another_database_left_unfinished_is_not_mixed_with(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would take its last changes for ours."""
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "desk.sqlite3"))
    assert databases.is_empty()

    (tmp_path / f"desk.sqlite3{left}").touch()

    assert not databases.is_empty()


@pytest.mark.django_db
def test_pictures_of_another_desk_are_not_mixed_with(about: dict[str, Any], empty: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = empty.parent / "elsewhere"
    default_storage.save("pictures/ab/cd.jpg", ContentFile(b"theirs"))

    _refused(about, "holds pictures already", empty)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that has a mail to send, and is only backed up."""
    with fresh_database() as database:
        desk = Desk({**surroundings(tmp_path_factory.mktemp("desk") / "home", 0), **database})
        desk.prepare()
        assert desk.run("invite", "sofia@example.org", "--support").returncode == 0
        yield desk


def _home(desk: Desk) -> Path:
    return Path(desk.environment["MARKETDESK_HOME"])


@pytest.mark.slow
def test_a_restored_desk_sends_nothing_until_it_is_told_to(desk: Desk, tmp_path: Path, free_port: int) -> None:
    backup, again = tmp_path / "backup.tar", tmp_path / "again"
    assert desk.run("backup", str(backup)).returncode == 0

    assert "is there already" in desk.run("backup", str(backup)).stderr
    checked = desk.run("backup", "--check", str(backup))
    assert re.search(rf"is whole: made .* by Marketdesk {re.escape(VERSION)}", checked.stderr)
    assert "is not empty" in desk.run("restore", str(backup)).stderr
    assert not (_home(desk) / "mail").exists()

    with fresh_database() as database:
        restored = Desk({**surroundings(tmp_path / "ignored", free_port), **database})
        done = restored.run("restore", str(backup), "--into", str(again))
        assert done.returncode == 0, done.stderr
        assert "paused" in done.stderr
        assert not (tmp_path / "ignored").exists()
        assert (again / "secret-key").read_text() == (_home(desk) / "secret-key").read_text()

        restored.environment["MARKETDESK_HOME"] = str(again)
        restored.start("--processes", "1")
        try:
            assert not (again / "mail").exists()
            assert restored.run("resume").returncode == 0
            until(lambda: (again / "mail").exists() and list((again / "mail").iterdir()))
        finally:
            restored.kill()
        assert "not paused" in restored.run("resume").stderr


@pytest.mark.slow
def test_what_is_not_whole_is_not_restored_nor_what_was_broken_off_served(desk: Desk, tmp_path: Path) -> None:
    backup, again = tmp_path / "backup.tar", tmp_path / "again"
    assert desk.run("backup", str(backup), "--without-key").returncode == 0
    key = (_home(desk) / "secret-key").read_text()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(backup.read_bytes()[:-20_000])

    with fresh_database() as database:
        restored = Desk({**desk.environment, **database, "MARKETDESK_HOME": str(again)})
        assert "its end is missing" in restored.run("restore", str(cut)).stderr
        assert "Set MARKETDESK_SECRET_KEY" in restored.run("restore", str(backup)).stderr
        assert not again.exists()

        restored.environment["MARKETDESK_SECRET_KEY"] = key
        forged = tmp_path / "forged.tar"
        _forge(backup, forged)
        assert "not what the backup says of it: tickets_issue." in restored.run("restore", str(forged)).stderr
        assert (again / UNFINISHED).exists()
        served = restored.run("serve")
        assert served.returncode == 1
        assert "was broken off" in served.stderr


def _forge(backup: Path, forged: Path) -> None:
    """A sealed archive that says something else of its database than that holds."""
    with forged.open("wb") as file:
        writer = archive.Writer(file)
        for name, body in archive.parts(backup):
            if name == archive.ABOUT:
                about = json.loads(body.read())
                about["rows"]["tickets_issue"] += 1
                writer.add_bytes(name, json.dumps(about).encode())
            elif name != archive.SUMS:
                writer.add_bytes(name, body.read())
        writer.seal()


@pytest.mark.slow
def test_where_no_desk_is_no_backup_is_made(tmp_path: Path) -> None:
    nowhere = Desk(surroundings(tmp_path / "nowhere", 0))

    done = nowhere.run("backup", str(tmp_path / "backup.tar"))

    assert done.returncode == 1
    assert "There is no desk in" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_worker_waits_while_it_is_paused(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    worked = threading.Event()
    monkeypatch.setattr(schedule, "work", lambda _stop: worked.set())
    home.pause()
    worker = threading.Thread(target=serving.do_what_is_due, args=[threading.Event()])

    worker.start()
    assert not worked.wait(0.2)
    assert home.resume()

    assert worked.wait(5)
    worker.join()
    assert not home.resume()
