"""The mail of an invitation: in the chosen language, with a link that works, and only while it does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.outbox import jobs as outbox
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.teams import inviting
from marketdesk.teams.models import Invitation, Post

pytestmark = pytest.mark.django_db

Told = Callable[[], list[EmailMessage]]


def test_the_mail_says_who_invites_to_what_with_a_link_that_works(
    store: Merchant, mehmet: Actor, told: Told, settings: Any
) -> None:
    settings.BASE_URL = "https://desk.example"
    invitation, token = inviting.invite("zeynep@example.org", Post.OWNER, to=store, by=mehmet, language="en")

    (letter,) = told()

    assert letter.to == ["zeynep@example.org"]
    assert letter.subject == "Invitation to the team of Anadolu Home"
    body = str(letter.body)
    assert "Mehmet Demir invites you to answer customers of Anadolu Home" in body
    assert "Your role: Owner" in body
    assert f"https://desk.example/invitation?token={token}\n" in body
    assert Invitation.find(token, timezone.now()) == invitation
    assert "Auto-Submitted" in letter.extra_headers


def test_support_is_invited_by_the_command_line_without_a_name(told: Told) -> None:
    program = Actor(Party.SUPPORT, app="command line")
    inviting.invite("eva@example.org", Post.ADMINISTRATOR, to=None, by=program, language="en")

    (letter,) = told()

    assert letter.subject == "Invitation to the platform Support"
    assert "You are invited to work for the platform Support.\nYour role: Administrator" in str(letter.body)


def test_the_mail_comes_in_the_language_that_the_inviter_chose(store: Merchant, mehmet: Actor, told: Told) -> None:
    inviting.invite("zeynep@example.org", Post.AGENT, to=store, by=mehmet, language="de")

    (letter,) = told()

    assert "2026" in str(letter.body)
    assert "AM" not in str(letter.body)
    assert "PM" not in str(letter.body)


def test_an_invitation_that_has_ended_is_not_sent(store: Merchant, mehmet: Actor, told: Told) -> None:
    invitation, _ = inviting.invite("zeynep@example.org", Post.AGENT, to=store, by=mehmet, language="en")
    inviting.revoke(invitation, by=mehmet)

    assert told() == []


def test_a_job_that_runs_twice_sends_the_same_mail(store: Merchant, mehmet: Actor, mailoutbox: list[Any]) -> None:
    inviting.invite("zeynep@example.org", Post.AGENT, to=store, by=mehmet, language="en")
    payload = Job.objects.get(kind="invite").payload

    outbox.invite(payload)
    outbox.invite(payload)

    first, second = mailoutbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
