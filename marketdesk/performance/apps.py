"""The room's registration with Django."""

from django.apps import AppConfig


class PerformanceConfig(AppConfig):
    name = "marketdesk.performance"
    label = "performance"
