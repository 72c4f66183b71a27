"""Tables as CSV: what somebody wrote is text, and numbers are numbers."""

import pytest

from marketdesk.lib import spreadsheet


def test_cells_stand_as_they_are() -> None:
    file = spreadsheet.of([["name", "late"], ["Ev, İstanbul", 3], ["", None]])

    assert file.decode("utf-8-sig") == 'name,late\r\n"Ev, İstanbul",3\r\n,\r\n'
    assert file.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("begins", spreadsheet.FORMULA)
def test_what_somebody_wrote_is_no_formula(begins: str) -> None:
    words = f"{begins}HYPERLINK(0)"

    assert f"'{words}" in spreadsheet.of([[words, -1]], delimiter=";").decode("utf-8-sig")
    assert b";-1" in spreadsheet.of([[words, -1]], delimiter=";")
