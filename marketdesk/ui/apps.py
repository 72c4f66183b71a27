"""The room's registration with Django."""

from django.apps import AppConfig

from marketdesk.lib import threads


class UiConfig(AppConfig):
    name = "marketdesk.ui"
    label = "ui"

    def ready(self) -> None:
        threads.keep_by_thread()
