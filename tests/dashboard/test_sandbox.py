"""The sandbox in the dashboard: its store's team may look and work there, and sees on every page that it is one."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs import sandbox, stories
from marketdesk.teams import inviting
from marketdesk.teams.errors import TeamRefusal
from marketdesk.teams.models import Invitation, Post
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.conftest import signed_in
from tests.dashboard.conftest import words

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/sandbox"
BANNER = "Sandbox: nothing here is real."


@pytest.fixture(autouse=True)
def _few_stories(monkeypatch: pytest.MonkeyPatch) -> None:
    told = stories.stock()
    monkeypatch.setattr(stories, "stock", lambda: replace(told, stories=told.stories[:2]))


@pytest.fixture
def here(store: Merchant) -> Merchant:
    return sandbox.store_of(store)


def choose(client: Client, store: Merchant) -> Any:
    return client.post("/dashboard/store", {"store": store.public_id}, follow=True)


def fill(client: Client, key: str = "") -> Any:
    return client.post(PAGE, {"key": key or secrets.token_urlsafe(8)}, follow=True)


def test_the_team_begins_with_the_real_store(mehmet_client: Client, here: Merchant, ticket: Ticket) -> None:
    Merchant.objects.filter(pk=here.pk).update(name="A sandbox that comes first")

    page = mehmet_client.get("/dashboard/tickets/post-customer-support/")

    assert ticket.subject in words(page)
    assert BANNER not in words(page)


def test_it_is_chosen_among_the_stores_and_says_what_it_is(mehmet_client: Client, here: Merchant) -> None:
    page = choose(mehmet_client, here)

    assert here.name in words(page)
    assert BANNER in words(page)
    assert "/dashboard/team" not in page.content.decode()


def test_a_ticket_there_is_answered_like_any_other(mehmet_client: Client, here: Merchant) -> None:
    choose(mehmet_client, here)
    tried = Ticket.objects.filter(merchant=here)[0]
    page = mehmet_client.get(f"/dashboard/tickets/{tried.public_id}")
    sent = {"act": "reply", "text": "It is on its way.", "key": page.context["keys"]["reply"]}

    mehmet_client.post(f"/dashboard/tickets/{tried.public_id}", sent)

    tried.refresh_from_db()
    assert BANNER in words(page)
    assert tried.state == State.WITH_CUSTOMER


def test_another_stores_sandbox_is_as_if_absent(rival_user: User, mehmet_client: Client, here: Merchant) -> None:
    rival = signed_in(rival_user)

    answer = rival.post("/dashboard/store", {"store": here.public_id})

    assert answer.status_code == 404
    assert here.name not in words(rival.get("/dashboard/tickets/closed/"))
    assert here.name not in words(rival.get(PAGE))


def test_nobody_joins_the_team_of_a_sandbox(mehmet_client: Client, here: Merchant, sofia: Actor) -> None:
    by = replace(sofia, party=Party.CLOCK, app="command line")
    with pytest.raises(TeamRefusal, match="no team of its own"):
        inviting.invite("zeynep@example.org", Post.OWNER, to=here, by=by, language="tr")
    choose(mehmet_client, here)
    form = {"email": "zeynep@example.org", "role": "owner", "language": "tr", "key": "k-1"}

    answer = mehmet_client.post("/dashboard/team", form)

    assert answer.status_code == 409
    assert not Invitation.objects.exists()
    assert not Membership.objects.filter(merchant=here).exists()


def test_the_page_says_what_happens_there_by_itself(mehmet_client: Client, here: Merchant) -> None:
    text = words(mehmet_client.get(PAGE))

    assert "You refund an item. The money is paid back." in text
    assert "after 10 seconds" in text
    assert "Fill it anew" in text


def test_the_page_leads_owners_back_to_the_apps(mehmet_client: Client, here: Merchant) -> None:
    assert '<a class="back" href="/dashboard/apps">' in mehmet_client.get(PAGE).content.decode()


@pytest.mark.parametrize("from_inside", [True, False])
def test_an_owner_fills_it_anew(mehmet_client: Client, here: Merchant, *, from_inside: bool) -> None:
    before = set(Ticket.objects.values_list("pk", flat=True))
    if from_inside:
        choose(mehmet_client, here)

    page = fill(mehmet_client, "k-1")
    made = set(Ticket.objects.values_list("pk", flat=True))
    fill(mehmet_client, "k-1")

    assert "The sandbox holds fresh tickets." in words(page)
    assert len(made) == 2
    assert not made & before
    assert set(Ticket.objects.values_list("pk", flat=True)) == made


def test_an_owner_makes_it_before_any_app_does(mehmet_client: Client, store: Merchant) -> None:
    assert "Make the sandbox" in words(mehmet_client.get(PAGE))

    page = fill(mehmet_client)

    assert "Fill it anew" in words(page)
    assert Ticket.objects.filter(merchant__sandbox_of=store).count() == 2


def test_an_agent_may_look_but_not_fill(here: Merchant, store: Merchant) -> None:
    agent_user = User.objects.create_user("elif@example.org", "x", name="Elif", party=Party.MERCHANT, language="en")
    Membership.objects.create(user=agent_user, merchant=store, role=Role.AGENT)
    agent, before = signed_in(agent_user), set(Ticket.objects.values_list("pk", flat=True))

    page = agent.get(PAGE)
    refused = fill(agent)

    assert "Fill it anew" not in words(page)
    assert refused.status_code == 403
    assert set(Ticket.objects.values_list("pk", flat=True)) == before


def test_it_costs_few_queries(
    mehmet_client: Client, here: Merchant, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    choose(mehmet_client, here)

    with django_assert_max_num_queries(12):
        mehmet_client.get(PAGE)
