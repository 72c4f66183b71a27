"""Sentences that Django and allauth say on our pages and in our mails: none of them in English for somebody who reads
another language, and none with another word than ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import allauth
import django
import polib
import pytest
from django.utils import translation

from marketdesk.lib.languages import LANGUAGES
from tests.languages import CODES, catalogue

DJANGO, ALLAUTH = Path(django.__file__).parent, Path(allauth.__file__).parent
# Their catalogues in English list every sentence with where it stands.
LISTS = (DJANGO / "conf", DJANGO / "contrib/auth", ALLAUTH)
# What people can meet: forms and what validates them, dates, and allauth's pages and mails.
SHOWN = re.compile(
    r"core/validators|forms/|utils/(?:dates|dateformat|text|timesince|ipv6)|template/defaultfilters"
    r"|auth/(?:password_validation|forms)|^(?:allauth/)?(?:account|mfa|usersessions)/|templates/(?:account|mfa|usersessions)/"
)
# What stands there and nobody meets: there is no sign-up, no second address, no telephone, no code by mail, no admin.
NOT_SHOWN = re.compile(
    r"/(?:models|apps|admin)\.py$|phone|signup|login_code|reset_code|base_confirm_code|verif|email_confirm|/email(?:_change)?\.html"
    r"|email/email_|/(?:messages|snippets)/(?:cannot|email|primary|unverified|warn)|account_already|trust\.html"
    r"|contrib/auth/forms"
)
NOT_SAID = re.compile(
    r"[Uu]sername|[Pp]hone|primary email|email addresses\b|associated with this account|sign-in code|sign up"
    r"|^Email address confirmation$|^Email \(|same email each|^Login$"
)


def sentences() -> Iterator[polib.POEntry]:
    for root in LISTS:
        for entry in polib.pofile(str(root / "locale/en/LC_MESSAGES/django.po")):
            places = [place for place, _line in entry.occurrences]
            is_shown = any(SHOWN.search(place) and not NOT_SHOWN.search(place) for place in places)
            if is_shown and not NOT_SAID.search(entry.msgid):
                yield entry


def said(entry: polib.POEntry, code: str) -> str:
    with translation.override(code):
        if entry.msgid_plural and entry.msgctxt:
            return translation.npgettext(entry.msgctxt, entry.msgid, entry.msgid_plural, 5)
        if entry.msgid_plural:
            return translation.ngettext(entry.msgid, entry.msgid_plural, 5)
        return translation.pgettext(entry.msgctxt, entry.msgid) if entry.msgctxt else translation.gettext(entry.msgid)


@pytest.mark.parametrize("code", CODES)
def test_nothing_of_theirs_is_left_in_english(code: str) -> None:
    theirs = {
        (one.msgctxt, one.msgid)
        for root in LISTS
        for file in (root / "locale" / translation.to_locale(code) / "LC_MESSAGES/django.po",)
        if file.exists()
        for one in polib.pofile(str(file)).translated_entries()
    }
    ours = {(one.msgctxt, one.msgid) for folder in ("locale", "borrowed") for one in catalogue(code, folder)}

    asked = list(sentences())
    assert len(asked) > 200
    assert [one.msgid for one in asked if (one.msgctxt, one.msgid) not in theirs | ours] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_borrowed_sentence_is_there_to_be_borrowed_and_ours_is_said(code: str) -> None:
    theirs = {
        (one.msgctxt, one.msgid): one
        for root in LISTS
        for one in polib.pofile(str(root / "locale/en/LC_MESSAGES/django.po"))
    }

    for one in catalogue(code, "borrowed"):
        original = theirs.get((one.msgctxt, one.msgid))
        assert original, f"nobody says this any more: {one.msgid}"
        assert original.msgid_plural == one.msgid_plural
        assert said(one, code) in [one.msgstr, *one.msgstr_plural.values()]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_passkey_is_called_a_passkey(code: str) -> None:
    """Allauth says security key; our pages say passkey, and there is one word for each thing."""
    keys = [one for one in sentences() if re.search(r"security key", one.msgid, re.IGNORECASE)]
    words = {one.msgid for one in catalogue(code, "borrowed")}

    assert len(keys) > 10
    assert [one.msgid for one in keys if one.msgid not in words] == []
    if code == "en":
        assert [one.msgid for one in keys if "security" in said(one, code).lower()] == []
