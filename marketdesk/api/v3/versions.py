"""ETags: what a ticket is like for its reader, named. What a reader may not see does not change the name."""

from django.http import HttpRequest
from django.utils import translation
from django.utils.http import parse_etags

from marketdesk.api.v3 import errors
from marketdesk.api.v3.schemas import Wire, version


def etag(ticket: Wire) -> str:
    """The name of this answer: the ticket as it is now, and the language in which it is told."""
    return f'"{version(ticket)}.{translation.get_language()}"'


def is_known(request: HttpRequest, tag: str) -> bool:
    """Whether the program says that it has this answer already."""
    return not {"*", tag}.isdisjoint(_named(request, "If-None-Match"))


def expect(request: HttpRequest, ticket: Wire) -> None:
    """Raises Refusal where the program means the ticket as it was before, in whatever language it was told."""
    versions = {tag.strip('"').partition(".")[0] for tag in _named(request, "If-Match")}
    if {"*", version(ticket)}.isdisjoint(versions):
        raise errors.changed()


def _named(request: HttpRequest, header: str) -> set[str]:
    return {tag.removeprefix("W/") for tag in parse_etags(request.headers.get(header, ""))}
