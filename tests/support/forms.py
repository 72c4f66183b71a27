"""Forms of pages, filled in as a browser would send them."""

import html
import re
from typing import Any


def filled_in(page: Any, action: str = "") -> dict[str, list[str]]:
    """Every input, checked box and chosen option of the form with this action; of the whole page without one."""
    text = page.content.decode()
    text = text[text.index('id="main"') :]
    if action:
        start = text.index(f'action="{action}"')
        text = text[start : text.index("</form>", start)]
    form: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = found.get("type") in {"checkbox", "radio"}
        if "name" in found and not (is_box and " checked" not in tag):
            form.setdefault(found["name"], []).append(html.unescape(found.get("value", "")))
    for name, options in re.findall(r'<select[^>]* name="([\w-]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        form[name] = [chosen[1] if chosen else ""]
    return form
