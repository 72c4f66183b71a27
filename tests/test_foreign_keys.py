"""Foreign keys point down the layers, as imports do: a room never hangs on one above it."""

import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field

ROOT = Path(__file__).parent.parent
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
# label -> how far down it lies; two rooms of one layer are beside each other
DEPTHS = {name.strip(): depth for depth, layer in enumerate(CONTRACT["layers"]) for name in layer.split("|")}


def _keys() -> list[Field]:  # type: ignore[type-arg]
    ours = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("marketdesk.")]
    keys = [
        field
        for model in ours
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
        if field.is_relation
    ]
    return [key for key in keys if key.related_model.__module__.startswith("marketdesk.")]


@pytest.mark.parametrize("key", _keys(), ids=str)
def test_it_points_down(key: Field) -> None:  # type: ignore[type-arg]
    here, there = key.model._meta.app_label, key.related_model._meta.app_label  # type: ignore[union-attr]

    assert here == there or DEPTHS[there] > DEPTHS[here]


def test_there_are_keys_to_look_at() -> None:
    assert len(_keys()) > 20
