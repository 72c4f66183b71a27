"""Templates that are loaded by ours come out as Django's own: for every language, and whatever a value is."""

from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.template import Context, Engine
from django.template.loaders.locmem import Loader as Plain
from django.urls import set_script_prefix
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.html import urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from marketdesk.ui.loading import Constant, Loader
from marketdesk.ui.templatetags.marketdesk import linked

LIBRARIES = {"i18n": "django.templatetags.i18n"}
TRANSLATED = """{% load i18n %}<p>{% translate "Close" context "a window" %} {% translate "Search" %}</p>
{% if true %}<b>{% url "account" %}</b>{% translate "Menu" as menu %}{{ menu }}{% endif %}
{% blocktranslate %}<kbd>?</kbd> lists the keys{% endblocktranslate %}
{% blocktranslate with name=text %}Account of {{ name }}{% endblocktranslate %}"""


class Thing:
    """What templates meet: attributes, calls, and what must not be called."""

    name = "<Ada> & Co"
    count = 1234567
    nothing = None
    deep: Any = None

    def call(self) -> str:
        return "called"

    def needs(self, more: str) -> str:
        return more

    def delete(self) -> str:
        raise AssertionError("a template must not")

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def absent(self) -> str:
        class GoneError(ObjectDoesNotExist):
            silent_variable_failure = True

        raise GoneError


class Both(Thing):
    """An object that is asked like a dictionary, too."""

    def __getitem__(self, name: str) -> str:
        if name == "name":
            return "by key"
        raise KeyError(name)


def values() -> dict[str, Any]:
    thing = Thing()
    thing.deep = {"list": ["zero", Thing()], "text": "'quoted'"}
    return {
        "text": "<script>'&\"",
        "safe": mark_safe("<b>"),
        "lazy": gettext_lazy("Search"),
        "number": 1234567,
        "half": 0.5,
        "thing": thing,
        "both": Both(),
        "later": SimpleLazyObject(lambda: thing),
        "items": {"items": "a key", "0": "nought"},
        "true": True,
    }


ASKED = (
    "text", "safe", "lazy", "number", "half", "true", "missing", "missing.more", "thing.name", "thing.count",
    "thing.call", "thing.needs", "thing.delete", "thing.absent", "thing.nothing", "thing.nothing.more", "thing.missing",
    "both.name", "both.count", "later.name", "later.deep.text", "thing.deep.list.0", "thing.deep.list.1.name",
    "items.items", "items.keys", "items.0", "text.upper", "text|upper", "missing|default:'none'", "thing.name|length",
    "'constant'", "42",
)  # fmt: skip


def both_ways(source: str) -> tuple[str, str]:
    engine = Engine(libraries=LIBRARIES)
    plain, ours = Plain(engine, {"page": source}), Loader(engine, [])
    ours.loaders = [plain]
    drawn = []
    for loader in (plain, ours):
        template = loader.get_template("page")
        drawn.append([template.render(Context(values(), autoescape=on)) for on in (True, False, True)])
    return str(drawn[0]), str(drawn[1])


@pytest.mark.parametrize("asked", ASKED)
def test_a_value_comes_out_as_by_django(asked: str) -> None:
    expected, drawn = both_ways(f"{{{{ {asked} }}}} {{% if {asked} %}}yes{{% else %}}no{{% endif %}}")

    assert drawn == expected


@pytest.mark.parametrize("language", ["en", "de", "ar", None])
def test_sentences_come_out_in_the_readers_language(language: str | None) -> None:
    with translation.override(language):
        expected, drawn = both_ways(TRANSLATED)

    assert drawn == expected


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
