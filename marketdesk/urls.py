"""Where everything is."""

from django.urls import include, path
from django.views.generic import RedirectView

from marketdesk import front
from marketdesk.dashboard import authorizing
from marketdesk.joining import invited, openid
from marketdesk.storefront import arriving

urlpatterns = [
    path("", front.home, name="home"),
    path("healthz", front.healthz, name="healthz"),
    path("readyz", front.readyz, name="readyz"),
    path("language", front.set_language, name="set-language"),
    path("account/", front.account, name="account"),
    path("invitation", invited.invitation, name="invitation"),
    path("accounts/login/", front.SignIn.as_view(), name="account_login"),
    # Mail addresses come from the marketplace. Allauth's page would take any, also somebody else's, without a proof.
    path("accounts/email/", RedirectView.as_view(pattern_name="account"), name="account_email"),
    # Allauth's, without its sign-up and its other ways to connect services.
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/openid/login", openid.login, name="openid-login"),
    path("accounts/openid/callback", openid.callback, name="openid-callback"),
    path("arrive", arriving.arrive, name="arrive"),
    path("arrive/embedded", arriving.arrive_embedded, name="arrive-embedded"),
    path("oauth/authorize", authorizing.authorize, name="authorize"),
    path("v3/oauth/authorize", authorizing.authorize, name="authorize-v3"),
    path("my/", include("marketdesk.storefront.urls")),
    path("api/docs", RedirectView.as_view(pattern_name="docs:start"), name="docs"),
    path("api/docs/", include("marketdesk.api.documentation.urls")),
    path("dashboard/", include("marketdesk.dashboard.urls")),
    path("support/", include("marketdesk.support.urls")),
]

handler400 = front.bad_request
handler403 = front.forbidden
handler404 = front.not_found
handler429 = front.too_many  # allauth's: too many tries
handler500 = front.server_error
