"""Reads files in the order in which their records need each other, and says what became of every row."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from marketdesk.importing.rows import rows
from marketdesk.records.customers import Customers
from marketdesk.records.fields import Problem, Row, shown
from marketdesk.records.merchants import Merchants
from marketdesk.records.orders import Orders
from marketdesk.records.products import Products
from marketdesk.records.writing import Importer, Outcome, batches, write

# In this order: each kind may refer to those before it.
KINDS: tuple[type[Importer], ...] = (Merchants, Products, Customers, Orders)
# A file with more bad rows than this has one reason, not a thousand.
MOST_SAID = 200


def run(paths: list[Path], *, strict: bool, out: TextIO) -> int:
    """Import files. 0: all of it. 1: some rows were refused, and with `strict` nothing was imported. 2: a file that
    is not one of ours, and nothing was begun."""
    files = []
    for path in paths:
        kind = _kind(path)
        if kind is None:
            print(_refusal(path), file=out)
            return 2
        files.append((path, kind))
    files.sort(key=lambda one: KINDS.index(one[1]))
    report = Report(out)
    with transaction.atomic() if strict else contextlib.nullcontext():
        for path, kind in files:
            _read(path, kind(), report)
        nothing = strict and report.refused > 0
        if nothing:
            transaction.set_rollback(True)
    report.sum_up(nothing)
    return 1 if report.refused else 0


def _kind(path: Path) -> type[Importer] | None:
    """What a file holds, as its name says."""
    if path.suffix.lower() not in (".jsonl", ".csv") or not path.is_file():
        return None
    return next((kind for kind in KINDS if path.name.lower().startswith(kind.kind)), None)


def _refusal(path: Path) -> str:
    if not path.is_file():
        return _("%(file)s is not a file. Nothing was imported.") % {"file": shown(path)}
    kinds = ", ".join(kind.kind for kind in KINDS)
    words = _(
        "%(file)s: a file's name must begin with one of %(kinds)s and end with .jsonl or .csv. Nothing was imported."
    )
    return words % {"file": shown(path.name), "kinds": kinds}


def _read(path: Path, importer: Importer, report: "Report") -> None:
    with tqdm(total=path.stat().st_size, desc=path.name, unit="B", unit_scale=True) as bar:
        for batch in batches(_readable(path, importer, report, bar)):
            report.add(path, importer.kind, write(importer, batch))
    report.end(path)


def _readable(path: Path, importer: Importer, report: "Report", bar: "tqdm[None]") -> Iterator[Row]:
    """The file's rows; what cannot be read is reported at once."""
    for row in rows(path, importer.fields, bar.update):
        if isinstance(row, Problem):
            report.add(path, importer.kind, Outcome(problems=[row]))
        else:
            yield row


class Report:
    """What became of the rows, said while it happens and summed up at the end."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.counts: dict[str, Counter[str]] = {}
        self.said: Counter[Path] = Counter()

    @property
    def refused(self) -> int:
        return sum(counts["refused"] for counts in self.counts.values())

    def add(self, path: Path, kind: str, outcome: Outcome) -> None:
        """Count a batch, and say its problems."""
        counts = self.counts.setdefault(kind, Counter())
        counts.update(outcome.counts)
        counts["refused"] += len(outcome.problems)
        for problem in outcome.problems:
            self.said[path] += 1
            if self.said[path] <= MOST_SAID:
                self._say(_sentence(path, problem))

    def end(self, path: Path) -> None:
        """A file is read to its end."""
        more = self.said[path] - MOST_SAID
        if more > 0:
            words = ngettext(
                "%(file)s: %(more)s more row was refused.", "%(file)s: %(more)s more rows were refused.", more
            )
            self._say(words % {"file": shown(path.name), "more": more})

    def sum_up(self, nothing: bool) -> None:
        """One line for each kind, and whether anything was kept."""
        for kind, counts in self.counts.items():
            words = _(
                "%(kind)s: %(created)s created, %(updated)s updated, %(unchanged)s unchanged, %(refused)s refused"
            )
            done = dict.fromkeys(("created", "updated", "unchanged"), 0) if nothing else counts
            names = {name: done[name] for name in ("created", "updated", "unchanged")}
            self._say(words % {"kind": kind, "refused": counts["refused"], **names})
        if nothing:
            self._say(_("Nothing was imported, because rows were refused and --strict was asked for."))
        if not self.counts:
            self._say(_("The files hold no rows."))

    def _say(self, words: str) -> None:
        """Beside the progress bar, not through it."""
        tqdm.write(words, file=self.out)


def _sentence(path: Path, problem: Problem) -> str:
    names = {"file": shown(path.name), "line": problem.line, "field": problem.field, "reason": problem.reason}
    if problem.field:
        return _("%(file)s, line %(line)s, %(field)s: %(reason)s") % names
    return _("%(file)s, line %(line)s: %(reason)s") % names
