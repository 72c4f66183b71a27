"""docs/languages.md says what there is."""

from tests.languages.__main__ import PAGE, written


def test_the_table_of_languages_is_as_the_files_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == written(), "run make languages"
