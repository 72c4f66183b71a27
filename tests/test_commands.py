"""The small commands, run in this process: what they print, and what they refuse. How `marketdesk` itself is called
shows `test_cli`."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.utils import timezone

from marketdesk import cli, home
from marketdesk.journal.models import Job
from marketdesk.policy import promises
from tests.arrivals import pem_of
from tests.desk import ROOT

pytestmark = pytest.mark.django_db

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> Run:
    """`run("key", "list")` runs a command on the test's database, which is prepared."""
    monkeypatch.setenv("MARKETDESK_HOME", str(tmp_path / "home"))
    for name in ("make_folders", "prepare"):
        monkeypatch.setattr(home, name, lambda *_: None)

    def _run(*words: str) -> "subprocess.CompletedProcess[str]":
        promises.forget()  # as a new process would
        try:
            code = cli.main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, out, err)

    return _run


def _refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """It ended with 1, in words, and printed nothing else."""
    assert done.returncode == 1
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "words", [[], ["dance"], ["serve", "--port", "http"], ["serve", "--processes", "0"], ["token"]]
)
def test_a_command_that_is_not_understood(words: list[str], run: Run) -> None:
    done = run(*words)

    assert done.returncode == 2
    assert "usage: marketdesk" in done.stderr


def test_a_file_that_is_not_there_cannot_be_imported(run: Run) -> None:
    done = run("import", "orders-nowhere.csv")

    assert done.returncode == 2
    assert "orders-nowhere.csv is not a file" in done.stdout


def test_an_invitation_that_makes_no_sense_is_refused(run: Run) -> None:
    _refused(run("invite", "eva@example.org", "--support", "--owner"), "owners")
    _refused(run("invite", "eva", "--support"), "eva", "mail address")
    _refused(run("invite", "eva@example.org", "--merchant", "nobody", "--owner"), "no merchant", "nobody")
    _refused(run("invite", "eva@example.org", "--support", "--language", "xx"), "languages")
    assert run("invite", "eva@example.org").returncode == 2


def test_a_token_for_nobody_is_refused(run: Run) -> None:
    _refused(run("token", "nobody"), "no merchant", "nobody")


def test_a_private_or_unknown_endpoint_is_refused_in_words(run: Run) -> None:
    _refused(run("webhook", "add", "https://127.0.0.1/"), "127.0.0.1", "MARKETDESK_WEBHOOK_ALLOW")
    _refused(run("webhook", "rotate", "nobody"), "nobody", "webhook list")


def test_a_platform_key_from_its_making_to_its_end(run: Run) -> None:
    made = run("key", "create", "shop", "--scopes", "orders:write,tickets:read", "--days", "90")
    again = run("key", "create", "shop")
    second = run("key", "rotate", "shop", "--days", "3")
    number = run("key", "list").stdout.split()[0]
    revoked = run("key", "revoke", number)
    listed = run("key", "list").stdout.splitlines()

    keys = [made.stdout.strip(), second.stdout.strip()]
    assert all(key.startswith("mdp_") for key in keys)
    assert keys[0] != keys[1]
    _refused(again, "shop", "key rotate")
    assert revoked.returncode == 0
    assert [line.split()[1:3] for line in listed] == [["shop", "revoked"], ["shop", "valid"]]
    assert all(line.endswith("orders:write,tickets:read") for line in listed)
    assert not any(key in line for key in keys for line in listed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "shop", "--scopes", "everything"], "no such scope"),
        (["create", "x" * 41], "1 to 40"),
        (["rotate", "nobody"], "no valid key"),
        (["revoke", "99"], "no key 99"),
    ],
)
def test_a_key_that_cannot_be_made_or_found(words: list[str], said: str, run: Run) -> None:
    _refused(run("key", *words), said)


