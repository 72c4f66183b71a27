"""Tables as CSV, as spreadsheets read them."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from marketdesk.lib.languages import settled

# Where a formula could begin: with a cell, or after whatever the reader's spreadsheet takes for the end of one. In
# Turkey and Germany that is a semicolon, in a file with commas too.
_FORMULA = re.compile(r"""(^|[;,\t\r\n])(["\s]*)([=+\-@])""")


def of(rows: Iterable[Iterable[Any]], *, delimiter: str = ",") -> bytes:
    """Rows of cells. With a mark at the beginning, or spreadsheets take it for another encoding."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _harmless(cell: Any) -> Any:
    """What somebody wrote is never a formula of somebody else's spreadsheet, nor does it turn the cells behind it."""
    return _FORMULA.sub(r"\1\2'\3", settled(cell)) if isinstance(cell, str) else cell
