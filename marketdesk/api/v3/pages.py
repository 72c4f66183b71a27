"""Lists page by page: a sealed cursor in the address of the next one, in the envelope and in the `Link` header."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.translation import gettext as _

from marketdesk.api import envelope
from marketdesk.api.v3 import errors
from marketdesk.api.v3.keys import ProgramRequest
from marketdesk.api.v3.schemas import Wire
from marketdesk.lib import sealing


def after(cursor: str, seal: str) -> str:
    """The key in a cursor, empty for the first page. Raises Refusal where it is none of this list's."""
    try:
        return sealing.content_of(cursor, seal).decode() if cursor else ""
    except sealing.Unreadable:
        raise errors.bad_parameter(cursor=_("must be one that stood in paging.next")) from None


def paged(request: ProgramRequest, rows: Sequence[Wire], key: str, seal: str) -> HttpResponse:
    """A page, with the address of the next one where its key is known."""
    if not key:
        return envelope.success(rows)
    query = request.GET.copy()
    query["cursor"] = sealing.word(key.encode(), seal)
    following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    response = envelope.success(rows, {"next": following})
    response.headers["Link"] = f'<{following}>; rel="next"'
    return response
