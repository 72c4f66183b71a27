"""The room's registration with Django."""

from django.apps import AppConfig


class RefundsConfig(AppConfig):
    name = "marketdesk.refunds"
    label = "refunds"
