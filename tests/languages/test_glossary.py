"""One word for each thing in each language: the tables at the end of docs/words.md against the catalogues."""

import re
import unicodedata

import pytest

from tests.languages import CODES, ROOT, catalogue, forms

# A noun that a sentence says without its word, and why not: (the noun, the language, how the sentence begins).
WITHOUT = {
    ("ticket", "zh-hant", "%(platform_name)s Support then takes this ticket over"): "“it” there",
    ("customer", "de", "A question appears here as soon as a customer asks"): "“somebody” there",
    ("app", "pl", "Where an owner is led back to after allowing"): "“where to after the consent” there",
    ("message", "fr", "Messages are tried again by themselves"): "“new tries” there",
    ("refund", "pl", "Hours after which a refund that the marketplace"): "“it” there",
}
# What is not the noun that stands in it, and what to read there.
OTHERWISE = {
    "sandbox store": "sandbox",
    "what the customer reads is the message": "",  # a field of API v3, which has one name for all
}
HOLE = re.compile(r"\[[^\]]+\]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def tables() -> list[list[dict[str, str]]]:
    """The rows of each table that has a column for every language, by the names of the columns."""
    found: list[list[dict[str, str]]] = []
    header: list[str] = []
    for line in (ROOT / "docs" / "words.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| English |"):
            header = cells
            found.append([])
        elif header and line.startswith("| "):
            found[-1].append(dict(zip(header, cells, strict=True)))
    return found


def folded(text: str) -> str:
    """Without capitals, also those that Turkish dots."""
    return unicodedata.normalize("NFC", text.casefold().replace("i̇", "i"))


def test_the_glossary_has_both_tables_for_every_language() -> None:
    terms, nouns = tables()

    assert len(terms) >= 27
    assert len(nouns) >= 21
    for row in (*terms, *nouns):
        assert list(row) == ["English", *CODES]
        assert all(row.values()), row


@pytest.mark.parametrize("code", CODES)
def test_a_term_of_the_glossary_is_said_by_its_name(code: str) -> None:
    for row in tables()[0]:
        english, wanted = HOLE.sub("*", row["English"]), HOLE.sub("*", row[code])
        said = [one.msgstr for one in catalogue(code) if PLACEHOLDER.sub("*", one.msgid) == english]
        assert wanted in [PLACEHOLDER.sub("*", one) for one in said], (english, said)


@pytest.mark.parametrize("code", CODES)
def test_a_noun_is_called_the_same_in_every_sentence(code: str) -> None:
    terms, nouns = tables()
    # A term may be called something else than the nouns in it: Post Customer Support Questions, in Chinese.
    names = sorted((row["English"] for row in terms if len(row["English"].split()) > 1), key=len, reverse=True)
    whole = re.compile("|".join(re.escape(name.removesuffix("s")) for name in [*names, "Customer Service"]))
    strayed = []
    for row in nouns:
        noun = re.compile(rf"\b{row['English']}s?\b", re.IGNORECASE)
        stems = [folded(stem) for stem in row[code].split(" / ")]
        for entry in catalogue(code):
            sentence = re.sub(r"%\(\w+\)[sd]|<[^>]*>|\b[A-Z][A-Z-]{3,}\b", "", whole.sub("", entry.msgid))
            for words, instead in OTHERWISE.items():
                sentence = sentence.replace(words, instead)
            if noun.search(sentence) and not any(stem in folded(" ".join(forms(entry))) for stem in stems):
                excuse = [one for one in WITHOUT if one[:2] == (row["English"], code) and one[2] in entry.msgid]
                strayed += [] if excuse else [(row["English"], entry.msgid, forms(entry))]

    assert strayed == []
