"""What people look for is found however it is written."""

import pytest

from marketdesk.lib.folding import fold, has_words


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("İADE IŞIK", "iade isik"),
        ("ıade", "İade"),
        ("Größe", "GROSSE"),
        ("Đổi địa chỉ", "doi dia chi"),
        ("łódź", "LODZ"),
        ("أَهْلًا", "اهلا"),
        ("ﬁle", "file"),
    ],
)
def test_case_accents_and_marks_make_no_difference(written: str, looked_for: str) -> None:
    assert fold(written) == fold(looked_for)


@pytest.mark.parametrize(
    ("words", "is_found"), [("tracking num", True), ("number TRACK", True), ("", True), ("lost", False)]
)
def test_every_word_must_be_there_in_any_order(words: str, is_found: bool) -> None:
    assert has_words("Share the tracking number", words) is is_found
