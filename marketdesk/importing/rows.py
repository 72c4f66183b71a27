"""Rows of a file, one after the other, however large it is; what cannot be read becomes a problem in words."""

import csv
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from marketdesk.records.fields import Bad, Field, Problem, Row, shown

MOST_BYTES = 1_000_000
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"


def rows(path: Path, fields: tuple[Field, ...], told: Callable[[int], Any]) -> Iterator[Row | Problem]:
    """What a file holds. `told` hears how many bytes were read."""
    with path.open("rb") as file:
        if file.read(2) in UTF_16:
            yield Problem(1, "", _("The file is in UTF-16. Save it as UTF-8."))
            return
        file.seek(0)
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        lines = _lines(file, told)
        yield from _json_rows(lines) if path.suffix.lower() == ".jsonl" else _csv_rows(lines, fields)


def _lines(file: IO[bytes], told: Callable[[int], Any]) -> Iterator[str | None]:
    """The lines as text; None for one that is too long. Bytes that are not UTF-8 become lone surrogates, which the
    fields refuse where they find them."""
    while line := file.readline(MOST_BYTES):
        told(len(line))
        if len(line) < MOST_BYTES or line.endswith(b"\n"):
            yield line.decode("utf-8", "surrogateescape")
            continue
        while rest := file.readline(MOST_BYTES):
            told(len(rest))
            if rest.endswith(b"\n"):
                break
        yield None


def _json_rows(lines: Iterator[str | None]) -> Iterator[Row | Problem]:
    for number, line in enumerate(lines, start=1):
        if line is None:
            yield Problem(number, "", _too_long())
        elif line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row | Problem:
    try:
        values = json.loads(line, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as broken:
        return Problem(number, "", _("This is not JSON: %(reason)s") % {"reason": broken})
    if not isinstance(values, dict):
        return Problem(number, "", _("Each line must be one JSON object: {…}."))
    return Row(number, values)


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _csv_rows(lines: Iterator[str | None], fields: tuple[Field, ...]) -> Iterator[Row | Problem]:
    table = _Table(lines)
    try:
        header = table.header()
        parts = next((one for one in fields if one.parts), None)
        prefix = parts.prefix if parts else ""
        _check_header(header, fields)
    except Bad as bad:
        yield Problem(1, bad.field, bad.reason)
        return
    in_parts = [name for name in header if prefix and name.startswith(prefix)]
    pending: Row | None = None
    for number, cells in table:
        if isinstance(cells, str):
            yield Problem(number, "", cells)
            continue
        values = dict(zip(header, cells, strict=True))
        part = {name.removeprefix(prefix): values.pop(name) for name in in_parts}
        if pending and in_parts and values["id"] == pending.values["id"]:
            differing = next((name for name, cell in values.items() if cell not in ("", pending.values[name])), "")
            if differing:  # the whole record is doubtful now: no half of it is taken
                words = _("line %(line)s has the same id, and another “%(field)s”")
                pending.doubts.append(words % {"line": number, "field": differing})
        else:
            if pending:
                yield pending
            pending = Row(number, values)
        if parts and any(part.values()):
            pending.values.setdefault(parts.name, []).append(part)
            pending.lines.append(number)
    if pending:
        yield pending


class _Table:
    """A CSV file's rows, with the lines on which they begin."""

    def __init__(self, lines: Iterator[str | None]) -> None:
        self.line = 0
        self.lines = self._counted(lines)
        self.width = 0
        self.reader: Any = None

    def _counted(self, lines: Iterator[str | None]) -> Iterator[str]:
        for line in lines:
            self.line += 1
            if line is None:
                raise Bad("", _too_long())
            yield line

    def header(self) -> list[str]:
        first = next(self.lines, "")
        # Spreadsheets of many countries write semicolons.
        delimiter = max(",;\t", key=first.count)
        names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
        self.width = len(names)
        self.reader = csv.reader(self.lines, delimiter=delimiter, strict=True)
        return names

    def __iter__(self) -> Iterator[tuple[int, list[str] | str]]:
        """Each row's cells, or why there are none."""
        while True:
            line = self.line + 1
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except csv.Error as broken:
                yield line, _("This is not CSV: %(reason)s") % {"reason": broken}
                continue
            except Bad as bad:
                yield self.line, bad.reason + " " + _("The rest of the file was not read.")
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != self.width:
                words = _("The row has %(cells)s cells, and the first line of the file names %(columns)s columns.")
                yield line, words % {"cells": len(cells), "columns": self.width}
                continue
            yield line, cells


def _check_header(header: list[str], fields: tuple[Field, ...]) -> None:
    known = [name for one in fields for name in one.columns()]
    for name in header:
        if name not in known:
            raise Bad(shown(name), _("is not a known column. Known are: %(known)s") % {"known": ", ".join(known)})
        if header.count(name) > 1:
            raise Bad(name, _("is named twice in the first line"))
    if "id" not in header:
        raise Bad("id", _("is missing from the first line, which names the columns"))


def _too_long() -> str:
    return _("The line is longer than a million bytes.")
