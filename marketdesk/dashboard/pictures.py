"""Pictures on tickets: private, served only to those who may read the message they came with."""

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.tickets.models import Attachment
from marketdesk.ui.pictures import HEADERS


@merchants_only
@require_safe
def picture(request: MerchantRequest, public_id: str, picture: str) -> FileResponse:
    """One picture, or with `?small` its thumbnail. On another ticket it is as if absent."""
    found = get_object_or_404(Attachment.objects.on_page(request.actor, public_id), public_id=picture)
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(body, content_type=found.mime, filename=found.file_name, headers=HEADERS)
