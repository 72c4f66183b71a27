"""All templates that there are, for those who want to know them and for those who look after them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from marketdesk.lib import folding, languages
from marketdesk.replies.choosing import SPARE
from marketdesk.replies.filling import unfilled
from marketdesk.replies.models import ReplyTemplate, ReplyText
from marketdesk.tickets.rules import Category


@dataclass(frozen=True)
class Listed:
    """A template as it stands in a list: its words in the chosen language, or in another one where it `is_missing`
    there; beside it the reader's own, where that is another language. `lacking` are those in which nobody wrote it."""

    template: ReplyTemplate
    shown: ReplyText | None
    own: ReplyText | None
    is_missing: bool
    lacking: list[str]

    @property
    def title(self) -> str:
        """What the reader calls it."""
        text = self.own or self.shown
        return text.title if text else self.template.code

    @property
    def title_language(self) -> str:
        text = self.own or self.shown
        return text.language if text else ""

    @property
    def wordings(self) -> list[tuple[str, str, str, SafeString]]:
        """Language, its name and its direction, and the words with a name at each gap."""
        texts = [text for text in (self.shown, self.own) if text]
        return [
            (one.language, languages.own_name(one.language), languages.direction(one.language), unfilled(one.body))
            for one in texts
        ]

    def has(self, words: str) -> bool:
        shown = " ".join(f"{text.title} {text.body}" for text in (self.shown, self.own) if text)
        return folding.has_words(f"{self.template.code} {shown}", words)


def browse(
    language: str, own: str, *, words: str = "", category: str | None = None, with_inactive: bool = False
) -> list[Listed]:
    """Every template, or a category's, in the order of the buttons; those that have the words."""
    templates = ReplyTemplate.objects.prefetch_related("texts")
    if not with_inactive:
        templates = templates.filter(active=True)
    if category is not None:
        templates = templates.filter(category=category)
    found = (_listed(template, language, own) for template in templates)
    return [one for one in found if one.has(words) and (with_inactive or one.shown)]


def by_category(found: Iterable[Listed]) -> list[tuple[str, list[Listed]]]:
    """The same under their categories; last come those for all of them."""
    by_code: dict[str, list[Listed]] = {category: [] for category in (*Category.values, "")}
    for one in found:
        by_code.setdefault(one.template.category, []).append(one)
    return [(words_of(category), listed) for category, listed in by_code.items() if listed]


def words_of(category: str) -> str:
    """A category of templates, in words."""
    return str(Category(category).label) if category in Category.values else _("For every category")


def _listed(template: ReplyTemplate, language: str, own: str) -> Listed:
    texts = {text.language: text for text in template.texts.all()}
    order = (language, SPARE, own, *texts)
    shown = next((texts[code] for code in order if code in texts), None)
    mine = texts.get(own)
    return Listed(
        template=template,
        shown=shown,
        own=mine if mine is not shown else None,
        is_missing=language not in texts,
        lacking=[name for code, name in languages.LANGUAGES.items() if code not in texts],
    )
