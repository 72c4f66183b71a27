"""How sign-in behaves (django-allauth): nobody signs up here; people arrive from the marketplace or by invitation."""

import json
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMessage

from marketdesk.journal.models import Job
from marketdesk.lib import sealing

# Where a session keeps when it was last used: the list of sessions and the team show it.
SEEN_AT = "seen_at"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closed to sign-up; its mails are sent by the worker."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def login(self, request: Any, user: Any) -> None:
        super().login(request, user)
        request.session[SEEN_AT] = time.time()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is slow or away holds up nobody, and how long an answer takes does not tell whether
        there is such an account. Sealed: the link for a new password lets in whoever reads it."""
        request = current.request
        about = {"request": request, "email": email, "current_site": get_current_site(request), **context}
        mail = self.render_mail(template_prefix, email, about)
        letter = {"subject": mail.subject, "body": mail.body, "from_email": mail.from_email, "to": mail.to}
        Job.put("account_mail", {"letter": sealing.seal(json.dumps(letter))})


def send(payload: dict[str, Any]) -> None:
    """Hand a mail about an account to the mail server."""
    EmailMessage(**json.loads(sealing.unseal(payload["letter"]))).send()
