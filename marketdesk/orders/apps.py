"""The room's registration with Django."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "marketdesk.orders"
    label = "orders"
