"""Starting the demo: the same for the same seed, only into an empty installation, and all or nothing."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from marketdesk.demo import sources
from marketdesk.demo.filling import NotEmpty, demo
from marketdesk.demo.photos import photo
from marketdesk.lib import languages
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.programs import stories
from marketdesk.tickets.models import Message, Ticket
from tests.conftest import NOW

pytestmark = pytest.mark.slow


@cache
def _drawn() -> bytes:
    return photo(0)


@pytest.fixture(autouse=True)
def _one_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than everything else: one photo serves them all. And a sandbox needs no more than one
    story."""
    monkeypatch.setattr("marketdesk.demo.filling.photo", lambda _seed: _drawn())
    stock = replace(stories.stock(), stories=stories.stock().stories[:1])
    monkeypatch.setattr(stories, "stock", lambda: stock)


def test_the_same_seed_and_moment_make_the_same_marketplace(db: None, tmp_path: Path) -> None:
    def load(seed: int) -> tuple[list[Any], list[Any]]:
        saved = transaction.savepoint()
        demo(tmp_path / str(seed), quiet=True, now=NOW, seed=seed, scale=0.01)
        tickets = Ticket.objects.filter(is_sandbox=False)  # a sandbox is the same everywhere but for its ids
        made = (
            list(tickets.order_by("id").values_list("public_id", "subject", "state", "opened_at")),
            list(Message.objects.filter(ticket__in=tickets).order_by("id").values_list("body", "at")),
        )
        transaction.savepoint_rollback(saved)
        return made

    assert load(1) == load(1)
    assert load(1) != load(2)


def test_an_installation_that_holds_something_is_left_alone(store: Merchant, tmp_path: Path) -> None:
    with pytest.raises(NotEmpty, match="Nothing was changed"):
        demo(tmp_path, quiet=True)

    assert Merchant.objects.count() == 1
    assert not Ticket.objects.exists()
    assert not (tmp_path / "demo.json").exists()


def test_a_mark_without_its_marketplace_is_not_believed(db: None, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps({"url": "", "people": [], "merchants": [{"id": "f" * 24}]}))

    answer = demo(tmp_path, quiet=True, now=NOW, scale=0.01)

    assert len(answer["merchants"]) == 25


def test_the_url_is_where_this_installation_serves(db: None, tmp_path: Path, settings: Any) -> None:
    settings.BASE_URL = "http://127.0.0.1:9123"

    assert demo(tmp_path, quiet=True, now=NOW, scale=0.01)["url"] == "http://127.0.0.1:9123"


def test_an_interrupted_demo_leaves_nothing(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("marketdesk.demo.filling._content", broken)

    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path, quiet=True, now=NOW, scale=0.01)

    assert not User.objects.exists()
    assert not (tmp_path / "demo.json").exists()


def test_it_shows_how_far_it_is(db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(tmp_path, now=NOW, scale=0.01)

    said = capsys.readouterr()
    assert "100%" in said.err
    assert said.out == ""


def test_every_translation_belongs_to_a_conversation() -> None:
    known = {(language, one.subject) for (language, _issue), found in sources.conversations().items() for one in found}

    assert set(sources.translations()) <= known
    assert set(sources.comments()) == set(languages.LANGUAGES)
