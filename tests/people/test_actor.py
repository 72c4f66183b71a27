"""The actor that every verb takes."""

from datetime import UTC, datetime

from django.test import RequestFactory

from marketdesk.people.accounts import AccountAdapter
from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party


def test_who_acts_has_a_stable_name() -> None:
    assert Actor(Party.MERCHANT, user_id=7, merchant_id=1).who == "user:7"
    assert Actor(Party.MERCHANT, merchant_id=1, app="token-3").who == "app:token-3"
    assert clock().who == "clock"


def test_only_an_app_is_a_program() -> None:
    assert Actor(Party.MERCHANT, app="token-3").is_program
    assert not Actor(Party.MERCHANT, user_id=7).is_program


def test_a_form_adds_its_key_and_what_was_seen() -> None:
    actor = Actor(Party.MERCHANT, user_id=7)
    sender = actor.with_form("key-1", 12)

    assert (sender.key, sender.seen, sender.user_id, sender.at) == ("key-1", 12, 7, actor.at)
    assert (actor.key, actor.seen) == ("", None)


def test_an_event_keeps_who_it_was() -> None:
    at = datetime(2026, 11, 18, tzinfo=UTC)

    assert clock(at).at == at
    assert Actor(Party.MERCHANT, user_id=7, name="Mehmet").as_json() == {
        "party": "merchant",
        "user": 7,
        "name": "Mehmet",
        "app": "",
    }


def test_nobody_signs_up_here() -> None:
    assert not AccountAdapter().is_open_for_signup(RequestFactory().get("/"))
