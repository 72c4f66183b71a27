"""The room's registration with Django."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "marketdesk.policy"
    label = "policy"
