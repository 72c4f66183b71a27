"""Firefox's translation models on this machine's processor: nothing that a customer writes leaves it.

A translator belongs to the thread that made it, so one thread has them all and is asked through a queue. Between two
languages without a model of their own, English stands in the middle.
"""

import logging
import queue
import threading
from collections import OrderedDict
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from marketdesk.translations.engines import Failed, model_files

log = logging.getLogger(__name__)

NAME = "Firefox Translations"
# Loading one takes a few tenths of a second; each takes about 60 MB.
MOST_LOADED = 4
DEADLINE = 20.0  # seconds
_THEIRS = {"pt-br": "pt", "zh-hant": "zh", "zh-hans": "zh"}


class Firefox:
    """The models of a folder."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def translate(self, text: str, source: str, target: str) -> str:
        for pair in self._way(_theirs(source), _theirs(target)):
            text = _owner().translate(pair, text)
        return text

    def pairs(self) -> list[str]:
        """The pairs of languages there is a model for."""
        return sorted(model_files.found(self.folder))

    def health(self) -> str:
        if not self.pairs():
            return f"There is no model in {self.folder}: add one with `marketdesk translations add`."
        return ""

    def can(self, source: str, target: str) -> bool:
        try:
            return bool(self._way(_theirs(source), _theirs(target)))
        except Failed:
            return False

    def _way(self, source: str, target: str) -> list[model_files.Model]:
        models = model_files.found(self.folder)
        for way in ([source + target], [f"{source}en", f"en{target}"]):
            if all(pair in models for pair in way):
                return [models[pair] for pair in way]
        raise Failed("pair", f"no model from {source} into {target}")


def _theirs(language: str) -> str:
    return _THEIRS.get(language, language)


class _Owner:
    """The thread that has the translators."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[model_files.Model, str, Future[str]]] = queue.SimpleQueue()
        self._loaded: OrderedDict[tuple[str, float], Any] = OrderedDict()
        threading.Thread(target=self._work, name="translating", daemon=True).start()

    def translate(self, model: model_files.Model, text: str) -> str:
        answer: Future[str] = Future()
        self._asked.put((model, text, answer))
        try:
            return answer.result(DEADLINE)
        except TimeoutError:
            answer.cancel()
            # It cannot be stopped: another thread takes what is asked from now on.
            _owner.cache_clear()
            raise Failed("slow", f"{model.pair}: longer than {DEADLINE:.0f} s for {len(text)} characters") from None

    def _work(self) -> None:
        while True:
            model, text, answer = self._asked.get()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(self._translator(model).translate_long(text))
            except model_files.BadModel as bad:
                log.error("%s", bad)
                answer.set_exception(Failed("away", str(bad)))
            except BaseException as failure:  # a panic in the library is no Exception
                log.exception("translating by %s failed", model.pair)
                answer.set_exception(Failed("away", repr(failure)))

    def _translator(self, model: model_files.Model) -> Any:
        key = (str(model.folder), model.folder.stat().st_mtime)
        if key not in self._loaded:
            import fxtranslate

            files, source, target, short = model.read()
            self._loaded[key] = fxtranslate.Translator(files, source, target, short)
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(key)
        return self._loaded[key]


@cache
def _owner() -> _Owner:
    return _Owner()
