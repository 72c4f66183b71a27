"""What a page or a mail in en-xa says in plain letters: words that nobody marked for translation. The same of a page in
a language that is not written in our letters."""

import re
from collections.abc import Container
from html.parser import HTMLParser

from tests.languages.pseudo import CODE

# Attributes that people see or hear.
SAID = {
    "title",
    "alt",
    "placeholder",
    "aria-label",
    "aria-description",
    "aria-roledescription",
    "aria-valuetext",
    "label",
}
BUTTONS = {"submit", "button", "reset"}
# What machines read: names of the wire, keys of a keyboard, programs.
TECHNICAL = {"script", "style", "code", "kbd", "pre", "samp", "svg"}
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# What is data, whoever reads it: addresses of all kinds, what tickets and messages are numbered by, codes of currencies
# and countries, time zones, topics of webhooks, labels of API v2, what a script fills in.
DATA = re.compile(
    r"""https?://\S+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | \b(?=[0-9a-z-]*\d)[0-9A-Za-z_-]{8,}\b | \b(?:msg_|refund-)\w+ | \b[0-9a-f]{6}\b | \{\w+\}
    | \b[A-Z]{2,4}\b | ·\ (?:Store|Product)\ Question | \b[a-z_]+\.[a-z_]+\b
    | \b(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/\S.*""",
    re.VERBOSE,
)
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")


class _Reader(HTMLParser):
    """Collects what is said, leaving out what is marked as another language's or a machine's."""

    def __init__(self, language: str) -> None:
        super().__init__(convert_charrefs=True)
        self.language = language
        self.said: list[tuple[str, str]] = []
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        is_left_out = tag in TECHNICAL or known.get("lang", self.language) != self.language
        is_left_out = is_left_out or bool(self.open and self.open[-1][1])
        if not is_left_out:
            for name, value in known.items():
                is_button = name == "value" and tag == "input" and known.get("type") in BUTTONS
                is_about = name == "content" and tag == "meta" and known.get("name") == "description"
                if name in SAID or name.startswith("data-text") or is_button or is_about:
                    self.said.append((f"{tag}[{name}]", value))
        if tag not in EMPTY:
            self.open.append((tag, is_left_out))

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(one == tag for one, _left_out in self.open):
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self.open and self.open[-1][1]):
            self.said.append((self.open[-1][0] if self.open else "", data))


def said(html: str, language: str) -> list[tuple[str, str]]:
    """Whatever a page in a language says, each with its element."""
    reader = _Reader(language)
    reader.feed(html)
    reader.close()
    return reader.said


def in_page(html: str, known: Container[str] = (), language: str = CODE) -> list[str]:
    """The plain words of a page, each with its element and what stands around it."""
    return [f"<{where}> {one}" for where, text in said(html, language) for one in in_text(text, known)]


def in_text(text: str, known: Container[str] = ()) -> list[str]:
    """The plain words of a text; those that are `known` are meant, as words or as the whole text."""
    if text.strip() in known:
        return []
    words = [word for word in WORD.findall(DATA.sub(" ", text)) if word not in known]
    return [f"{' '.join(words)} … {' '.join(text.split())[:100]}"] if words else []
