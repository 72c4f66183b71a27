"""The room's registration with Django."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "marketdesk.people"
    label = "people"
