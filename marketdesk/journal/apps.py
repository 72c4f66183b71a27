"""The room's registration with Django."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "marketdesk.journal"
    label = "journal"
