"""The room's registration with Django."""

from django.apps import AppConfig


class TranslationsConfig(AppConfig):
    name = "marketdesk.translations"
    label = "translations"
