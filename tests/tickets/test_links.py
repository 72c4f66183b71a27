"""The signed link of a mail: for one ticket, one customer and one mail address, until it ends or is stopped."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import sealing
from marketdesk.people.actor import Actor, Link
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.records.erasing import erase
from marketdesk.tickets import links
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.rules import State
from tests.test_tenancy import picture_of
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

OFTEN = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def token_of(ticket: Ticket) -> str:
    """The token of a link that is sent now."""
    fresh = Ticket.objects.select_related("customer").get(pk=ticket.pk)
    return links.address(fresh, links.ends_at(timezone.now())).rstrip("/").rpartition("/")[2]


def by_link(ada: Actor, ticket: Ticket) -> Actor:
    return Actor(Party.CUSTOMER, user_id=ada.user_id, name=ada.name, link=Link(ticket.pk, ticket.link_generation))


def opened(token: str) -> Ticket | None:
    return links.opened_by(token, timezone.now())


# The token


def test_a_link_opens_its_ticket_and_fits_a_line_of_a_mail(ticket: Ticket, settings: Any) -> None:
    settings.BASE_URL = "https://support.bazario.example"
    link = links.address(ticket, links.ends_at(timezone.now()))

    assert opened(token_of(ticket)) == ticket
    assert len(link) <= 80


def test_the_same_mail_carries_the_same_link(now: Any, ticket: Ticket) -> None:
    assert token_of(ticket) == token_of(ticket)


def test_a_token_shows_nothing_of_what_it_holds(now: Any, ticket: Ticket, ask: Callable[..., Ticket]) -> None:
    """Two tickets of one customer, asked one after the other: their tokens have nothing in common."""
    one, other = token_of(ticket), token_of(ask("product_question"))

    assert sum(left == right for left, right in zip(one, other, strict=True)) < 10


def test_it_ends_when_the_policy_said_and_mails_that_were_sent_keep_theirs(
    now: Any, ticket: Ticket, sofia: Actor
) -> None:
    old = token_of(ticket)
    promises.change({"link_days": 2}, reason="Shorter.", by=sofia)
    promises.forget()
    new = token_of(ticket)
    now.shift(timedelta(days=2, seconds=-1))
    assert opened(new) == ticket

    now.shift(timedelta(seconds=1))

    assert opened(new) is None
    assert opened(old) == ticket
    now.shift(timedelta(days=118))
    assert opened(old) is None


@OFTEN
@given(place=st.integers(0, 351), more=st.text(max_size=3))
def test_no_forged_bit_opens_anything(place: int, more: str, ticket: Ticket) -> None:
    token = token_of(ticket)
    sealed = bytearray(base64.urlsafe_b64decode(token))
    sealed[place % len(sealed)] ^= 1 << (place // len(sealed) % 8)

    assert opened(base64.urlsafe_b64encode(bytes(sealed)).decode()) is None
    assert opened(token[: place % len(token)]) is None
    assert opened(token + more) == (ticket if more == "" else None)


@OFTEN
@given(token=st.text(max_size=80))
def test_no_guess_opens_anything(token: str, ticket: Ticket) -> None:
    assert opened(token) is None


def test_a_word_for_another_purpose_is_no_link(ticket: Ticket) -> None:
    content = sealing.content_of(token_of(ticket), "link to a ticket")

    assert opened(sealing.word(content, "something else")) is None
    assert opened(sealing.word(content + b"x", "link to a ticket")) is None


def test_links_outlive_a_change_of_the_secret_key_while_the_old_one_is_known(ticket: Ticket, settings: Any) -> None:
    token = token_of(ticket)

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new one"
    assert opened(token) == ticket
    settings.SECRET_KEY_FALLBACKS = []
    assert opened(token) is None


# For whom it is


def test_a_new_mail_address_ends_the_links_sent_to_the_old_one(ticket: Ticket, ada_user: User) -> None:
    token = token_of(ticket)

    User.objects.filter(pk=ada_user.pk).update(email="ada@elsewhere.example")  # however it is written

    assert opened(token) is None
    assert opened(token_of(ticket)) == ticket


def test_erasing_a_customer_ends_their_links_and_forgets_what_came_by_one(
    ticket: Ticket, ada: Actor, ada_user: User, sofia: Actor
) -> None:
    token = token_of(ticket)
    Draft.keep(ticket.pk, "Noch etwas", by=by_link(ada, ticket))
    picture_of(by_link(ada, ticket))

    erase(ada_user, by=sofia)

    assert opened(token) is None
    assert (Draft.objects.count(), Attachment.objects.count()) == (0, 0)


def test_a_customer_who_was_shut_out_is_shut_out_here_too(ticket: Ticket, ada_user: User) -> None:
    token = token_of(ticket)

    User.objects.filter(pk=ada_user.pk).update(is_active=False)

    assert opened(token) is None


# Stopping them


@pytest.mark.parametrize("who", ["ada", "sofia"])
def test_customer_and_support_stop_the_links_and_the_next_mail_brings_a_new_one(
    who: str, request: pytest.FixtureRequest, ticket: Ticket
) -> None:
    token = token_of(ticket)

    ticket.end_links(by=request.getfixturevalue(who))

    assert opened(token) is None
    assert opened(token_of(ticket)) == ticket
    told = Event.objects.latest("id")
    assert (told.verb, told.audience, told.ticket_id) == ("end_links", Audience.PLATFORM, ticket.pk)


def test_a_merchant_stops_no_links(ticket: Ticket, mehmet: Actor) -> None:
    token = token_of(ticket)

    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.end_links(by=mehmet)

    assert opened(token) == ticket


def test_stopping_takes_nobodys_turn_and_hinders_nobody_who_writes(
    now: Any, ticket: Ticket, ada: Actor, sofia: Actor
) -> None:
    updated, seen = ticket.public_updated_at, ticket.last_seen_by(sofia)
    now.shift(timedelta(hours=1))

    ticket.end_links(by=Actor(Party.CUSTOMER, user_id=ada.user_id))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.public_updated_at) == (State.WITH_MERCHANT, updated)
    ticket.reply("We look into it.", by=sofia.with_form("k", seen))

    assert ticket.messages.count() == 2


# What an actor with a link is


def test_one_gate_shows_one_ticket(ticket: Ticket, ask: Callable[..., Ticket], ada: Actor) -> None:
    other = ask("product_question")
    guest = by_link(ada, ticket)

    assert list(Ticket.objects.visible_to(guest)) == [ticket]
    with nothing_changed(), pytest.raises(NotAllowed):
        other.close(how="solved", by=guest)
    assert other.state == State.WITH_MERCHANT


def test_after_the_links_were_stopped_nothing_more_is_done_by_one(ticket: Ticket, ada: Actor) -> None:
    """Also by a request that had passed the door before."""
    guest = by_link(ada, ticket)
    ticket.end_links(by=ada)

    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.reply("Hello", by=guest)


def test_an_event_says_that_it_came_by_a_link(ticket: Ticket, ada: Actor) -> None:
    ticket.reply("Signed in.", by=ada)
    assert "by_link" not in Event.objects.latest("id").actor

    ticket.reply("By a link.", by=by_link(ada, ticket))

    assert Event.objects.latest("id").actor["by_link"] is True


def test_drafts_and_waiting_pictures_of_the_account_stay_there(ticket: Ticket, ada: Actor) -> None:
    Draft.keep(ticket.pk, "Ein Entwurf", by=ada)
    picture = picture_of(ada)
    guest = by_link(ada, ticket)

    assert Draft.of(ticket.pk, by=guest) == ""
    assert not Attachment.objects.visible_to(guest).filter(pk=picture.pk).exists()
    assert Attachment.objects.kept_for(guest, [picture.public_id]) == []


def test_a_token_is_of_safe_letters(ticket: Ticket) -> None:
    assert re.fullmatch(r"[\w-]{44}", token_of(ticket))
