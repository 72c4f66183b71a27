"""The room's registration with Django."""

from django.apps import AppConfig


class GuideConfig(AppConfig):
    name = "marketdesk.guide"
    label = "guide"
