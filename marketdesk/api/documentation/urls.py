"""The addresses of the documentation. They lie under /api/ and are pages for people."""

from django.urls import path, register_converter

from marketdesk.api.documentation import views
from marketdesk.api.documentation.reference import DOCUMENTS


class VersionConverter:
    """v2 or v3."""

    regex = "|".join(DOCUMENTS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(VersionConverter, "version")

app_name = "docs"
urlpatterns = [
    path("", views.start, name="start"),
    path("<version:version>", views.version, name="version"),
    path("<version:version>/<slug:name>", views.call, name="call"),
    path("<slug:name>", views.topic, name="topic"),
]
