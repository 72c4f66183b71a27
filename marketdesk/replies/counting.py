"""How often a store sends which template, so that the most used stand first."""

from collections.abc import Iterable

from django.db import connection

from marketdesk.replies.models import ReplyUse

_TABLE = ReplyUse._meta.db_table
# One statement, so that two who send a template for the first time both count.
_COUNT = f"""
INSERT INTO {_TABLE} (merchant_id, template_id, times) VALUES (%s, %s, 1)
ON CONFLICT (merchant_id, template_id) DO UPDATE SET times = {_TABLE}.times + 1
"""  # noqa: S608


def count(merchant: int, templates: Iterable[int]) -> None:
    """A store has sent these. Call it last in the deed: until that ends, colleagues who send the same ones wait. Always
    in the same order, so that no two wait for each other."""
    with connection.cursor() as cursor:
        for template in sorted(templates):
            cursor.execute(_COUNT, [merchant, template])
