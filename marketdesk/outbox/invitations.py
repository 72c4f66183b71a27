"""The mail that invites somebody into a team, and the link in it."""

from datetime import UTC
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from marketdesk.outbox import mail
from marketdesk.policy import promises
from marketdesk.teams.models import Invitation


def link(token: str) -> str:
    """The address that an invitation's mail names."""
    return f"{settings.BASE_URL}{reverse('invitation')}?{urlencode({'token': token})}"


def compose(invitation: Invitation, token: str) -> EmailMessage:
    """The letter, in the language that the inviter chose."""
    with translation.override(invitation.language), timezone.override(UTC):  # nobody knows their zone yet
        context = {
            "who": invitation.inviter,
            "store": invitation.merchant.name if invitation.merchant else "",
            "role": invitation.get_role_display(),
            "platform": promises.current().platform_name,
            "until": f"{date_format(timezone.localtime(invitation.expires_at), 'DATETIME_FORMAT')} (UTC)",
            "url": link(token),
        }
        return mail.write("invitation", context, to=invitation.email, about=f"invitation:{invitation.pk}")
