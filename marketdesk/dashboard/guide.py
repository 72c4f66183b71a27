"""The Guide's pages: what there is, an answer searched for, and a section to read."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.guide import contents, searching, sections
from marketdesk.lib import languages

# What the marketplace itself says about refunds is linked there (D30).
ABOUT_REFUNDS = "refunds"


# For merchants who have signed in, although nothing in it is secret: it speaks of the numbers that bind them, and its
# links lead to their pages.
@merchants_only
@require_GET
def index(request: MerchantRequest) -> HttpResponse:
    """All sections, or those that answer what was asked."""
    language, chosen = _language(request)
    asked = " ".join(request.GET.get("q", "").split())[: searching.MOST_LETTERS]
    groups = [
        (_(heading), [sections.read(slug, language) for slug in slugs]) for heading, slugs in contents.GROUPS.items()
    ]
    context = {
        "looked_for": asked,
        "hits": searching.search(asked, language) if asked else [],
        "groups": groups,
        **_shared(language, chosen, "dashboard:guide", query={"q": asked} if asked else {}),
    }
    return render(request, "dashboard/guide/index.html", context)


@merchants_only
@require_GET
def section(request: MerchantRequest, slug: str) -> HttpResponse:
    """One section, in the reader's language or in the one that they chose to read it in."""
    if slug not in contents.SLUGS:
        raise Http404
    language, chosen = _language(request)
    found = sections.read(slug, language)
    shared = _shared(language, chosen, "dashboard:guide-section", slug)
    before, after = (sections.read(one, language) if one else None for one in contents.neighbours(slug))
    context = {
        "section": found,
        "text": found.html(lambda other: reverse("dashboard:guide-section", args=[other]) + shared["query"]),
        "before": before,
        "after": after,
        "is_about_refunds": slug == ABOUT_REFUNDS,
        **shared,
    }
    return render(request, "dashboard/guide/section.html", context)


def _language(request: MerchantRequest) -> tuple[str, bool]:
    """In which language the Guide is read, and whether it is another one than the pages'."""
    asked, own = request.GET.get("language", ""), languages.current()
    return (asked, True) if asked in languages.LANGUAGES and asked != own else (own, False)


def _shared(language: str, chosen: bool, name: str, *args: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """The language with the way to the others; `query` is what the addresses of other pages carry on."""
    own = languages.current()
    others = [
        (code, words, reverse(name, args=args) + _query(code if code != own else "", query or {}))
        for code, words in languages.LANGUAGES.items()
    ]
    return {
        "read_in": language,
        "in_languages": others,
        "chosen_language": language if chosen else "",
        "query": _query(language if chosen else "", {}),
    }


def _query(language: str, others: dict[str, str]) -> str:
    said = {**others, **({"language": language} if language else {})}
    return f"?{urlencode(said)}" if said else ""
