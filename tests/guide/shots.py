"""Takes the Guide's pictures from the demo, in a browser: `python -m tests.guide.shots`, or `make shots`.

They are taken anew whenever a page that they show has changed, so that they never grow old; a test watches that each is
there and that no other is. In all twelve languages, since the words on a picture are those that its text names: a
reader who looks for a button must see it as it is called on their pages. That is about 4 MB, in the repository and in
the wheel.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from marketdesk.lib.languages import LANGUAGES
from tests.desk import ROOT, Desk, free_ports, surroundings

if TYPE_CHECKING:
    from tests.guide.stage import Stage

PICTURES = ROOT / "marketdesk" / "guide" / "static" / "guide"
# Wide enough for two charts side by side; with the pixels of a better screen.
WIDTH = 1030
SHARPER = 1200 / WIDTH
AROUND = 20
# A page has few colours: without the others a picture is sharper than a lossy one, and smaller.
COLOURS = 128


@dataclass(frozen=True)
class Box:
    """A part of a page, in its own pixels from its beginning."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, place: Locator) -> "Box":
        found = place.evaluate(
            "(one) => { const box = one.getBoundingClientRect();"
            " return [box.x + scrollX, box.y + scrollY, box.width, box.height] }"
        )
        return cls(*found)

    def to(self, other: "Box") -> "Box":
        """As wide as itself, down to the end of the other."""
        return Box(self.x, self.y, self.width, other.y + other.height - self.y)

    def around(self, above: float = AROUND, below: float = AROUND) -> "Box":
        """The whole width of the window, with a little room above and below."""
        return Box(0, self.y - above, WIDTH, self.height + above + below)

    def at_most(self, height: float) -> "Box":
        return Box(self.x, self.y, self.width, min(self.height, height))


def queue(page: Page, stage: "Stage") -> Box:
    """The menu, open over a list."""
    page.goto("/dashboard/tickets/post-customer-support/")
    page.locator(".bar-nav details.menu > summary").click()
    return Box(0, 0, WIDTH, 640)


def ticket(page: Page, stage: "Stage") -> Box:
    """A question with its facts, its message and the reply."""
    page.goto(f"/dashboard/tickets/{stage.question}")
    return Box.of(page.locator(".strip")).to(Box.of(page.locator("section.reply"))).around(above=0)


def templates(page: Page, stage: "Stage") -> Box:
    """The reply beside the templates; where they open for a preview, the first is open."""
    page.goto(f"/dashboard/tickets/{stage.question}")
    summary = page.locator("#templates li details > summary").first
    if summary.count():
        summary.click()
    return Box.of(page.locator("section.reply")).around().at_most(620)


def translated(page: Page, stage: "Stage") -> Box:
    """A message in the reader's language."""
    from tests.guide.stage import WRITTEN_IN

    language = page.locator("html").get_attribute("lang") or "en"
    public_id, message = stage.foreign[WRITTEN_IN[language]]
    page.goto(f"/dashboard/tickets/{public_id}?view={message}")
    place = page.locator(f"#m{message}")
    place.locator(".view-in a").wait_for()
    return Box.of(place).around(28, 28)


def refund(page: Page, stage: "Stage") -> Box:
    """Ticked items, and the question that the refund asks first."""
    page.goto(f"/dashboard/tickets/{stage.purchase}")
    boxes = page.locator("#items [name=item]:not([disabled])")
    for number in range(min(2, boxes.count())):
        boxes.nth(number).check()
    page.locator("#items [value=refund]").click()
    page.locator(".confirm").wait_for()
    return Box.of(page.locator("#items")).around(0, 0)


def appeal(page: Page, stage: "Stage") -> Box:
    """The form of an appeal."""
    page.goto(f"/dashboard/tickets/{stage.purchase}")
    page.locator("[value=ask_appeal]").click()
    page.locator("section.appeal").wait_for()
    return Box.of(page.locator("section.appeal")).around(0, 0)


def figures(page: Page, stage: "Stage") -> Box:
    """The sentences and the two rates."""
    page.goto("/dashboard/performance")
    charts = page.locator(".panels figure, .panels .chart")
    return Box.of(page.locator(".queues")).to(Box.of(charts.first)).around(below=4)


