"""What a refusal must leave behind: nothing, but that a call was counted and its token used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db.models import Model

from marketdesk.journal.models import Allowance
from marketdesk.programs.models import AccessToken

ROOMS = "journal people policy merchants orders tickets refunds replies teams performance programs outbox".split()


@contextmanager
def nothing_changed() -> Iterator[None]:
    """Fails when any row of any room was written, changed or deleted meanwhile."""
    before = _everything()
    yield
    assert _everything() == before


def _everything() -> dict[str, list[Any]]:
    models = {model for room in ROOMS for model in apps.get_app_config(room).get_models(include_auto_created=True)}
    return {model._meta.label: list(_rows(model)) for model in models - {Allowance}}


def _rows(model: type[Model]) -> Iterator[dict[str, Any]]:
    left = {"last_used_at"} if model is AccessToken else set()
    for row in model._default_manager.order_by("pk").values():
        yield {name: value for name, value in row.items() if name not in left}
