"""The room's registration with Django."""

from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    name = "marketdesk.merchants"
    label = "merchants"
