"""What every page knows of languages: their names, directions, templates."""

import re

import pytest
from django.conf import settings
from django.utils import translation

from marketdesk.lib.languages import LANGUAGES, RIGHT_TO_LEFT, direction, isolated
from marketdesk.replies import seeding


def test_the_menu_shows_each_language_in_itself() -> None:
    assert dict(settings.LANGUAGES) == LANGUAGES
    assert LANGUAGES["de"] == "Deutsch"
    assert direction("ar") == "rtl"
    assert {"ar"} == RIGHT_TO_LEFT


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_shipped_templates_are_there_in_every_language_with_the_same_placeholders(code: str) -> None:
    english, texts = seeding.shipped_texts("en"), seeding.shipped_texts(code)

    assert list(texts) == list(seeding.SHIPPED)
    for name, text in texts.items():
        holes = set(re.findall(r"\{\w+\}", text["body"]))
        assert holes == set(re.findall(r"\{\w+\}", english[name]["body"])), name
        assert len(text["title"]) <= 28


def test_a_name_of_another_direction_is_set_apart() -> None:
    assert isolated("Anadolu Home") == "Anadolu Home"
    assert isolated("سلطان") == "\u2068سلطان\u2069"
    with translation.override("ar"):
        assert isolated("Anadolu Home") == "\u2068Anadolu Home\u2069"
        assert isolated("سلطان") == "سلطان"
