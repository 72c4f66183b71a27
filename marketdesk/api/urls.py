"""The programs' own URL table: resolved by the door's middleware, apart from the pages'."""

from django.urls import include, path

from marketdesk.api import files

urlpatterns = [
    path("api/v2/", include("marketdesk.api.v2.urls")),
    path("api/v1/", include("marketdesk.api.v2.urls"), {"token_fields": ("key", "access_token")}),
    path("api/files/<str:signed>", files.picture, name="api-picture"),
]
