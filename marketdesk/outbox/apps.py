"""The room's registration with Django."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "marketdesk.outbox"
    label = "outbox"
