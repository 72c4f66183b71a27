"""Passkeys (allauth): a new one also signs in by itself, and what no authenticator would say is refused in words."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms


class _Readable:
    """Answers of a browser that cannot be read are wrong ones; the library only expects those of real browsers."""

    def clean_credential(self) -> Any:
        return _read(super().clean_credential)  # type: ignore[misc]


def _read(read: Any) -> Any:
    try:
        return read()
    except (LookupError, TypeError, ValueError, AttributeError):
        raise get_adapter().validation_error("incorrect_code") from None


class AddForm(forms.AddWebAuthnForm):  # type: ignore[misc]
    """With its box for signing in without a password checked beforehand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True

    def clean(self) -> Any:
        return _read(super().clean)


class LoginForm(_Readable, forms.LoginWebAuthnForm):  # type: ignore[misc]
    """Signing in with nothing else."""


class AuthenticateForm(_Readable, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step."""


class ReauthenticateForm(_Readable, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Once more, before something weighty."""
