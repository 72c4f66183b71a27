"""The Guide's pictures: each that a text shows is there, and the script knows how to take it."""

import pytest

from marketdesk.guide import sections
from marketdesk.guide.contents import SLUGS
from marketdesk.lib.languages import LANGUAGES
from tests.guide import shots
from tests.guide.test_texts import SHOT, text


def test_each_picture_that_a_text_shows_is_taken_by_the_script() -> None:
    named = {shot for slug in SLUGS for shot in SHOT.findall(text("en", slug))}

    assert set(shots.SHOTS) == named


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_picture_is_there_small_and_sharp(language: str) -> None:
    folder = sections.PICTURES / language

    assert {path.name for path in folder.iterdir()} == {f"{shot}.webp" for shot in shots.SHOTS}
    for shot in shots.SHOTS:
        name, width, height = sections.picture(shot, language) or ("", 0, 0)
        assert name == f"guide/{language}/{shot}.webp"
        assert 1000 <= width <= 1200
        assert height < 2 * width
        assert (folder / f"{shot}.webp").stat().st_size < 80_000


def test_all_pictures_together_weigh_little() -> None:
    assert sum(path.stat().st_size for path in sections.PICTURES.rglob("*.webp")) < 5_000_000
