"""The room's registration with Django."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "marketdesk.tickets"
    label = "tickets"
