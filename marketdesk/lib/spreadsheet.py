"""Tables as CSV, as spreadsheets read them."""

import csv
import io
from collections.abc import Iterable
from typing import Any

# What a cell begins with that a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of(rows: Iterable[Iterable[Any]], *, delimiter: str = ",") -> bytes:
    """Rows of cells. With a mark at the beginning, or spreadsheets take it for another encoding."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _harmless(cell: Any) -> Any:
    """What somebody wrote is never a formula of somebody else's spreadsheet."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
