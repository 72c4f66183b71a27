"""Tables as CSV: what somebody wrote is text, and numbers are numbers."""

import pytest

from marketdesk.lib import spreadsheet


def test_cells_stand_as_they_are() -> None:
    file = spreadsheet.of([["name", "late"], ["Ev, İstanbul", 3], ["", None]])

    assert file.decode("utf-8-sig") == 'name,late\r\n"Ev, İstanbul",3\r\n,\r\n'
    assert file.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t=", "\r\n-"])
def test_what_somebody_wrote_is_no_formula(begins: str) -> None:
    file = spreadsheet.of([[f"{begins}HYPERLINK(0)", -1]], delimiter=";").decode("utf-8-sig")

    assert f"{begins[:-1]}'{begins[-1]}HYPERLINK(0)" in file
    assert file.endswith(";-1\r\n")


@pytest.mark.parametrize("ends", [";", ",", "\t", "\n", '; "'])
def test_nor_is_what_begins_a_cell_where_another_sign_divides_them(ends: str) -> None:
    file = spreadsheet.of([[f"Bad{ends}=1+1"]]).decode("utf-8-sig").replace('""', '"')

    assert f"Bad{ends}'=1+1" in file


@pytest.mark.parametrize("words", ["1 + 1 = 2", "ada@example.org", "2026-11-18T10:00:00+00:00", "it came; well-packed"])
def test_other_words_are_left_alone(words: str) -> None:
    assert spreadsheet.of([[words]]).decode("utf-8-sig") == f"{words}\r\n"
