"""The room's registration with Django."""

from django.apps import AppConfig


class RepliesConfig(AppConfig):
    name = "marketdesk.replies"
    label = "replies"
