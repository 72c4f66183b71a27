"""Countries and languages, by code and in words."""

import pytest
from django.utils import translation

from marketdesk.lib import countries, ids, languages


def test_a_country_is_named_in_the_readers_language() -> None:
    with translation.override("de"):
        assert countries.name("DE") == "Deutschland"
    with translation.override("zh-hant"):
        assert countries.name("DE") == "德國"
    assert countries.name("??") == "??"


@pytest.mark.parametrize("code", ["DE", "TR", "GB", "XK", "TW"])
def test_a_country_is_known(code: str) -> None:
    assert countries.is_known(code)


@pytest.mark.parametrize("code", ["", "D", "de", "DEU", "XX", "EU", "UN", "ZZ", "001", "Ä1"])
def test_what_is_no_country_is_not(code: str) -> None:
    assert not countries.is_known(code)


def test_every_country_of_a_language_is_known_and_has_one_language() -> None:
    assert all(countries.is_known(country) for country in languages._LANGUAGE_OF)
    assert set(languages._LANGUAGE_OF.values()) < set(languages.LANGUAGES)


def test_a_language_in_its_own_words_and_direction() -> None:
    assert languages.own_name("tr") == "Türkçe"
    assert languages.own_name("eo") == "Esperanto"
    assert languages.own_name("tlh") == "tlh"
    assert (languages.direction("ar"), languages.direction("de")) == ("rtl", "ltr")


def test_public_ids_are_random_and_of_one_shape() -> None:
    found = {ids.new_public_id() for _ in range(1000)}

    assert len(found) == 1000
    assert all(len(one) == ids.LENGTH and set(one) <= set("0123456789abcdef") for one in found)
    converter = ids.PublicIdConverter()
    assert converter.to_python(converter.to_url("0" * 24)) == "0" * 24
