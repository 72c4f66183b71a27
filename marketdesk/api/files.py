"""Pictures by signed link: what a program fetches needs no token, and the link dies after 30 days, or with the token or
app that it was made for."""

from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import FileResponse, HttpRequest
from django.urls import reverse

from marketdesk.api.envelope import Refusal
from marketdesk.outbox.models import Subscription
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Attachment
from marketdesk.ui.pictures import HEADERS

LIVES = timedelta(days=30)
_signer = TimestampSigner(salt="marketdesk.api.files")


def link(attachment: Attachment, request: HttpRequest, token: AccessToken) -> str:
    """Where the picture can be fetched, at the host that the program itself called."""
    # An app's link outlives the renewal of its token.
    holder = f"app-{token.application_id}" if token.application_id else f"token-{token.pk}"
    return request.build_absolute_uri(_path(attachment, f"{token.merchant_id}.{holder}"))


def link_of(attachment: Attachment, subscription: Subscription) -> str:
    """The same at our own address, for an app that is told without having called."""
    return settings.BASE_URL + _path(attachment, f"{subscription.merchant_id}.app-{subscription.app_id}")


def _path(attachment: Attachment, holder: str) -> str:
    # The suffix is for clients that tell a picture by it.
    signed = f"{_signer.sign(f'{attachment.public_id}.{holder}')}.{attachment.suffix}"
    return reverse("api-picture", "marketdesk.api.urls", [signed])


def of_product(url: str) -> str:
    """Where a program fetches the picture of a product: a shop's address is whole, a demo's or sandbox's is our own."""
    return urljoin(f"{settings.BASE_URL}/", url) if url else ""


def picture(request: HttpRequest, signed: str) -> FileResponse:
    """The picture behind a link. Forged, expired, revoked or no longer the merchant's to see: as if it did not
    exist."""
    if request.method not in {"GET", "HEAD"}:
        raise Refusal(405, "Use GET.", status=405, headers={"Allow": "GET, HEAD"})
    try:
        attachment = _behind(signed)
        body = attachment.open()
    except (BadSignature, Attachment.DoesNotExist, FileNotFoundError):
        raise Refusal(404, "There is no such picture, or its link has expired.", status=404) from None
    return FileResponse(body, content_type=attachment.mime, filename=attachment.file_name, headers=HEADERS)


def _behind(signed: str) -> Attachment:
    public_id, merchant, holder = _signer.unsign(signed.rpartition(".")[0], max_age=LIVES).split(".")
    kind, _, number = holder.partition("-")
    lets_in = {"application": int(number)} if kind == "app" else {"pk": int(number)}
    living = AccessToken.objects.filter(revoked_at=None, application__removed_at=None)
    if not living.filter(merchant=int(merchant), **lets_in).exists():
        raise Attachment.DoesNotExist
    # The link stands in for its merchant: through the same gate, so it dies with what they may see.
    actor = Actor(Party.MERCHANT, merchant_id=int(merchant))
    return Attachment.objects.visible_to(actor).get(public_id=public_id, message__isnull=False)
