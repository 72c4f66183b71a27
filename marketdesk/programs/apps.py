"""The room's registration with Django."""

from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "marketdesk.programs"
    label = "programs"