def test_promises_are_changed_by_a_script(run: Run) -> None:
    wanted = {
        "platform_name": "Bazaar",
        "reply_hours": "36",
        "direct_countries": "DE,FR",
        "reminder_hours": "[12, 3]",
        "opens_after": "null",
        "high_value": '{"EUR": 5000}',
    }
    for name, value in wanted.items():
        assert run("policy", "set", name, value, "--reason", "We open today.").returncode == 0

    shown = run("policy", "show").stdout.splitlines()
    assert {f"{name} {value}" for name, value in wanted.items()} <= set(shown)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("kindness", "1", "policy show"),
        ("reply_hours", "0", "from 1 to 1000"),
        ("reply_hours", "soon", "cannot be a value"),
        ("reminder_hours", "24", "cannot be a value"),
        ("high_value", "[]", "cannot be a value"),
        ("direct_countries", "DE,XX", "XX"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(name: str, value: str, said: str, run: Run) -> None:
    before = run("policy", "show").stdout

    _refused(run("policy", "set", name, value, "--reason", "A trial."), said)
    assert run("policy", "show").stdout == before


def test_a_promise_changes_only_for_a_reason(run: Run) -> None:
    _refused(run("policy", "set", "reply_hours", "36", "--reason", " "), "why")
    assert "reply_hours 48" in run("policy", "show", "reply_hours").stdout


def test_an_arrival_key_from_its_adding_to_its_end(run: Run, tmp_path: Path) -> None:
    pem = tmp_path / "shop.pub"
    pem.write_text(pem_of(ed25519.Ed25519PrivateKey.generate()))
    added = run("arrival-key", "add", "shop", "--public-key", str(pem))
    shared = run("arrival-key", "add", "shop", "--algorithm", "HS256")
    which = run("arrival-key", "retire", "shop")
    kid = added.stdout.strip()
    later = run("arrival-key", "retire", kid, "--at", "2999-01-01")
    ended = run("arrival-key", "retire", kid)
    listed = run("arrival-key", "list").stdout.splitlines()

    assert len(kid) == 24
    assert shared.stdout.startswith("mda_")
    assert not any(shared.stdout.strip() in line for line in listed)
    _refused(which, "Several valid keys", kid)
    assert "retires at 2999-01-01 00:00 UTC" in later.stderr
    assert "is retired" in ended.stderr
    assert [line.split()[1:] for line in listed] == [["shop", "EdDSA", "retired"], ["shop", "HS256", "valid"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "shop"], "--public-key"),
        (["add", "shop", "--algorithm", "HS256", "--public-key", "x"], "--public-key"),
        (["add", "shop", "--public-key", "/nowhere/shop.pub"], "cannot be read"),
        (["add", "shop", "--public-key", str(ROOT / "README.md")], "not a public key"),
        (["add", "", "--algorithm", "HS256"], "1 to 40 letters"),
        (["retire", "nobody"], "no valid key"),
    ],
)
def test_an_arrival_key_that_cannot_be_made_or_found(words: list[str], said: str, run: Run) -> None:
    _refused(run("arrival-key", *words), said)


# Jobs that were given up


@pytest.fixture
def given_up() -> int:
    Job.objects.all().delete()
    Job.put("mail", {"event": 1})
    Job.objects.update(dead_at=timezone.now(), attempts=12, error="OSError('no way')")
    return int(Job.objects.get().pk)


def test_jobs_that_were_given_up_are_listed(given_up: int, run: Run) -> None:
    done = run("jobs", "list")

    assert "0 due" in done.stderr
    assert done.stdout.startswith(f"{given_up}  mail  given up ")
    assert done.stdout.endswith("12 tries  OSError('no way')\n")


@pytest.mark.parametrize("which", ["--all", ""])
def test_they_are_tried_again(given_up: int, which: str, run: Run) -> None:
    assert run("jobs", "retry", which or str(given_up)).returncode == 0

    assert Job.due(timezone.now()).count() == 1
    _refused(run("jobs", "retry", str(given_up)), f"No job {given_up} was given up")


def test_they_are_let_go(given_up: int, run: Run) -> None:
    assert run("jobs", "drop", str(given_up)).returncode == 0

    assert not Job.due(timezone.now()).exists()
    assert not Job.dead().exists()
