"""Which language a text is in: whole sentences by themselves, fragments by what is expected of their author."""

import pytest

from marketdesk.lib import languages
from marketdesk.lib.recognising import Recognised, recognisable, recognise

SENTENCES = [
    ("Where is my parcel? It should have been here on Tuesday.", "en"),
    ("Wo bleibt mein Paket? Es sollte am Dienstag kommen.", "de"),
    ("Bonjour, le produit est cassé, que puis-je faire ?", "fr"),
    ("¿Dónde está mi pedido? Lo espero desde hace dos semanas.", "es"),
    ("Il tappeto è arrivato rotto, vorrei un rimborso.", "it"),
    ("Meu pedido ainda não chegou, vocês podem verificar?", "pt-br"),
    ("Waar blijft mijn pakket? Ik wacht al twee weken.", "nl"),
    ("Gdzie jest moja paczka? Czekam już dwa tygodnie.", "pl"),
    ("Siparişim nerede kaldı, iki haftadır bekliyorum?", "tr"),
    ("Đơn hàng của tôi đâu rồi? Tôi đã chờ hai tuần.", "vi"),
    ("我的包裹在哪裡？已經等了兩個星期。", "zh-hant"),
    ("我的包裹在哪里？已经等了两个星期。", "zh-hans"),
    ("أين طلبي؟ لم يصل بعد وأنا أنتظر منذ أسبوعين.", "ar"),
    ("Де моє замовлення? Я чекаю вже два тижні.", "uk"),
    ("注文した商品がまだ届きません。", "ja"),
]


@pytest.mark.parametrize(("text", "language"), SENTENCES, ids=[code for _text, code in SENTENCES])
@pytest.mark.parametrize("expected", ["", "en", "tr", "same"])
def test_a_sentence_says_its_language_whatever_is_expected(text: str, language: str, expected: str) -> None:
    assert recognise(text, language if expected == "same" else expected) == Recognised(language, is_sure=True)


@pytest.mark.parametrize(
    "text", ["ok", "thx", "Danke!", "12345", "😢😢", "#A-1234567", "https://example.org/a/b", " ", "…"]
)
@pytest.mark.parametrize("expected", ["de", "tr", "pt-br", "zh-hant"])
def test_what_says_too_little_is_taken_for_what_is_expected_and_said_to_be_so(text: str, expected: str) -> None:
    assert recognise(text, expected) == Recognised(expected, is_sure=False)


def test_two_signs_do_not_tell_the_two_kinds_of_chinese_apart() -> None:
    assert recognise("退款", "zh-hant") == Recognised("zh-hant", is_sure=False)
    assert recognise("退款", "zh-hans") == Recognised("zh-hans", is_sure=False)


def test_a_fragment_in_letters_that_its_author_does_not_use_is_not_taken_for_theirs() -> None:
    found = recognise("где заказ", "de")

    assert not found.is_sure
    assert found.language != "de"


def test_numbers_and_addresses_do_not_count() -> None:
    text = "Bestellung A-1234567 und ada@example.org und https://shop.example/en/where-is-my-order bitte prüfen, danke"

    assert recognise(text, "") == Recognised("de", is_sure=True)


@pytest.mark.parametrize("text", ["a" * 10_000, "\u200b" * 500, "\u202eabc\u202c", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "\ud83d"])
def test_whatever_is_written_is_looked_at(text: str) -> None:
    assert not recognise(text, "nl").is_sure or recognise(text, "nl").language


def test_all_our_languages_can_be_recognised_and_every_one_has_a_name_of_its_own() -> None:
    assert set(languages.LANGUAGES) <= {"pt-br" if code == "pt-br" else code for code in recognisable()}
    assert all(languages.own_name(code) != code for code in recognisable())
    assert languages.own_name("uk") == "Українська"
    assert languages.own_name("xx") == "xx"
