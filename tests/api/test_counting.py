"""The red number over API v2."""

from collections.abc import Callable

import pytest

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets import queues
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
CALL = "ticket/count-action-required"


def test_it_follows_the_red_number(
    ask: Callable[..., Ticket], mehmet: Actor, rival_program: Program, program: Program
) -> None:
    assert program.get(CALL).data == {"success": True, "count": "0"}
    first = ask("tracking")
    ask("item_problem")

    assert program.get(CALL).data["count"] == str(queues.waiting(mehmet)) == "2"
    first.reply("It is on its way.", by=mehmet)
    assert program.get(CALL).data["count"] == "1"
    assert rival_program.get(CALL).data["count"] == "0"


def test_it_takes_a_token_that_may_read_tickets(store: Merchant, ticket: Ticket) -> None:
    app = App.objects.create(merchant=store, name="Ledger", scopes=[Scope.READ_ORDERS])

    refused = Program(AccessToken.issue(store, "ledger", app=app)).get(CALL)

    assert (refused.code, refused.data) == (4000, {})


def test_it_is_only_read(program: Program) -> None:
    assert program.post(CALL).code == 405
