"""Templates that are loaded by ours come out as Django's own, for every language."""

import pytest
from django.template import Context, Engine
from django.template.loaders.locmem import Loader as Plain
from django.urls import set_script_prefix
from django.utils import translation
from django.utils.html import urlize

from marketdesk.ui.loading import Constant, Loader
from marketdesk.ui.templatetags.marketdesk import linked

LIBRARIES = {"i18n": "django.templatetags.i18n"}
TRANSLATED = """{% load i18n %}<p>{% translate "Close" context "a window" %} {% translate "Search" %}</p>
{% if true %}<b>{% url "account" %}</b>{% translate "Menu" as menu %}{{ menu }}{% endif %}
{% blocktranslate %}<kbd>?</kbd> lists the keys{% endblocktranslate %}
{% blocktranslate with name=text %}Account of {{ name }}{% endblocktranslate %}"""


def both_ways(source: str) -> tuple[str, str]:
    engine = Engine(libraries=LIBRARIES)
    plain, ours = Plain(engine, {"page": source}), Loader(engine, [])
    ours.loaders = [plain]
    drawn = []
    for loader in (plain, ours):
        template = loader.get_template("page")
        values = {"text": "<script>'&\"", "true": True}
        drawn.append([template.render(Context(values, autoescape=on)) for on in (True, False, True)])
    return str(drawn[0]), str(drawn[1])


@pytest.mark.parametrize("language", ["en", "de", "ar", None])
def test_sentences_come_out_in_the_readers_language(language: str | None) -> None:
    with translation.override(language):
        expected, drawn = both_ways(TRANSLATED)

    # But that a value of the other direction is set apart.
    assert drawn.replace(r"\u2068", "").replace(r"\u2069", "") == expected


def test_what_is_kept_is_of_one_language_and_one_prefix() -> None:
    engine = Engine(libraries=LIBRARIES)
    ours = Loader(engine, [])
    ours.loaders = [Plain(engine, {"page": '{% load i18n %}{% url "account" %}: {% translate "Search" %} {{ text }}'})]
    template, found = ours.get_template("page"), []

    try:
        for language, prefix, text in [("en", "/", "one"), ("de", "/in/x/", "two"), ("en", "/", "three")]:
            set_script_prefix(prefix)
            with translation.override(language):
                found.append(template.render(Context({"text": text})))
    finally:
        set_script_prefix("/")

    assert found == ["/account/: Search one", "/in/x/account/: Suchen two", "/account/: Search three"]
    assert template.nodelist.get_nodes_by_type(Constant)


@pytest.mark.parametrize(
    "text",
    [
        "Ask. It <b> works: & 'so' \"on\". See lamp.com, WWW.lamp.de; http://x.y/z, Https://[::1]/, me@lamp.de.",
        "No link here: 12.50, e.g. this.one; lamp.de/is_none?a=b&c=d",
        "lamp.ORG",
        "(www.lamp.de)",
        "lamp.int/path",
        "Nothing.\n\n<i>At all</i>… 'quoted' \"twice\" a:b",
    ],
)
def test_links_are_found_where_django_finds_them(text: str) -> None:
    assert linked(text) == urlize(text, nofollow=True, autoescape=True)
