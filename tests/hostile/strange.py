"""What people write, paste and are called, and what a careless page breaks on: nothing of it is a program."""

import re
import unicodedata
from html.parser import HTMLParser

from marketdesk.lib import languages

FAMILY = "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽 🇩🇪"
ZALGO = "".join(letter + "".join(map(chr, range(0x300, 0x328))) for letter in "Zalgo")
KINDS = {
    "no language": "asdkj qwpoe 1234 ### \\o/ ~~~",
    "mixed languages": "Merhaba, wo ist my order? 我的包裹 أين طلبي; אנא ענו",
    "without a space": "x" * 10_000,
    "zero width": "pay\u200bment\u2060 re\u200dfund\ufeff",
    "an override": "Ada\u202egnp.exe",
    "an isolate without end": "Ada\u2067 Love\u2068lace",
    "ends without beginning": "Ada\u2069\u2069\u202c\u202c",
    "marks across lines": "Ada\u202b\nnext\u2066\u202d",
    "right to left": "سلطان (متجر) 12",
    "emoji": FAMILY,
    "zalgo": ZALGO,
    "decomposed": unicodedata.normalize("NFD", "Zoë Çelik Ấn Độ"),
}
MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Elements that are a paragraph of their own, and those without content.
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Reader(HTMLParser):
    """Every text and every attribute of a page, with whether it stands in an element that sets it apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.texts: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        is_field = tag == "textarea"
        if tag not in {"input", "option"}:  # what a field holds is sent again as it is
            self.texts += [(value, True) for name, value in attrs if value and name != "content"]
        is_apart = tag == "bdi" or (tag not in {"html", "body"} and "dir" in known)
        if tag not in EMPTY:
            self.open.append((tag, is_apart or is_field or bool(self.open and self.open[-1][1])))

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(one == tag for one, _apart in self.open):
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] not in {"script", "style", "textarea"} and data.strip():
            self.texts.append((data, self.open[-1][1]))


def disturbing(html: str) -> list[str]:
    """The texts of a page that turn what stands behind them, or that stand in a sentence without being set apart."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [text for text, is_apart in reader.texts if _disturbs(text, is_apart)]


def _disturbs(text: str, is_apart: bool) -> bool:
    return languages.settled(text) != text or (not is_apart and bool(MARKS.search(_outside(text))))


def _outside(text: str) -> str:
    """A text without what is set apart in it by marks."""
    said, depth = [], 0
    for letter in text:
        depth += letter in "\u2066\u2067\u2068"
        if not depth:
            said.append(letter)
        depth -= letter == "\u2069" and depth > 0
    return "".join(said)


def turns(line: str) -> bool:
    """Whether a line of plain text turns what stands behind what somebody wrote in it."""
    return languages.settled(line) != line or bool(MARKS.search(_outside(line)))
