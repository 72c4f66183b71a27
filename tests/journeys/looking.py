"""What is looked at on each page of somebody's own language: its direction, its width, its buttons, its words.

With JOURNEYS_SEEN=folder every page is left there as a picture, wide and as on a phone, for people to look at.
"""

import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from playwright.sync_api import Page

from marketdesk.lib.languages import direction
from tests.languages import left, plain

SEEN = os.environ.get("JOURNEYS_SEEN", "")
WINDOWS = {"wide": (1280, 900), "phone": (360, 740)}
# Languages that are not written in Latin letters: a Latin word is a name, or it is English.
OTHER_LETTERS = {"ar", "zh-hant"}
# What is named so in every language.
NAMES = frozenset(plain.WORD.findall("Bazario JavaScript"))

_places = count(1)
# Buttons, headings and the like whose words do not fit them.
WORDED = "button, .button, .back, .time-left, summary, th, dt, label, h1, h2, h3, .tag"
CUT = """(worded) => [...document.querySelectorAll(worded)]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen") && one.clientWidth > 1)
  .filter((one) => getComputedStyle(one.closest("thead") ?? one).clipPath === "none")
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 60)}`)"""


@dataclass
class Look:
    """Looks at pages in a language, and notes what is wrong with them."""

    language: str
    found: list[str] = field(default_factory=list)

    def __call__(self, page: Page, name: str) -> None:
        html = page.content()
        self._note(name, left.in_page(html, self.language))
        if self.language in OTHER_LETTERS:
            self._note(name, plain.in_page(html, NAMES, self.language))
        root = page.locator("html")
        told = (root.get_attribute("lang"), root.get_attribute("dir"))
        self._note(name, [f"is {told}"] if told != (self.language, direction(self.language)) else [])
        before, place = page.viewport_size, next(_places)
        for window, (width, height) in WINDOWS.items():
            page.set_viewport_size({"width": width, "height": height})
            wider = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            self._note(f"{name}, {window}", [f"scrolls sideways by {wider} px"] if wider > 0 else [])
            self._note(f"{name}, {window}", [f"cuts {one}" for one in page.evaluate(CUT, WORDED)])
            if SEEN:
                path = Path(SEEN) / f"{self.language}-{place:02}-{name}-{width}.png"
                page.screenshot(path=path, full_page=True, animations="disabled")
        if before:
            page.set_viewport_size(before)

    def check(self) -> None:
        assert list(dict.fromkeys(self.found)) == []

    def _note(self, name: str, found: list[str]) -> None:
        self.found += [f"{name}: {one}" for one in found]
