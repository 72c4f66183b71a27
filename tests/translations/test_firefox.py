"""Firefox's models, for real: English and Portuguese, as the extra `translate` brings them."""

import gzip
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from marketdesk.translations.engines import Failed, firefox, model_files
from marketdesk.translations.engines.firefox import Firefox
from marketdesk.translations.engines.model_files import BadModel


@pytest.fixture
def engine(tmp_path: Path) -> Firefox:
    return Firefox(tmp_path / "none-added")


def files(pair: str = "enpt") -> list[Path]:
    """The real files of a pair."""
    folder = model_files.found(Path("/nowhere"))[pair].folder
    return [path for path in sorted(folder.iterdir()) if path.suffix in {".bin", ".spm"}]


def test_english_becomes_portuguese_and_portuguese_english(engine: Firefox) -> None:
    there = engine.translate("Where is my order? It has not arrived yet.", "en", "pt-br")
    back = engine.translate("Onde está meu pedido? Ainda não chegou.", "pt-br", "en")

    assert "pedido" in there.lower() or "encomenda" in there.lower()
    assert "arrived" in back.lower()


def test_several_threads_get_each_their_own(engine: Firefox) -> None:
    """A translator belongs to the thread that made it; a call from another one ends with a panic."""
    told: dict[int, str] = {}

    def ask(number: int) -> None:
        told[number] = engine.translate(f"Order number {number} is late.", "en", "pt-br")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(str(number) in told[number] for number in range(8))


def test_a_pair_without_models_is_refused(engine: Firefox) -> None:
    for source, target in (("de", "tr"), ("pt-br", "tr"), ("xx", "en")):
        with pytest.raises(Failed) as failed:
            engine.translate("Wo ist mein Paket?", source, target)
        assert failed.value.code == "pair"


def test_english_stands_between_two_languages_that_have_no_model(engine: Firefox, monkeypatch: Any) -> None:
    found = model_files.found(Path("/nowhere"))
    turkish = {**found, "entr": model_files.Model("entr", found["enpt"].folder, {})}
    monkeypatch.setattr(model_files, "found", lambda _home: turkish)

    assert [model.pair for model in engine._way("pt", "tr")] == ["pten", "entr"]


def test_what_takes_too_long_is_given_up_and_the_next_one_is_answered(engine: Firefox, monkeypatch: Any) -> None:
    engine.translate("Hello.", "en", "pt-br")
    held = threading.Event()
    owner = firefox._owner()

    class Endless:
        def translate_long(self, _text: str) -> str:
            held.wait(10)
            return ""

    monkeypatch.setattr(owner, "_translator", lambda model: Endless())
    monkeypatch.setattr(firefox, "DEADLINE", 0.1)
    with pytest.raises(Failed) as failed:
        engine.translate("Hello.", "en", "pt-br")
    monkeypatch.setattr(firefox, "DEADLINE", 20.0)
    again = engine.translate("Hello.", "en", "pt-br")
    held.set()

    assert failed.value.code == "slow"
    assert again


def test_a_panic_of_the_library_is_a_failure_like_others(engine: Firefox, monkeypatch: Any) -> None:
    class Panic(BaseException):
        pass

    def fail(_model: Any) -> Any:
        raise Panic("called from another thread")

    monkeypatch.setattr(firefox._owner(), "_translator", fail)

    with pytest.raises(Failed) as failed:
        engine.translate("Hello.", "en", "pt-br")

    assert failed.value.code == "away"
    firefox._owner.cache_clear()


def packed(how: str, folder: Path) -> list[Path]:
    """A model as it may be brought."""
    if how == "files":
        return files()
    if how == "gzip":
        for path in files():
            (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        return sorted(folder.glob("*.gz"))
    archive = folder / f"enpt.{how}"
    if how == "zip":
        with zipfile.ZipFile(archive, "w") as packing:
            for path in files():
                packing.write(path, f"../../{path.name}")
            packing.writestr("README.md", "read me")
    else:
        with tarfile.open(archive, "w:gz") as packing:
            for path in files():
                packing.add(path, f"enpt/{path.name}")
    return [archive]


@pytest.mark.parametrize("how", ["files", "gzip", "zip", "tar.gz"])
def test_a_model_is_added_however_it_is_packed_and_nothing_else_of_it(how: str, tmp_path: Path) -> None:
    brought, home = tmp_path / "brought", tmp_path / "home"
    brought.mkdir()

    model = model_files.add(packed(how, brought), home)

    assert model.pair == "enpt"
    assert sorted(path.name for path in (home / "enpt").iterdir()) == sorted(
        [model_files.SUMS, *(path.name for path in files())]
    )
    assert sorted(path.name for path in home.iterdir()) == ["enpt"]
    assert model_files.found(home)["enpt"].folder == home / "enpt"
    assert Firefox(home).translate("Where is my order?", "en", "pt-br")


def test_a_wrong_checksum_adds_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="checksum"):
        model_files.add(files(), tmp_path, expected="0" * 64)

    assert "enpt" not in [path.name for path in tmp_path.iterdir()]


def test_the_right_checksum_adds_it(tmp_path: Path) -> None:
    model = next(path for path in files() if path.name.startswith("model."))

    assert model_files.add(files(), tmp_path, expected=model_files._sum(model).upper()).pair == "enpt"


@pytest.mark.parametrize("what", ["text", "half", "two pairs", "nothing"])
def test_what_is_no_model_is_refused_and_nothing_of_it_stays(what: str, tmp_path: Path) -> None:
    other, home = tmp_path / "notes.txt", tmp_path / "home"
    other.write_text("not a model")
    brought = {"text": [other], "half": files()[:1], "two pairs": [*files(), *files("pten")], "nothing": []}[what]

    with pytest.raises(BadModel):
        model_files.add(brought, home)

    assert not list(home.glob("*"))


def test_a_file_that_changed_since_is_not_loaded(tmp_path: Path) -> None:
    model_files.add(files(), tmp_path)
    words = next((tmp_path / "enpt").glob("vocab*"))
    words.write_bytes(words.read_bytes() + b"x")

    with pytest.raises(BadModel, match="has changed"):
        model_files.found(tmp_path)["enpt"].read()


def test_a_model_is_forgotten_and_what_the_extra_brings_counts_again(tmp_path: Path) -> None:
    model_files.add(files(), tmp_path)

    assert model_files.remove("enpt", tmp_path)
    assert not model_files.remove("enpt", tmp_path)
    assert model_files.found(tmp_path)["enpt"].folder != tmp_path / "enpt"


def test_without_the_extra_and_without_models_the_operator_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(model_files, "_of_extra", lambda: iter(()))

    assert "marketdesk translations add" in Firefox(tmp_path).health()
