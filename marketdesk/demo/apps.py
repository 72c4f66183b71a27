"""The room's registration with Django."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "marketdesk.demo"
    label = "demo"
