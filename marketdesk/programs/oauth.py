"""What the OAuth server asks us: which apps, codes and tokens there are, and what becomes of them.

The server's own rules (RFC 6749, PKCE) are oauthlib's and the toolkit's. Whoever lets it work holds a transaction in
which the app's row is locked: nothing else is granted, renewed or revoked for that app until it is done.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import AuthorizationCodeGrant, BearerToken, RefreshTokenGrant
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from marketdesk.lib import secret
from marketdesk.programs import families
from marketdesk.programs.models import AccessToken, App, Grant, RefreshToken, Scope
from marketdesk.programs.refusals import Why

CODE_LIFE = timedelta(minutes=5)
TOKEN_LIFE = timedelta(days=30)
# A renewal gives a new one; who has not come for so long asks the store again.
REFRESH_LIFE = timedelta(days=365)
# Within it, what was used a moment ago comes from the same program once more (a second thread, an answer that was
# lost); later, from somebody who should not have it.
GRACE = timedelta(seconds=10)


class Validator(OAuth2Validator):
    """Finds everything by its hash, each for its own app only; keeps what was used, to know it when it comes again."""

    # Apps. Each has a secret; that it was the right one is known before the transaction begins (`exchanging`).

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return isinstance(request.client, App)

    def validate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        request.client = App.find(client_id)
        return request.client is not None

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return bool(request.client.needs_pkce)

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return list(request.client.scopes)

    def validate_scopes(self, client_id: str, scopes: Any, client: Any, request: Any, *_: Any, **__: Any) -> bool:
        return bool(scopes) and set(scopes) <= set(client.scopes) & set(Scope.values)

    # Codes

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        now = timezone.now()
        codes = Grant.objects.select_related("merchant", "user")
        grant = codes.filter(code=secret.hash_of(code), application=client).first()
        if grant is None:
            raise _refusal(Why.BAD_CODE)
        if grant.redeemed_at:
            if now - grant.redeemed_at > GRACE:
                families.end(grant.token_family, client, grant.merchant, why="code used again", at=now)
            raise _refusal(Why.CODE_USED)
        if grant.expires <= now:
            raise _refusal(Why.CODE_EXPIRED)
        if request.code_verifier and not grant.code_challenge:  # somebody took the challenge off on the way
            raise _refusal(Why.BAD_VERIFIER)
        request.grant, request.merchant, request.user = grant, grant.merchant, grant.user
        request.scopes = grant.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return request.grant.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return request.grant.code_challenge_method or None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        if redirect_uri != request.grant.redirect_uri:
            raise _refusal(Why.BAD_ADDRESS)
        return True

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        request.grant.redeemed_at = timezone.now()
        request.grant.save(update_fields=["redeemed_at"])

    # Tokens

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        now = timezone.now()
        tokens = RefreshToken.objects.select_related("merchant", "user", "access_token")
        found = tokens.filter(token_checksum=secret.hash_of(refresh_token), application=client).first()
        if found is None:
            raise _refusal(Why.BAD_TOKEN)
        if found.revoked:
            if now - found.revoked > GRACE:
                families.end(found.token_family, client, found.merchant, why="refresh token used again", at=now)
            raise _refusal(Why.TOKEN_USED)
        if found.created + REFRESH_LIFE <= now or found.access_token is None:
            raise _refusal(Why.TOKEN_EXPIRED)
        request.merchant, request.user = found.merchant, found.user
        request.refresh_token_instance = found
        return True

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Write down a pair. One that is renewed ends here; the new one remembers its past."""
        now = timezone.now()
        before: RefreshToken | None = getattr(request, "refresh_token_instance", None)
        past = before.access_token if before else None
        theirs = {"merchant": request.merchant, "application": request.client, "user": request.user}
        request.issued = AccessToken.objects.create(
            **theirs,
            name=request.client.name[:100],
            scope=token["scope"],
            expires=now + TOKEN_LIFE,
            token_checksum=secret.hash_of(token["access_token"]),
            source_refresh_token=before,
            allowed_at=past.allowed_at if past else now,
            last_used_at=past.last_used_at if past else None,
        )
        RefreshToken.objects.create(
            **theirs,
            token_checksum=secret.hash_of(token["refresh_token"]),
            access_token=request.issued,
            token_family=before.token_family if before else request.grant.token_family,
        )
        if before and past:
            AccessToken.objects.filter(pk=past.pk, revoked_at=None).update(revoked_at=now)
            RefreshToken.objects.filter(pk=before.pk).update(revoked=now)


def _refusal(why: Why) -> CustomOAuth2Error:
    return CustomOAuth2Error(error=str(why))


def _access_token(_request: Any) -> str:
    return secret.new("md")


def _refresh_token(_request: Any) -> str:
    return secret.new("mdr")


_VALIDATOR = Validator()
CODES = AuthorizationCodeGrant(_VALIDATOR)
RENEWALS = RefreshTokenGrant(_VALIDATOR)
BEARER = BearerToken(_VALIDATOR, _access_token, int(TOKEN_LIFE.total_seconds()), _refresh_token)
