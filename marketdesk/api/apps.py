"""The room's registration with Django."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "marketdesk.api"
    label = "api"

    def ready(self) -> None:
        """Tell the outbox, which knows no door, how this one says things."""
        from marketdesk.api.v3 import telling
        from marketdesk.outbox.webhooks import topics

        topics.SAYS.update(telling.SAYS)
