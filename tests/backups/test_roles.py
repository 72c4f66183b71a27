"""Where another role owns the tables, it is the one that is backed up as and restored as; who serves still may not."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.desk import Desk, surroundings
from tests.postgres import primary

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def server() -> Iterator[str]:
    """Two empty databases of an owner, and a role that may only come in; as an address to be filled in."""
    with primary() as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for role in ("owner", "web"):
                connection.execute(f"CREATE ROLE {role} LOGIN")
            for name in ("desk", "again"):
                connection.execute(f"CREATE DATABASE {name} OWNER owner")
        yield server.get_uri(database="DATABASE").replace("postgres:", "ROLE:", 1)


def _as(server: str, role: str, database: str) -> str:
    return server.replace("ROLE", role).replace("DATABASE", database)


def test_a_restored_desk_is_served_by_the_same_role(server: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.tar"
    desk = Desk({**surroundings(tmp_path / "home", 0), "DATABASE_URL": _as(server, "web", "desk")})
    again = Desk({**surroundings(tmp_path / "again", 0), "DATABASE_URL": _as(server, "web", "again")})
    desk_owner = {"DATABASE_OWNER_URL": _as(server, "owner", "desk")}
    again_owner = {"DATABASE_OWNER_URL": _as(server, "owner", "again")}
    assert desk.run("prepare", settings=desk_owner).returncode == 0
    assert desk.run("key", "create", "shop").returncode == 0

    made = desk.run("backup", str(backup), settings=desk_owner)
    assert made.returncode == 0, made.stderr
    refused = again.run("restore", str(backup), "--into", str(tmp_path / "half"))
    assert refused.returncode == 1
    assert "permission denied" in refused.stderr
    done = again.run("restore", str(backup), settings=again_owner)
    assert done.returncode == 0, done.stderr

    assert "shop" in again.run("key", "list").stdout
    assert again.run("key", "create", "till").returncode == 0
    with (
        psycopg.connect(_as(server, "web", "again")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DROP TABLE tickets_message CASCADE")
