"""The room's registration with Django."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "marketdesk.api"
    label = "api"