def ledger(page: Page, stage: "Stage") -> Box:
    """Answers with their verdicts; of a time of which nothing lies ahead."""
    page.goto("/dashboard/performance/ledger?days=90")
    return Box.of(page.locator(".queues")).to(Box.of(page.locator(".ledger"))).around().at_most(760)


def notice(page: Page, stage: "Stage") -> Box:
    """A warning."""
    page.goto(f"/dashboard/performance/notices/{stage.notice}")
    return Box.of(page.locator("main")).around(0, 0).at_most(860)


def contest(page: Page, stage: "Stage") -> Box:
    """The form of a contest, of a late answer."""
    page.goto("/dashboard/performance/ledger?verdict=late")
    page.goto(page.locator("a[href*='/contest/wait/']").first.get_attribute("href") or "")
    _say_choose_file(page)
    return Box.of(page.locator("main")).around(0, 0)


def _say_choose_file(page: Page) -> None:
    """In the reader's language, as their browser would; this one has only its own."""
    from django.utils import translation

    with translation.override(page.locator("html").get_attribute("lang")):
        words = translation.gettext("Choose File")
    page.locator("input[type=file]").evaluate(
        "(one, words) => { const button = document.createElement('span');"
        " button.className = 'button small'; button.textContent = words;"
        " button.style.justifySelf = 'start'; one.replaceWith(button) }",
        words,
    )


def team(page: Page, stage: "Stage") -> Box:
    """The members, an invitation, and the form that invites."""
    page.goto("/dashboard/team")
    return Box.of(page.locator("main")).around(0, 0)


def apps(page: Page, stage: "Stage") -> Box:
    """The apps that were let in."""
    page.goto("/dashboard/apps")
    return Box.of(page.locator("main")).around(0, 0)


Take = Callable[[Page, "Stage"], Box]
SHOTS: dict[str, Take] = {
    one.__name__: one
    for one in (queue, ticket, templates, translated, refund, appeal, figures, ledger, notice, contest, team, apps)
}
# What Mehmet's store has none of, or little: it is seldom late.
OF_LATE_STORE = {"ledger", "notice", "contest"}


def take(page: Page, shot: str, stage: "Stage", file: Path) -> int:
    """One picture into a file: how many bytes it is."""
    box = SHOTS[shot](page, stage)
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); document.fonts.ready")
    clip = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    raw = page.screenshot(clip=clip, full_page=True, animations="disabled", caret="hide")  # type: ignore[arg-type]
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(raw)) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.convert("RGB").save(file, "WEBP", lossless=True, quality=100, method=6)
    return file.stat().st_size


def sign_in(browser: Browser, url: str, email: str) -> Page:
    """A window of their own."""
    from marketdesk.demo.population import PASSWORD

    window = browser.new_context(
        base_url=url,
        viewport={"width": WIDTH, "height": 900},
        device_scale_factor=SHARPER,
        color_scheme="light",
        reduced_motion="reduce",
    )
    page = window.new_page()
    page.set_default_timeout(20_000)
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.locator(".bar-nav").wait_for()
    return page


def main(words: list[str]) -> None:
    """Take all of them, or some."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--only", nargs="+", choices=SHOTS, default=list(SHOTS))
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        home, (port,) = Path(folder) / "home", free_ports(1)
        environment = surroundings(home, port)
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="marketdesk.settings", DATABASE_URL="")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
        import django

        desk = Desk(environment)
        desk.prepare()
        django.setup()
        from tests.guide import stage as staging

        stage = staging.fill(home)
        desk.start("--demo")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
                pages = {
                    is_late: sign_in(browser, desk.url, stage.late_owner if is_late else stage.owner)
                    for is_late in (False, True)
                }
                for language in asked.languages:
                    for user in stage.readers():
                        user.language = language
                        user.save(update_fields=["language"])
                    for shot in asked.only:
                        file = PICTURES / language / f"{shot}.webp"
                        size = take(pages[shot in OF_LATE_STORE], shot, stage, file)
                        print(f"{language}/{shot}: {size / 1000:.0f} kB")
                browser.close()
        finally:
            desk.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
