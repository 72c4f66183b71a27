"""Pictures on tickets: private, served only to those who may read the message they came with."""

from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.tickets.models import Attachment, Ticket


@merchants_only
@require_safe
def picture(request: MerchantRequest, public_id: str, picture: str) -> HttpResponseBase:
    """One picture, or with `?small` its thumbnail. On another ticket it is as if absent."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.actor), public_id=public_id)
    found: Attachment = get_object_or_404(Attachment.objects.visible_to(request.actor), public_id=picture)
    if found.message is not None and found.message.ticket_id != ticket.pk:
        raise Http404
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError as gone:
        raise Http404 from gone
    response = FileResponse(body, content_type=found.mime, filename=f"{found.public_id}.{found.suffix}")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
