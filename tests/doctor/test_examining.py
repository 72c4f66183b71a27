"""What the doctor finds: each thing that can be wrong, one at a time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, NotSupportedError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from marketdesk.doctor import database, examining, surroundings, work
from marketdesk.doctor.finding import Check, Finding, Level, mend
from marketdesk.journal.models import Event, Job
from marketdesk.lib import database_words
from marketdesk.tickets.models import Ticket, Wait
from marketdesk.translations.engines import model_files

pytestmark = pytest.mark.django_db


def found(check: Check) -> list[tuple[str, Level]]:
    return [(one.name, one.level) for one in check()]


@pytest.mark.parametrize(("engine", "level"), [("none", Level.FINE), ("firefox", Level.LOOK), ("deepl", Level.LOOK)])
def test_an_engine_that_cannot_translate_is_pointed_out(
    engine: str, level: Level, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRANSLATION_ENGINE, settings.TRANSLATION_MODELS = engine, tmp_path
    settings.TRANSLATION_URL, settings.TRANSLATION_KEY = "http://127.0.0.1:1", "a-key"
    monkeypatch.setattr(model_files, "found", lambda _folder: {})

    assert found(surroundings.messages_can_be_translated) == [("translation", level)]


def test_an_installation_in_order_has_nothing_to_mend(ticket: Ticket, settings: Any) -> None:
    checks = [check for check in examining.ALL if check is not surroundings.is_not_for_developing]

    assert [str(one) for one in examining.examine(checks) if one.level is Level.MEND] == []


@pytest.mark.parametrize(
    ("settings_of", "check", "level"),
    [
        ({"BASE_URL": "https://desk.example", "ALLOWED_HOSTS": ["other.example"]}, "address_is_right", Level.MEND),
        ({"BASE_URL": "https://desk.example", "ALLOWED_HOSTS": ["*"]}, "address_is_right", Level.LOOK),
        ({"BASE_URL": "http://desk.example:80", "ALLOWED_HOSTS": [".example"]}, "address_is_right", Level.LOOK),
        (
            {"BASE_URL": "https://desk.example", "ALLOWED_HOSTS": ["desk.example"], "SECURE": True},
            "address_is_right",
            Level.MEND,
        ),
        (
            {"SECURE": True, "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"},
            "mail_is_sent",
            Level.LOOK,
        ),
        (
            {
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": 1,
            },
            "mail_is_sent",
            Level.MEND,
        ),
        ({"SECURE": True, "DEBUG": True}, "is_not_for_developing", Level.MEND),
    ],
)
def test_settings_that_do_not_fit(settings_of: dict[str, Any], check: str, level: Level, settings: Any) -> None:
    for name, value in settings_of.items():
        setattr(settings, name, value)

    assert level in [one for _, one in found(getattr(surroundings, check))]


def test_a_disk_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROOM_WANTED", "ROOM_NEEDED"):
        monkeypatch.setattr(surroundings, name, 1 << 62)
        level = Level.LOOK if name == "ROOM_WANTED" else Level.MEND
        assert found(surroundings.disk_has_room) == [("disk", level)]


def test_a_key_that_others_can_read(settings: Any) -> None:
    kept = Path(settings.HOME) / "secret-key"
    kept.write_text("x")
    kept.chmod(0o640)

    assert found(surroundings.secret_is_kept) == [("secret-key", Level.MEND)]


def test_sqlite_on_a_network_file_system(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.IS_SQLITE = True
    monkeypatch.setattr(surroundings, "_file_system", lambda _: "nfs4")

    assert found(surroundings.home_is_on_this_machine) == [("home", Level.MEND)]


def test_pictures_that_cannot_be_kept(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    settings.MEDIA_ROOT = tmp_path / "in-the-way" / "files"

    assert found(surroundings.files_are_kept) == [("files", Level.MEND)]


def test_nobody_does_what_is_due(ticket: Ticket) -> None:
    Job.objects.all().delete()
    Job.put("mail", {}, run_at=timezone.now() - timedelta(hours=1))
    Wait.objects.update(due_at=timezone.now() - timedelta(hours=1))

    assert found(work.jobs_are_done) == [("worker", Level.MEND)]
    assert found(work.answers_are_watched) == [("waits", Level.MEND)]


def test_a_job_that_was_given_up() -> None:
    Job.objects.create(kind="mail", dead_at=timezone.now(), error="no such mailbox", run_at=timezone.now())

    [fine, look] = work.jobs_are_done()

    assert (fine.level, look.level) == (Level.FINE, Level.LOOK)
    assert "no such mailbox" in look.words


def test_a_clock_behind_what_was_written() -> None:
    for ahead, level in ((timedelta(hours=1), Level.LOOK), (timedelta(days=1), Level.MEND)):
        Event.objects.create(verb="x", subject_kind="x", subject_id=1, at=timezone.now() + ahead)
        if connection.vendor == "sqlite":
            assert found(database.clock) == [("clock", level)]


def test_a_database_of_a_newer_version() -> None:
    MigrationRecorder(connection).record_applied("tickets", "9999_from_the_future")

    assert found(database.is_not_newer) == [("newer-database", Level.MEND)]


def test_a_version_that_is_not_prepared() -> None:
    MigrationRecorder.Migration.objects.filter(app="tickets").latest("id").delete()

    assert found(database.is_prepared) == [("schema", Level.MEND)]


def test_a_server_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.features, "minimum_database_version", (99,))
    with pytest.raises(NotSupportedError) as refused:
        connection.check_database_version_supported()

    assert "99 or later is required" in database_words.reason(refused.value)
    assert "Upgrade" in database_words.advice(refused.value)


def test_what_the_operator_accepts_is_said_and_no_more(settings: Any) -> None:
    def bad() -> Any:
        yield mend("durability", "It forgets.")

    before = [one.level for one in examining.examine([bad])]
    settings.ACCEPTED = frozenset({"durability"})

    assert before == [Level.MEND]
    assert list(examining.examine([bad])) == [Finding("durability", Level.LOOK, "It forgets.")]


def test_a_database_that_failed_is_not_asked_again() -> None:
    asked: list[str] = []

    def fails() -> Any:
        raise OperationalError("disk I/O error: No space left on device")
        yield

    def later() -> Any:
        asked.append("later")
        yield mend("never", "")

    [only] = examining.examine([fails, later])

    assert only.level is Level.MEND
    assert "make room" in only.to_do
    assert asked == []


@pytest.mark.parametrize(
    ("said", "advised"),
    [
        ('connection failed: FATAL:  password authentication failed for user "web"', "user and password"),
        ('FATAL:  database "desk" does not exist', "createdb"),
        ('FATAL:  role "web" does not exist', "Create that role"),
        ("FATAL:  sorry, too many clients already", "DATABASE_POOL"),
        ("FATAL:  the database system is starting up", "try again"),
        ("database or disk is full", "make room"),
        ("cannot execute INSERT in a read-only transaction", "primary"),
        ("attempt to write a readonly database", "written to"),
        ("database disk image is malformed", "backup"),
        ("permission denied for table tickets_ticket", "marketdesk prepare"),
        ("something nobody has seen before", "Check DATABASE_URL"),
    ],
)
def test_each_refusal_of_a_database_has_its_advice(said: str, advised: str) -> None:
    assert advised in database_words.advice(DataError(said))
    assert database_words.reason(DataError(f"\n{said}\nDETAIL: more")) == said


def test_a_file_system_is_known_by_its_longest_mount(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = f"a / ext4 rw 0 0\nb {tmp_path} nfs rw 0 0\nc {tmp_path}/other tmpfs rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda _: mounts)

    assert surroundings._file_system(tmp_path / "home") == "nfs"
