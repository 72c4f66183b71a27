"""Signing in with the operator's own OpenID Connect service: for people who have an account or an invitation here,
with a mail address that the service has verified. Nobody else, and never a customer."""

import secrets
from typing import Any

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import inviting
from marketdesk.teams.errors import TeamRefusal
from marketdesk.teams.inviting import Newcomer, Standing
from marketdesk.teams.models import Invitation

# How the service may sign: with a key of its own that we only read. Never none, never with a shared secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
NEEDED = ["iss", "aud", "sub", "exp", "iat"]
# Seconds by which its clock may differ from ours.
LEEWAY = 60


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The service as allauth sees it, with what allauth leaves out: the nonce, the signature, the issuer's own name."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, "openid_connect")
        self.nonce = ""

    def get_provider(self) -> OpenIDConnectProvider:
        app = get_adapter().get_app(self.request, provider="openid_connect")
        return Provider(self.request, app=app)

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return f"{settings.BASE_URL}{reverse('openid-callback')}"

    @property
    def openid_config(self) -> dict[str, Any]:
        found: dict[str, Any] = super().openid_config
        if str(found["issuer"]).rstrip("/") != self.get_provider().app.settings["server_url"].rstrip("/"):
            raise OAuth2Error("The service calls itself by another name than MARKETDESK_OIDC_ISSUER.")
        return found

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Who it is, as the signed token says; what it leaves out of their address is asked for."""
        try:
            claims = self._decode_id_token(app, kwargs["response"]["id_token"])
            if "email_verified" not in claims:
                told = self._fetch_user_info(token.token)
                claims |= told if told["sub"] == claims["sub"] else {}
            return self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        except (jwt.PyJWTError, LookupError, TypeError, ValueError) as wrong:
            raise OAuth2Error(str(wrong)) from wrong

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            keys = jwt.PyJWKSet.from_dict(session.get(self.openid_config["jwks_uri"]).json())
        claims: dict[str, Any] = jwt.decode(
            id_token,
            keys[jwt.get_unverified_header(id_token)["kid"]],
            algorithms=ALGORITHMS,
            audience=app.client_id,
            issuer=self.openid_config["issuer"],
            options={"require": NEEDED},
            leeway=LEEWAY,
        )
        if not self.nonce or not constant_time_compare(str(claims.get("nonce", "")), self.nonce):
            raise OAuth2Error("The token answers another question than ours.")
        if claims.get("azp", app.client_id) != app.client_id or len(str(claims["sub"])) > 191:
            raise OAuth2Error("The token is for another program.")
        return claims


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """Allauth's, which asks our adapter."""

    def get_oauth2_adapter(self, request: HttpRequest) -> Adapter:
        return Adapter(request)


class Callback(OAuth2CallbackView):  # type: ignore[misc]
    """Where the service sends people back to."""

    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, response


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who comes in. Raises ImmediateHttpResponse with a page for everybody else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing:
            if sociallogin.user.party == Party.CUSTOMER:
                raise _refused(request)
            return
        claims = sociallogin.account.extra_data["id_token"]
        # Some services write it as a word; anything else, also an untrue word, is no proof.
        is_verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
        if not is_verified or not isinstance(claims.get("email"), str):
            raise _refused(request, unverified=True)
        with transaction.atomic():
            user = _known(claims["email"].lower()) or _invited(claims["email"].lower(), str(claims.get("name") or ""))
            if user is None:
                raise _refused(request)
            sociallogin.connect(request, user)

    def on_authentication_error(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> None:
        raise ImmediateHttpResponse(render(request, "joining/openid_failed.html", status=401))


@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """To the service, with a question of our own."""
    # Each question lets us ask the service what it offers, and wait for it.
    slowed_down: HttpResponse | None = ratelimit.consume_or_429(request, action="openid")
    if slowed_down:
        return slowed_down
    nonce = secrets.token_urlsafe(32)
    try:
        answer: HttpResponse = (
            Adapter(request)
            .get_provider()
            .redirect(
                request,
                AuthProcess.LOGIN,
                next_url=get_next_redirect_url(request),
                auth_params={"nonce": nonce},
                nonce=nonce,
            )
        )
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (RequestException, OAuth2Error, LookupError, TypeError, ValueError):
        return render(request, "joining/openid_failed.html", status=502)
    return answer


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the service, with its answer."""
    try:
        answer: HttpResponse = Callback.adapter_view(Adapter(request))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (RequestException, OAuth2Error, LookupError, TypeError, ValueError):
        return render(request, "joining/openid_failed.html", status=502)
    return answer


def _known(email: str) -> User | None:
    """The merchant's or support's account with an address."""
    return User.objects.filter(email=email, is_active=True).exclude(party=Party.CUSTOMER).first()


def _invited(email: str, name: str) -> User | None:
    """Somebody new, whom invitations of this address let in."""
    user = None
    for invitation in Invitation.objects.open(timezone.now()).filter(email=email).order_by("-pk"):
        try:
            if user:
                inviting.join(invitation, user, at=timezone.now())
            elif inviting.standing(invitation) is Standing.NEW:
                newcomer = Newcomer(name[:150] or email.partition("@")[0], invitation.language)
                user = inviting.begin(invitation, newcomer, at=timezone.now())
        except TeamRefusal:
            continue  # one of another party, or used in this moment
    return user


def _refused(request: HttpRequest, *, unverified: bool = False) -> ImmediateHttpResponse:
    return ImmediateHttpResponse(render(request, "joining/openid_refused.html", {"unverified": unverified}, status=403))
