"""The room's registration with Django."""

from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "marketdesk.support"
    label = "support"
