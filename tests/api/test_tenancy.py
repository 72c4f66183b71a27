"""A stranger's ticket is as if absent: over every route of the door, byte for byte, and nothing changes."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from marketdesk.api.middleware import routes
from marketdesk.journal.models import Event, Job
from marketdesk.lib import ids
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets.models import Attachment, Message, Ticket
from tests.api.conftest import Program, opened
from tests.api.test_wire_format import a_picture

pytestmark = pytest.mark.django_db

# Every route has a row: does it name a ticket by `id`? A route without one fails below.
NAMES_A_TICKET = {
    "auth_test": False,
    "ticket": True,
    "ticket/get-action-required": False,
    "ticket/count-action-required": False,
    "ticket/reply": True,
    "ticket/close": True,
    "ticket/appeal-to-wish-support": True,
    "ticket/appeal-to-support": True,
    "ticket/re-open": True,
    "order": False,  # an item: tests/api/test_refunding.py
    "order/refund": False,
}
PICTURES = "api/files/<str:signed>"
DESCRIPTION = "api/v2/openapi.json"  # of no store
# Apps come here with a secret and a code instead of a token: test_oauth.py.
FOR_CODES = [f"api/{version}/oauth/{call}_token" for version in ("v1", "v2") for call in ("access", "refresh")]
EVERYWHERE = [f"api/{version}/{call}" for version in ("v1", "v2") for call in NAMES_A_TICKET]


def walk(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield f"{before}{one.pattern}"
        else:
            yield from walk(one, f"{before}{one.pattern}")


def test_every_route_has_a_row() -> None:
    merchants = [
        path for path in walk(routes()) if not path.startswith(("platform/", "api/v3/"))
    ]  # the others: tests/test_tenancy.py

    assert sorted(merchants) == sorted([*EVERYWHERE, *FOR_CODES, PICTURES, DESCRIPTION])


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("path", [path for path in EVERYWHERE if NAMES_A_TICKET[path.split("/", 2)[2]]])
def test_a_rivals_program_cannot_tell_a_ticket_from_none(
    path: str, legacy: bool, ticket: Ticket, rival_program: Program, settings: pytest.FixtureRequest
) -> None:
    settings.API_V2_LEGACY_METHODS = legacy  # type: ignore[attr-defined]
    before = list(Ticket.objects.values()), Message.objects.count(), Event.objects.count(), Job.objects.count()

    for method in (rival_program.client.get, rival_program.client.post):
        theirs, nobodys = (
            opened(method(f"/{path}", {"access_token": rival_program.token, "key": rival_program.token, **fields}))
            for fields in ({"id": ticket.public_id, "reply": "x"}, {"id": ids.new_public_id(), "reply": "x"})
        )

        assert (theirs.status, theirs.body) == (nobodys.status, nobodys.body)
        assert theirs.code in {1004, 405}
        assert not legacy or theirs.code == 1004
    assert before == (
        list(Ticket.objects.values()),
        Message.objects.count(),
        Event.objects.count(),
        Job.objects.count(),
    )


def test_a_rivals_list_holds_none_of_it(ticket: Ticket, rival_program: Program) -> None:
    assert rival_program.get("ticket/get-action-required").data == []
    assert rival_program.get("ticket/count-action-required").data["count"] == "0"


def test_a_merchants_own_id_is_no_way_in(ticket: Ticket, store: Merchant, rival_program: Program) -> None:
    found = rival_program.get("ticket", id=ticket.public_id, merchant_id=store.public_id)

    assert found.code == 1004


def test_what_never_stood_with_the_merchant_is_absent_for_their_program(ticket: Ticket, program: Program) -> None:
    Ticket.objects.update(shared=False)

    assert program.get("ticket", id=ticket.public_id).code == 1004
    assert program.post("ticket/reply", id=ticket.public_id, reply="x").code == 1004
    assert program.get("ticket/get-action-required").data == []
    assert program.get("ticket/count-action-required").data["count"] == "0"


@pytest.mark.parametrize("path", EVERYWHERE)
def test_nothing_is_answered_without_a_token(path: str, ticket: Ticket, client: Client) -> None:
    codes = {opened(method(f"/{path}", {"id": ticket.public_id})).code for method in (client.get, client.post)}

    assert codes == {4000, 405}


# Pictures


def pictures_of(ticket: Ticket, program: Program) -> list[str]:
    links = program.get("ticket", id=ticket.public_id).data["Ticket"]["replies"][-1]["Reply"]["image_urls"]
    assert links.startswith("[")
    return [link.strip('" ') for link in links.strip("[]").split(",")]


@pytest.fixture
def shown(ticket: Ticket, ada: Actor) -> Ticket:
    ticket.reply("Seht selbst.", by=ada, pictures=[a_picture(ada)])
    return ticket


def test_a_picture_is_fetched_without_a_session(shown: Ticket, program: Program) -> None:
    (link,) = pictures_of(shown, program)

    answer = Client().get(link)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"".join(answer.streaming_content) == Attachment.objects.get().open().read()  # type: ignore[attr-defined]
    assert link.endswith(".jpg")


def test_a_forged_expired_or_dead_link_is_as_if_absent(
    now: object, shown: Ticket, program: Program, client: Client, ada: Actor
) -> None:
    (link,) = pictures_of(shown, program)
    waiting = a_picture(ada)
    path = link.removeprefix("http://testserver")
    forged = [path[:-6] + "AA.jpg", path.replace(Attachment.objects.all()[0].public_id, waiting.public_id)]
    forged += ["/api/files/x", "/api/files/..jpg", f"/api/files/{waiting.public_id}.jpg", "/api/files/:::"]

    for one in forged:
        found = opened(client.get(one))
        assert (found.status, found.code, found.message) == (
            404,
            404,
            "There is no such picture, or its link has expired.",
        )

    Ticket.objects.update(shared=False)
    assert opened(client.get(path)).status == 404
    Ticket.objects.update(shared=True)
    assert client.get(path).status_code == 200
    now.shift(30 * 24 * 3600 + 1)  # type: ignore[attr-defined]
    assert opened(client.get(path)).status == 404


def test_a_link_ends_with_the_token_that_it_was_made_for(shown: Ticket, program: Program, store: Merchant) -> None:
    (link,) = pictures_of(shown, program)
    (other,) = pictures_of(shown, Program(AccessToken.issue(store, "another")))

    AccessToken.objects.get(name="ERP").revoke()

    assert opened(Client().get(link)).status == 404
    assert Client().get(other).status_code == 200


def test_a_link_of_an_app_outlives_its_token_and_ends_with_the_app(shown: Ticket, store: Merchant) -> None:
    app = App.objects.create(merchant=store, name="ERP", scopes=[Scope.READ_TICKETS])
    (link,) = pictures_of(shown, Program(AccessToken.issue(store, "old", app=app)))
    renewed = AccessToken.issue(store, "new", app=app)

    AccessToken.objects.get(name="old").revoke()
    assert Client().get(link).status_code == 200
    AccessToken.objects.get(name="new").revoke()
    assert opened(Client().get(link)).status == 404

    AccessToken.objects.update(revoked_at=None)
    (link,) = pictures_of(shown, Program(renewed))
    App.objects.update(removed_at=timezone.now())
    assert opened(Client().get(link)).status == 404


def test_a_picture_whose_file_is_gone(shown: Ticket, program: Program, client: Client) -> None:
    (link,) = pictures_of(shown, program)
    Attachment.objects.update(sha256="0" * 64)

    assert opened(client.get(link)).status == 404


def test_a_picture_is_only_read(shown: Ticket, program: Program, client: Client) -> None:
    (link,) = pictures_of(shown, program)

    assert opened(client.post(link, {"x": BytesIO(b"x")})).status == 405
