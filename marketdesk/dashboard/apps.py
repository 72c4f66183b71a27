"""The room's registration with Django."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "marketdesk.dashboard"
    label = "dashboard"
