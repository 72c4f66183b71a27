"""What a customer sent in vain because they were signed out: in their session, by the page's address."""

from django.http import HttpRequest

from marketdesk.tickets.models.message import MAX_TEXT

KEPT = "unsent"
MOST = 5


def keep(request: HttpRequest, address: str, text: str) -> None:
    """Keep the text of a page; an emptied field is forgotten, and so are all but the latest pages."""
    others = {page: kept for page, kept in request.session.get(KEPT, {}).items() if page != address}
    if text.strip():
        others[address] = text[: MAX_TEXT * 2]
    request.session[KEPT] = dict(list(others.items())[-MOST:])


def read(request: HttpRequest, address: str) -> str:
    """What was typed on that page so far."""
    return str(request.session.get(KEPT, {}).get(address, ""))


def forget(request: HttpRequest, address: str) -> None:
    """The text was sent, or has found its place."""
    if address in request.session.get(KEPT, {}):
        keep(request, address, "")
