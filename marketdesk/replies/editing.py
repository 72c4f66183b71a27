"""How a template is changed: checked, saved with a reason, told, and never in a way that hides what it was."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Audience, Deed, Event, KeyReused
from marketdesk.lib import languages
from marketdesk.people.actor import Actor
from marketdesk.replies import seeding
from marketdesk.replies.filling import NAMES
from marketdesk.replies.models import ReplyChange, ReplyTemplate, ReplyText
from marketdesk.tickets.models import Issue
from marketdesk.tickets.models.message import MAX_TEXT
from marketdesk.tickets.rules import Category

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
TITLE = 60  # characters
_IN_BRACES = re.compile(r"\{([^{}\n]*)\}")

# A template as a page fills it in: category, issues, active, and `texts`: language -> title and body.
Values = dict[str, Any]


class BadTemplate(ValueError):
    """What no template can hold; `field` is where a person puts it right."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


class TemplateMoved(Exception):
    """The template is no longer the one that the person had before them: nothing was changed."""

    def __str__(self) -> str:
        return _("Somebody else changed this template meanwhile. Nothing was saved; what you typed is kept below.")


def values_of(template: ReplyTemplate) -> Values:
    """A template as it is."""
    texts = {text.language: {"title": text.title, "body": text.body} for text in template.texts.all()}
    return {
        "category": str(template.category),
        "issues": list(template.issues),
        "active": template.active,
        "texts": {code: texts[code] for code in languages.LANGUAGES if code in texts},
    }


def edition(code: str) -> int:
    """Which version of a template it is: another one after every change."""
    return ReplyChange.objects.filter(template__code=code).values_list("pk", flat=True).last() or 0


@transaction.atomic
def change(code: str, values: Values, *, reason: str, by: Actor, seen: int) -> ReplyChange:
    """Make a template what these values say, for a reason; one that is not there yet is made. Raises BadTemplate and
    changes nothing when something is wrong with them, and TemplateMoved when it is not the edition that was `seen`."""
    _claim(code, by, seen, json.dumps({"values": values, "reason": reason}, sort_keys=True))
    values = with_shipped(code, values)
    template = ReplyTemplate.objects.filter(code=code).first()
    before = values_of(template) if template else {}
    for problem in problems(code, values):
        raise problem
    if values == before:
        raise BadTemplate(_("Nothing is different from now."))
    template = _write(template or ReplyTemplate(code=code, position=_last_place()), values)
    made = ReplyChange(template=template, before=before, after=values, reason=reason, actor=by.as_json(), made_at=by.at)
    made.save()
    Event.tell(
        verb="template_changed",
        subject_kind="template",
        subject_id=template.pk,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={"template": {"code": code, **values}, "reason": reason},
        at=by.at,
    )
    return made


def with_shipped(code: str, values: Values) -> Values:
    """The values, with the shipped words in each language that was left empty: those come back with every upgrade, and
    are never missing."""
    texts = {language: text for language, text in values["texts"].items() if text["title"] or text["body"]}
    if code in seeding.SHIPPED:
        for language in languages.LANGUAGES:
            if language not in texts:
                shipped = seeding.shipped_texts(language)[code]
                texts[language] = {"title": shipped["title"], "body": shipped["body"].strip()}
    return {**values, "texts": {language: texts[language] for language in languages.LANGUAGES if language in texts}}


def problems(code: str, values: Values) -> list[BadTemplate]:
    """Everything that is wrong with a template, each with the field where a person puts it right."""
    return [*_wrong_facts(code, values), *_wrong_texts(values["texts"])]


def _wrong_facts(code: str, values: Values) -> Iterator[BadTemplate]:
    if not CODE.fullmatch(code):
        words = _("The code begins with a letter and has only small letters, digits and underlines.")
        yield BadTemplate(words, "code")
    category = values["category"]
    if category and category not in Category.values:
        yield BadTemplate(_("Choose a category."), "category")
    known = set(Issue.objects.filter(category=category).values_list("code", flat=True))
    if not set(values["issues"]) <= known:
        yield BadTemplate(_("Choose issue types of the template’s own category."), "issues")
    if not values["texts"]:
        yield BadTemplate(_("Write it in at least one language."), "title-en")


def _wrong_texts(texts: dict[str, dict[str, str]]) -> Iterator[BadTemplate]:
    for language, text in texts.items():
        name = {"language": languages.own_name(language)}
        if not text["title"]:
            yield BadTemplate(_("%(language)s: give it a title, too.") % name, f"title-{language}")
        if len(text["title"]) > TITLE:
            words = _("%(language)s: a title has at most %(most)s characters.") % {**name, "most": TITLE}
            yield BadTemplate(words, f"title-{language}")
        if not text["body"]:
            yield BadTemplate(_("%(language)s: write the text, too.") % name, f"body-{language}")
        if len(text["body"]) > MAX_TEXT:
            words = _("%(language)s: a text has at most %(most)s characters.") % {**name, "most": MAX_TEXT}
            yield BadTemplate(words, f"body-{language}")
        for problem in _wrong_braces(text["body"]):
            yield BadTemplate(_("%(language)s: %(problem)s") % {**name, "problem": problem}, f"body-{language}")


def _wrong_braces(body: str) -> Iterator[str]:
    """What stands in braces and is nothing that we can fill in; and braces that stand alone."""
    known = ", ".join(f"{{{name}}}" for name in NAMES)
    for name in dict.fromkeys(_IN_BRACES.findall(body)):
        if name not in NAMES:
            yield _("%(name)s stands for nothing. What can be filled in: %(known)s.") % {
                "name": f"{{{name}}}",
                "known": known,
            }
    rest = _IN_BRACES.sub("", body)
    if "{" in rest:
        yield _("a brace is opened and not closed. Write it as in %(example)s.") % {"example": "{customer}"}
    if "}" in rest:
        yield _("a brace is closed that was not opened. Write it as in %(example)s.") % {"example": "{customer}"}


def _claim(code: str, by: Actor, seen: int, body: str) -> None:
    """Once for each sending of a form, and only for the first of those who had the same template before them."""
    if by.key:
        Deed.begin(by.who, by.key, body)
    if seen != edition(code):
        raise TemplateMoved
    try:
        Deed.begin("templates", f"{code[:40]} after {seen}", by.who)
    except (AlreadyDone, KeyReused):
        raise TemplateMoved from None


def _write(template: ReplyTemplate, values: Values) -> ReplyTemplate:
    template.category, template.issues, template.active = values["category"], values["issues"], values["active"]
    template.save()
    for language, text in values["texts"].items():
        ReplyText.objects.update_or_create(template=template, language=language, defaults=text)
    template.texts.exclude(language__in=values["texts"]).delete()
    return template


def _last_place() -> int:
    last: int = ReplyTemplate.objects.aggregate(last=Max("position"))["last"] or 0
    return min(last + 1, 32_000)
