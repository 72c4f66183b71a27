"""LibreTranslate and DeepL, against what answers as they do and as they fail: on a stub, never on the services."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from marketdesk.lib import calling
from marketdesk.lib.calling import Allowed
from marketdesk.translations import engines
from marketdesk.translations.engines import Failed, service
from marketdesk.translations.engines.deepl import FREE, PAID, DeepL
from marketdesk.translations.engines.libretranslate import LibreTranslate
from tests.translations.service import Answer, Stub, stub

LANGUAGES: Answer = (200, [{"code": code} for code in ("en", "de", "tr", "pt", "pb", "zt", "ar")])
GOOD: Answer = (200, {"translatedText": "Wo ist mein Paket?"})
DEEPL: Answer = (200, {"translations": [{"detected_source_language": "EN", "text": "Wo ist mein Paket?"}]})


@pytest.fixture
def far(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A service that may be called although it is here; nobody waits between two tries."""
    settings.TRANSLATION_ALLOW = Allowed(["127.0.0.0/8"])
    monkeypatch.setattr(service, "_breakers", {})
    monkeypatch.setattr(service, "PAUSE", 0.0)
    monkeypatch.setattr(service, "DEADLINE", 0.5)
    with stub() as running:
        running.answers = {"/languages": [LANGUAGES], "/translate": [GOOD], "/v2/translate": [DEEPL]}
        yield running


@pytest.fixture(params=["LibreTranslate", "DeepL"])
def engine(request: Any, far: Stub) -> Any:
    return LibreTranslate(far.url, "k-1") if request.param == "LibreTranslate" else DeepL("k-1", far.url)


def answer(far: Stub, *answers: Answer) -> None:
    far.answers["/translate"] = far.answers["/v2/translate"] = list(answers)


def times(far: Stub) -> int:
    return sum(path.endswith("/translate") for path in far.paths())


def test_a_text_comes_back_in_the_other_language(engine: Any) -> None:
    assert engine.translate("Where is my parcel?", "en", "de") == "Wo ist mein Paket?"


def test_libretranslate_is_asked_in_its_own_words(far: Stub) -> None:
    LibreTranslate(f"{far.url}/", "k-1").translate("Onde?", "pt-br", "zh-hant")

    assert far.asked[-1][2] == {"q": "Onde?", "source": "pb", "target": "zt", "format": "text", "api_key": "k-1"}


def test_a_libretranslate_without_brazils_portuguese_takes_the_other_one(far: Stub) -> None:
    far.answers["/languages"] = [(200, [{"code": "pt", "targets": ["en"]}, {"code": "en", "targets": ["pt"]}])]

    LibreTranslate(far.url, "").translate("Onde?", "pt-br", "en")

    assert far.asked[-1][2] == {"q": "Onde?", "source": "pt", "target": "en", "format": "text"}


def test_a_pair_that_a_libretranslate_lacks_is_not_asked_for(far: Stub) -> None:
    with pytest.raises(Failed) as refused:
        LibreTranslate(far.url, "").translate("Gdzie?", "pl", "en")

    assert refused.value.code == "pair"
    assert times(far) == 0


def test_deepl_is_asked_in_its_own_words(far: Stub) -> None:
    DeepL("k-1", far.url).translate("Onde?", "pt-br", "zh-hant")

    _path, headers, body = far.asked[-1]
    assert headers["Authorization"] == "DeepL-Auth-Key k-1"
    assert body == {"text": ["Onde?"], "source_lang": "PT", "target_lang": "ZH-HANT", "preserve_formatting": True}


def test_free_accounts_of_deepl_have_an_address_of_their_own() -> None:
    assert DeepL("abc:fx")._service.url == FREE
    assert DeepL("abc")._service.url == PAID


