"""The programs' own URL table: resolved by the door's middleware, apart from the pages'."""

from django.urls import include, path

from marketdesk.api import files
from marketdesk.api.platform.urls import ROOT as PLATFORM
from marketdesk.api.v2 import document as v2
from marketdesk.api.v3.urls import ROOT as V3

urlpatterns = [
    path("api/v2/openapi.json", v2.openapi),
    path("api/v2/", include("marketdesk.api.v2.urls")),
    path("api/v1/", include("marketdesk.api.v2.urls"), {"token_fields": ("key", "access_token")}),
    path(V3, include("marketdesk.api.v3.urls")),
    path(PLATFORM, include("marketdesk.api.platform.urls")),
    path("api/files/<str:signed>", files.picture, name="api-picture"),
]
