"""The second wall between merchants: PostgreSQL itself shows a session only the rows of the stores that it is about.

The first wall is `visible_to`. This one stands behind it for the day on which somebody forgets that: it is no wall
against who can send SQL of their own. A session begins with all stores (`*`, for the platform, customers, programs of
the marketplace and the worker); the merchants' doors narrow it as soon as they know for whom they are, and
`WallMiddleware` widens it again when the request is over, since connections are kept. A session that says nothing, as
psql's does, sees nothing.
"""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from marketdesk.lib import replica

# The variable of the session, and what it says where all stores are meant.
NAME = "marketdesk.merchants"
ALL = "*"
# What reaches beyond one store: people work for several, and an app of one store is let into others.
BEYOND = {"merchants_membership", "outbox_subscription"}
BEYOND_ROOMS = {"programs"}
POLICY = "stores_of_the_session"

SAID = f"(SELECT current_setting('{NAME}', true))"
STORES = f"(SELECT string_to_array(nullif(current_setting('{NAME}', true), '{ALL}'), ','))::bigint[]"


def narrow(*merchants: int | None) -> None:
    """From now on this session is about these stores alone."""
    if settings.DATABASE_WALL:
        _say(",".join(str(one) for one in merchants if one) or "0")


def also(merchant: int) -> None:
    """And about a store that has just been made."""
    said = getattr(connections[DEFAULT_DB_ALIAS], "wall", ALL)
    if said != ALL:
        _say(f"{said},{merchant}")


def widen() -> None:
    """About all stores again. A connection on which that cannot be said is given up."""
    for one in connections.all(initialized_only=True):
        if getattr(one, "wall", ALL) != ALL:
            try:
                _tell(one.alias, ALL)
            except Exception:
                one.close()
                one.wall = ALL  # type: ignore[attr-defined]
                raise


def _say(stores: str) -> None:
    for alias in (DEFAULT_DB_ALIAS, replica.ALIAS):
        if alias in settings.DATABASES:
            _tell(alias, stores)


def _tell(alias: str, stores: str) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [NAME, stores])
    connection.wall = stores  # type: ignore[attr-defined]


# Building it


def tables() -> Iterator[tuple[str, bool]]:
    """Every table behind the wall, and whether it also holds rows of no store, which are not."""
    for model in apps.get_models():
        store = next((field for field in model._meta.local_fields if field.attname == "merchant_id"), None)
        name = model._meta.db_table
        if store and name not in BEYOND and model._meta.app_label not in BEYOND_ROOMS:
            yield name, store.null


def stands() -> bool:
    """Whether every table is behind it."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = %s", [POLICY])
        behind = {name for (name,) in cursor.fetchall()}
    return {name for name, _ in tables()} == behind


def build() -> None:
    """Put every table behind it. Only for other roles than the owner's, who prepares and backs up."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        for name, has_others in tables():
            shown = f"{SAID} = '{ALL}' OR merchant_id = ANY ({STORES})" + (" OR merchant_id IS NULL" * has_others)
            cursor.execute(f"DROP POLICY IF EXISTS {POLICY} ON {name}")
            cursor.execute(f"CREATE POLICY {POLICY} ON {name} USING ({shown})")
            cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")


def take_down() -> None:
    """Let every table stand open again."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = %s", [POLICY])
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
            cursor.execute(f"DROP POLICY {POLICY} ON {name}")


def has_a_hole() -> bool:
    """Whether the role that serves is let through: a superuser, the tables' owner, or one who may bypass."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT NOT row_security_active('tickets_ticket')")
        return bool(cursor.fetchone()[0])
