"""The second wall: with the application's own check switched off, PostgreSQL alone keeps merchants apart (T1)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from marketdesk.api.middleware import at_once
from marketdesk.api.v2 import quick
from marketdesk.lib.prepared import Prepared
from marketdesk.merchants import wall
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItems
from marketdesk.performance.models.gate import OfMerchants
from marketdesk.programs.models import AccessToken
from marketdesk.refunds.models import Refunds
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.attachment import Attachments
from marketdesk.tickets.models.ticket import Tickets
from tests import test_tenancy
from tests.test_tenancy import (
    ABSENT,
    CALLS,
    CANARY,
    DOORS,
    V3,
    World,
    answer,
    answer_program,
    app_of,
    bodies,
    call_v3,
    foreign,
    names_of,
    routes,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.slow]

world = test_tenancy.world
MERCHANTS = ("mehmet", "agent", "rival")
BEHIND = [one for one in routes() if DOORS.get(one.name, ("",))[0] == "merchant" and one.name.startswith("dashboard:")]


@pytest.fixture
def no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody forgot the first wall: everything is visible to everybody."""
    for gate in (Tickets, OrderItems, Refunds, Attachments, OfMerchants):
        monkeypatch.setattr(gate, "visible_to", lambda rows, _actor: rows.all())
    # A statement that is kept was made with the check; and none may be kept that is made without it.
    monkeypatch.setattr(Prepared, "__call__", lambda statement, *given: list(statement._build(*given)))


@pytest.fixture
def served(db: None, settings: Any) -> Iterator[None]:
    """The tests' tables as a role serves that does not own them; all of it is taken back with the test."""
    if connection.vendor != "postgresql":
        pytest.skip("for postgresql")
    settings.DATABASE_WALL = True
    settings.MIDDLEWARE = ["marketdesk.middleware.WallMiddleware", *settings.MIDDLEWARE]
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE walled; GRANT ALL ON ALL TABLES IN SCHEMA public TO walled")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO walled; GRANT ALL ON SCHEMA public TO walled")
        cursor.execute(f"SET LOCAL {wall.NAME} = '{wall.ALL}'")
    yield
    connection.wall = wall.ALL  # type: ignore[attr-defined]


@pytest.fixture
def walled(served: None) -> None:
    wall.build()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE walled")


def leaks(world: World) -> list[str]:
    """What merchants get of another store, at every address of theirs that names an object."""
    found = []
    for route in BEHIND:
        for name in MERCHANTS:
            for theirs in foreign(list(DOORS[route.name][1:]), name, world):
                if theirs.get("public_id") == world.unshared.public_id:
                    continue  # the store's own, and not for its eyes: the first wall alone knows of it
                for method, body in [("GET", {}), *(("POST", body) for body in bodies(route))]:
                    response, writes = answer(getattr(world, name), method, route.address(theirs), body)
                    if response.status_code not in {404, 405} or writes or CANARY in response.content.decode():
                        found.append(f"{method} {route.name} as {name}: {response.status_code}")
    return found


def test_the_second_wall_alone_keeps_merchants_apart(walled: None, world: World, no_check: None) -> None:
    beyond = ("dashboard:member", "dashboard:app", "dashboard:remove-app", "dashboard:revoke-app")

    assert [one for one in leaks(world) if not one.split()[1].startswith(beyond)] == []


def test_without_it_the_leaks_show(served: None, world: World, no_check: None) -> None:
    """The control: the test above can fail."""
    found = {one.split()[1] for one in leaks(world)}

    assert {"dashboard:ticket", "dashboard:picture", "dashboard:notice", "dashboard:contest"} <= found


@pytest.fixture
def maybe_walled(request: pytest.FixtureRequest) -> bool:
    """With the wall and, for control, without it."""
    request.getfixturevalue("walled" if request.param else "served")
    return bool(request.param)


@pytest.mark.parametrize("maybe_walled", [True, False], indirect=True, ids=["up", "down"])
def test_programs_reach_nothing_of_another_store(
    maybe_walled: bool, world: World, store: Merchant, no_check: None
) -> None:
    token = AccessToken.issue(store, "erp", app=app_of(store))
    foreign_names = names_of(world.foreign, app_of(world.foreign.merchant))
    reached = []
    for method, path, _, body in V3:
        if "<" in path and "<subscription>" not in path:
            response, writes = call_v3(method, path, body, token, **foreign_names)
            reached += [path] if response.status_code != 404 or writes else []
    for path, way in CALLS.items():
        if way:
            fields = {"id": world.foreign.public_id, "reply": "Hello", "access_token": AccessToken.issue(store, path)}
            response, writes = answer_program(way, f"/{path}", fields)
            reached += [path] if response.status_code != 400 or writes else []

    assert reached == [] if maybe_walled else len(reached) > 5


def test_lists_and_counts_stay_inside(walled: None, world: World, no_check: None) -> None:
    for address in (
        "/dashboard/",
        "/dashboard/tickets/closed/",
        "/dashboard/tickets/post-purchase/",
        "/dashboard/search?q=%",
    ):
        assert CANARY not in world.mehmet.get(address, follow=True).content.decode(), address


def test_the_next_request_on_the_same_connection_sees_its_own(walled: None, world: World) -> None:
    own, theirs = world.ticket.public_id, world.foreign.public_id

    assert world.mehmet.get(f"/dashboard/tickets/{own}").status_code == 200
    assert world.rival.get(f"/dashboard/tickets/{theirs}").status_code == 200
    assert world.mehmet.get(f"/dashboard/tickets/{theirs}").status_code == 404
    for ticket in (own, theirs):
        assert world.sofia.get(f"/support/tickets/{ticket}").status_code == 200
    assert world.ada.get(reverse("storefront:ticket", args=[own])).status_code == 200


def test_a_request_that_fails_leaves_nothing_narrow(
    walled: None, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdesk.dashboard.page.queues.counts", lambda _: 1 / 0)
    world.mehmet.raise_request_exception = False

    assert world.mehmet.get("/dashboard/tickets/closed/").status_code == 500

    assert Ticket.objects.count() == 3


def test_a_session_that_says_nothing_sees_nothing(walled: None, world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {wall.NAME} = ''")

    assert not Ticket.objects.exists()


def test_a_stranger_narrows_nothing(walled: None, world: World) -> None:
    assert Client().get(f"/dashboard/tickets/{ABSENT}").status_code == 302
    assert Ticket.objects.count() == 3


def test_the_short_path_of_programs_is_left_to_the_one_that_narrows(
    walled: None, world: World, store: Merchant, no_check: None
) -> None:
    token = AccessToken.issue(store, "erp")
    AccessToken.objects.update(last_used_at=timezone.now())
    for call in quick.CALLS:
        asked = RequestFactory().get(call, {"id": world.foreign.public_id} if call.endswith("/ticket") else {})
        asked.META["HTTP_AUTHORIZATION"] = f"Bearer {token}"

        assert at_once(asked.environ) is None, call
