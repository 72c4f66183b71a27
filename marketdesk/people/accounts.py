"""How sign-in behaves (django-allauth): nobody signs up here; people arrive from the marketplace or by invitation."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closed to sign-up."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False
