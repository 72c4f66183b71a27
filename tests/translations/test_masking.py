"""What must stay in a translation stays: engines never see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdesk.translations.masking import Damaged, mask

KEPT = [
    "https://example.com/a?b=1&c=ç", "www.example.com/path", "joana.silva@example.com", "12,50 €", "€ 12.50",
    "1.299,00 TL", "R$ 1.200,00", "NT$ 300", "+49 170 1234567", "#1234", "O-2041-77", "5f1a2b3c4d5e6f7a8b9c0d1e",
    "TBA123456789000",
    "123456", "<br>", "</script>", "{order}", "😢", "👩🏽‍🚒", "🇩🇪", "1️⃣", "❤️", "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("kept", KEPT)
def test_it_is_hidden_and_put_back(kept: str) -> None:
    masked = mask(f"Chegou {kept} ontem.")

    assert masked.text == "Chegou (701) ontem."
    assert masked.unmask("It came (701) yesterday.") == f"It came {kept} yesterday."


@pytest.mark.parametrize(
    "text", ["Meu pedido chegou partido.", "Tenho 2 filhos e 10 dias.", "Isto (aqui) não.", "M ou XL?"]
)
def test_words_stay_words(text: str) -> None:
    assert mask(text).text == text


def test_a_full_stop_after_an_address_is_not_part_of_it() -> None:
    assert mask("Veja https://example.com/a.").text == "Veja (701)."


def test_a_word_said_without_end_is_said_once() -> None:
    assert len(mask("oi " * 600).text) < 20


def test_what_the_text_says_itself_is_not_taken_for_a_place() -> None:
    masked = mask("A sala (701) custa 12,50 €.")

    assert masked.text == "A sala (701) custa (702)."
    assert masked.unmask("Room (701) costs (702).") == "Room (701) costs 12,50 €."


@pytest.mark.parametrize("translated", ["（701）", "( 701 )", "(701 )"])
def test_other_brackets_are_understood(translated: str) -> None:
    assert mask("12,50 €").unmask(translated) == "12,50 €"


@pytest.mark.parametrize("translated", ["It came.", "(701) and (701)", "701"])
def test_a_translation_that_lost_something_is_refused(translated: str) -> None:
    with pytest.raises(Damaged):
        mask("12,50 €").unmask(translated)


def test_what_was_put_back_is_not_looked_into_again() -> None:
    masked = mask("https://example.com/(702) 😢")

    assert masked.unmask(masked.text) == "https://example.com/(702) 😢"


PIECES = st.one_of(st.text(), st.sampled_from(KEPT), st.from_regex(r"\(\d{3}\)", fullmatch=True))


@given(st.lists(PIECES, max_size=8).map(" ".join))
def test_any_text_comes_back_whole(text: str) -> None:
    masked = mask(text)

    assert masked.unmask(masked.text) == text
