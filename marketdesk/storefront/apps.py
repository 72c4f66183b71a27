"""The room's registration with Django."""

from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    name = "marketdesk.storefront"
    label = "storefront"
