"""Answers are found in the words in which readers of each language ask."""

import re

import pytest

from marketdesk.guide import searching
from marketdesk.lib.folding import fold
from marketdesk.people.actor import Actor
from marketdesk.policy import promises

pytestmark = pytest.mark.django_db


def first(asked: str, language: str) -> str:
    hits = searching.search(asked, language)
    return hits[0].slug if hits else ""


@pytest.mark.parametrize(
    ("language", "asked", "answer"),
    [
        ("en", "refunds", "refunds"),
        ("en", "How do I refund an item?", "refunds"),
        ("en", "clock", "time-left"),
        ("en", "app", "apps"),
        ("en", "passkey", "team"),
        ("de", "ERSTATTUNG", "refunds"),
        ("de", "zeit", "time-left"),  # Antwortzeit
        ("fr", "rembourse", "refunds"),
        ("fr", "remboursé", "refunds"),
        ("es", "devolución", "refunds"),
        ("it", "invitare un collega", "team"),
        ("pt-br", "reembolso", "refunds"),
        ("nl", "terugbetaling", "refunds"),
        ("pl", "zwrotów", "refunds"),
        ("pl", "odwolanie", "appeal"),
        ("tr", "İADE", "refunds"),
        ("tr", "IADE", "refunds"),
        ("tr", "iade", "refunds"),
        ("tr", "davetiye", "team"),
        ("vi", "hoàn tiền", "refunds"),
        ("vi", "hoan tien", "refunds"),
        ("zh-hant", "退款", "refunds"),
        ("zh-hant", "如何退款", "refunds"),
        ("ar", "استرداد", "refunds"),
        ("ar", "الاسترداد", "refunds"),
        ("ar", "إسترداد", "refunds"),
    ],
)
def test_the_answer_comes_first(language: str, asked: str, answer: str) -> None:
    assert first(asked, language) == answer


def test_what_was_found_is_marked_under_its_heading() -> None:
    (hit,) = (hit for hit in searching.search("clock", "en") if hit.slug == "time-left")

    quote = next(one for one in hit.quotes if one.anchor == "when-does-the-clock-start")
    assert quote.heading == "When does the <mark>clock</mark> start?"
    assert hit.title == "Time left to reply"


def test_letters_are_marked_that_have_another_form_where_they_are_compared() -> None:
    hits = searching.search("iade", "tr")

    marked = " ".join(str(quote.words) for hit in hits for quote in hit.quotes)
    assert "<mark>İade" in marked


def test_in_vietnamese_an_accent_makes_another_word() -> None:
    def marked(asked: str) -> set[str]:
        quotes = " ".join(str(quote.words) for hit in searching.search(asked, "vi") for quote in hit.quotes)
        return {word.lower() for word in re.findall("<mark>(.*?)</mark>", quotes)}

    assert "tiền" in marked("tiền")
    assert "tiên" not in marked("tiền")
    assert {"tiền", "tiên"} <= marked("tien")


@pytest.mark.parametrize("asked", ["", "   ", "?", "***", "xyzzy", "\x00", "\u2068", "[", "(((" * 40, "a" * 10_000])
def test_what_is_nowhere_finds_nothing(asked: str) -> None:
    assert searching.search(asked, "en") == []


def test_a_word_that_is_nowhere_does_not_hide_the_others() -> None:
    assert first("refund xyzzy", "en") == "refunds"


def test_no_word_of_the_policy_becomes_markup(sofia: Actor) -> None:
    promises.change({"platform_name": "<b>*Bazario*</b>"}, reason="A name.", by=sofia)
    promises.forget()

    hits = searching.search("bazario", "en")

    assert hits
    found = " ".join(f"{hit.title} {' '.join(quote.words for quote in hit.quotes)}" for hit in hits)
    assert "&lt;b&gt;*<mark>Bazario</mark>*&lt;/b&gt;" in found
    assert "<b>" not in found


def test_numbers_are_those_of_the_policy(sofia: Actor) -> None:
    promises.change({"reply_hours": 37}, reason="Faster.", by=sofia)
    promises.forget()

    assert first("37", "en") == "time-left"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("Łódź", "lodz"),
        ("Đặng", "dang"),
        ("أُجِيب", "اجيب"),
        ("Straße", "STRASSE"),
    ],
)
def test_words_are_compared_as_readers_do(one: str, other: str) -> None:
    assert fold(one) == fold(other)