@pytest.mark.parametrize(
    ("failure", "code", "tries"),
    [
        ((429, {"error": "Slowdown"}), "busy", 2),
        ((529, "busy"), "busy", 2),
        ((500, "oops"), "away", 2),
        ((503, "oops"), "away", 2),
        ((456, {"message": "Quota exceeded"}), "quota", 1),
        ((403, {"message": "Invalid key"}), "refused", 1),
        ((400, {"error": "bad"}), "refused", 1),
        ((413, "too large"), "long", 1),
        ((302, "", {"Location": "http://127.0.0.1:1/"}), "refused", 1),
        ((200, '{"translatedText": "Wo is'), "away", 2),
        ((200, "<html>Welcome</html>"), "away", 2),
        ((200, {"translations": []}), "away", 1),
        ((200, {"translatedText": ""}), "away", 1),
        ((200, []), "away", 1),
        ((429, "later", {"Retry-After": "3600"}), "busy", 1),
    ],
)
def test_every_failure_has_its_word_and_only_what_passes_is_tried_again(
    engine: Any, far: Stub, failure: Answer, code: str, tries: int
) -> None:
    answer(far, failure)

    with pytest.raises(Failed) as failed:
        engine.translate("Where is my parcel?", "en", "de")

    assert failed.value.code == code
    assert times(far) == tries
    assert "k-1" not in str(failed.value)


@pytest.mark.parametrize("passing", [(429, ""), (503, "")])
def test_what_passes_is_asked_once_more(engine: Any, far: Stub, passing: Answer) -> None:
    answer(far, passing, DEEPL if isinstance(engine, DeepL) else GOOD)

    assert engine.translate("Where is my parcel?", "en", "de") == "Wo ist mein Paket?"


def test_a_service_that_does_not_answer_in_time_is_away(engine: Any, far: Stub) -> None:
    def say_nothing(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.settimeout(3)
        handler.connection.recv(1)

    answer(far, say_nothing)

    with pytest.raises(Failed) as failed:
        engine.translate("Where is my parcel?", "en", "de")

    assert failed.value.code == "away"


def test_a_service_that_breaks_off_is_away(engine: Any, far: Stub) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b'HTTP/1.0 200 OK\r\nContent-Length: 900\r\n\r\n{"translatedText": "Wo')

    answer(far, break_off)

    with pytest.raises(Failed) as failed:
        engine.translate("Where is my parcel?", "en", "de")

    assert failed.value.code == "away"


def test_after_five_failures_it_is_left_alone_for_a_minute(far: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DeepL("k-1", far.url)
    answer(far, (503, ""))
    clock = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    monkeypatch.setattr(calling, "post", _failing(far))
    for _ in range(service.MOST_FAILURES):
        with pytest.raises(Failed):
            engine.translate("Where?", "en", "de")
    before = len(far.asked)

    with pytest.raises(Failed) as failed:
        engine.translate("Where?", "en", "de")
    clock += service.AWAY_FOR
    with pytest.raises(Failed):
        engine.translate("Where?", "en", "de")

    assert failed.value.code == "away"
    assert len(far.asked) == before + service.TRIES


def _failing(far: Stub) -> Any:
    def post(url: str, *_: Any, **__: Any) -> Any:
        far.asked.append((url, {}, None))
        raise calling.NoAnswer("It took too long.")

    return post


def test_a_private_address_is_called_only_where_that_is_allowed(far: Stub, settings: Any) -> None:
    settings.TRANSLATION_ALLOW = Allowed()

    with pytest.raises(Failed) as failed:
        DeepL("k-1", far.url).translate("Where?", "en", "de")

    assert failed.value.code == "refused"
    assert far.asked == []


def test_the_operator_is_told_what_is_wrong(far: Stub) -> None:
    far.answers["/v2/usage"] = [(403, "Forbidden")]

    assert "403" in DeepL("k-1", far.url).health()
    assert LibreTranslate(far.url, "").health() == ""


@pytest.mark.parametrize(("name", "kind"), [("deepl", DeepL), ("libretranslate", LibreTranslate), ("none", type(None))])
def test_the_setting_chooses_the_engine(settings: Any, name: str, kind: type) -> None:
    settings.TRANSLATION_ENGINE, settings.TRANSLATION_KEY, settings.TRANSLATION_URL = name, "k-1", "https://x.example"

    assert isinstance(engines.current(), kind)
