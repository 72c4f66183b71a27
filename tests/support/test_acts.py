"""What support does with a ticket, each act by its button."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Draft, Ticket
from marketdesk.tickets.rules import Desk, State
from tests.support.conftest import Press, address

pytestmark = pytest.mark.django_db


def test_support_takes_a_live_ticket_over(purchase: Ticket, press: Press, mehmet: Actor) -> None:
    answer = press(purchase, "take_over")

    assert answer.status_code == 302
    purchase.refresh_from_db()
    assert (purchase.state, purchase.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)
    wait = purchase.waits.get()
    assert wait.ended_at is not None
    assert not wait.counted
    assert "close" not in purchase.can(mehmet)


def test_handing_back_starts_a_new_wait(now: Any, at_desk: Ticket, press: Press, mehmet: Actor) -> None:
    now.shift(timedelta(hours=5))

    answer = press(at_desk, "hand_back")

    assert answer.status_code == 302
    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.desk, at_desk.assignee) == (State.WITH_MERCHANT, Desk.MERCHANT, None)
    assert at_desk.waits.count() == 2
    running = at_desk.waits.get(ended_at__isnull=True)
    assert running.due_at - running.started_at == timedelta(hours=48)
    assert "reply" in at_desk.can(mehmet)


def test_a_ticket_routed_to_the_platform_is_shown_to_its_merchant_once_handed_over(
    ask: Callable[..., Ticket], ada_user: User, order: Any, mehmet: Actor, press: Press
) -> None:
    order.total = 100
    order.save()
    routed = ask("item_problem", "It is broken.")
    assert routed.state == State.WITH_SUPPORT
    assert not Ticket.objects.visible_to(mehmet).exists()

    press(routed, "hand_back")

    assert Ticket.objects.visible_to(mehmet).get() == routed


def test_a_ticket_is_assigned_to_oneself_to_another_and_to_nobody(
    at_desk: Ticket, press: Press, sofia_user: User, tomas_user: User
) -> None:
    for agent in (sofia_user, tomas_user, None):
        answer = press(at_desk, "assign", agent=agent.public_id if agent else "")

        assert answer.status_code == 302
        at_desk.refresh_from_db()
        assert at_desk.assignee == agent


def test_only_support_can_be_assigned(at_desk: Ticket, press: Press, mehmet_user: User) -> None:
    answer = press(at_desk, "assign", agent=mehmet_user.public_id)

    assert answer.status_code == 422
    assert "not in the support team" in answer.content.decode()
    at_desk.refresh_from_db()
    assert at_desk.assignee is None


def test_support_closes_and_reopens(at_desk: Ticket, press: Press, sofia_client: Client) -> None:
    press(at_desk, "close")
    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.closed_by) == (State.CLOSED, Party.SUPPORT)
    assert "Closed without a refund" in sofia_client.get(address(at_desk)).content.decode()

    press(at_desk, "reopen")

    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)


def test_support_reopens_with_a_message(at_desk: Ticket, press: Press, sofia: Actor) -> None:
    at_desk.close(by=sofia)

    press(at_desk, "send", voice="reopen", text="We have looked again.")

    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT
    assert at_desk.messages.latest("id").body == "We have looked again."


def test_closing_for_good_is_asked_back_first(at_desk: Ticket, press: Press, ada: Actor) -> None:
    asked = press(at_desk, "close_for_good", text="Half a thought")

    assert asked.status_code == 200
    assert "Close this ticket for good?" in asked.content.decode()
    assert "Half a thought</textarea>" in asked.content.decode()
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT

    press(at_desk, "confirm_close_for_good")

    at_desk.refresh_from_db()
    assert at_desk.state == State.CLOSED_FOR_GOOD
    assert "reopen" not in at_desk.can(ada)


def test_items_are_marked_as_returned_once(at_desk: Ticket, press: Press, sofia_client: Client) -> None:
    item = at_desk.items.get()
    assert b'value="returned"' in sofia_client.get(address(at_desk)).content

    press(at_desk, "returned", item=[item.public_id])

    item.refresh_from_db()
    assert item.returned_at is not None
    assert b'value="returned"' not in sofia_client.get(address(at_desk)).content


def test_what_was_being_typed_survives_another_act(at_desk: Ticket, press: Press, sofia: Actor) -> None:
    press(at_desk, "close", text="I was just writing")

    assert Draft.of(at_desk.pk, by=sofia) == "I was just writing"


@pytest.mark.parametrize(("act", "words"), [("take_over", "cannot be done while"), ("reopen", "open already")])
def test_an_act_at_the_wrong_time_is_refused_in_words(act: str, words: str, at_desk: Ticket, press: Press) -> None:
    answer = press(at_desk, act)

    assert answer.status_code == 409
    assert words in answer.content.decode()
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT


@pytest.mark.parametrize("act", ["hand_back", "close", "close_for_good", "assign", "refund"])
def test_a_ticket_closed_for_good_stays_as_it_is(act: str, at_desk: Ticket, press: Press, sofia: Actor) -> None:
    at_desk.close_for_good(by=sofia)

    answer = press(at_desk, act, item=[at_desk.items.get().public_id])

    assert answer.status_code == 409
    assert "closed for good" in answer.content.decode()
    at_desk.refresh_from_db()
    assert at_desk.state == State.CLOSED_FOR_GOOD


@pytest.mark.parametrize("act", ["", "appeal", "resolve", "__class__", "mark_late"])
def test_an_act_that_is_not_supports_does_nothing(act: str, at_desk: Ticket, press: Press) -> None:
    answer = press(at_desk, act)

    assert answer.status_code == 422
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT


def test_an_expired_page_is_refused_whole(at_desk: Ticket, press: Press) -> None:
    for broken in ({"seen": "yesterday"}, {"key": "k" * 81}):
        answer = press(at_desk, "close", **broken)

        assert answer.status_code == 422
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT


def test_the_buttons_are_those_that_the_rules_allow(at_desk: Ticket, sofia: Actor, sofia_client: Client) -> None:
    page = sofia_client.get(address(at_desk)).content.decode()
    assert 'value="hand_back"' in page
    assert 'value="refund"' in page
    assert 'value="take_over"' not in page

    at_desk.close_for_good(by=sofia)

    page = sofia_client.get(address(at_desk)).content.decode()
    for act in ("hand_back", "refund", "take_over", "assign", "close", "close_for_good"):
        assert f'value="{act}"' not in page
    assert 'value="note" checked' in page


def test_the_way_back_leads_to_the_queue_that_one_came_from(at_desk: Ticket, sofia_client: Client) -> None:
    answer = sofia_client.post(f"{address(at_desk)}?queue=with-support", {"act": "close", "key": "k"})

    assert answer["Location"] == f"{address(at_desk)}?queue=with-support"
    assert 'href="/support/queues/with-support"' in sofia_client.get(answer["Location"]).content.decode()


def test_an_act_on_a_page_that_is_out_of_date_shows_what_is_new(
    at_desk: Ticket, press: Press, sofia: Actor, ada: Actor
) -> None:
    seen = at_desk.last_seen_by(sofia)
    at_desk.reply("It works after all, thank you.", by=ada)

    for act in ("hand_back", "close", "confirm_close_for_good", "assign"):
        answer = press(at_desk, act, seen=seen)

        assert answer.status_code == 409
        assert "It works after all" in answer.content.decode()
    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.assignee) == (State.WITH_SUPPORT, None)
