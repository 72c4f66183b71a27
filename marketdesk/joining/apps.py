"""The door's registration with Django."""

from django.apps import AppConfig


class JoiningConfig(AppConfig):
    name = "marketdesk.joining"
    label = "joining"
