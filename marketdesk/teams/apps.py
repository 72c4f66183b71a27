"""The room's registration with Django."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "marketdesk.teams"
    label = "teams"
