"""Mehmet contests a late answer, a rating and a notice on their pages, and reads what was decided."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, judging
from marketdesk.performance.models import Contest, Notice, Rating
from marketdesk.performance.rating import rate
from marketdesk.tickets.models import Ticket, Wait
from tests import answering
from tests.conftest import NOW
from tests.dashboard.conftest import picture, words
from tests.test_tenancy import picture_of
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

DAY = timedelta(days=1)
REASON = "The portal was down from 9 to 11."


@pytest.fixture
def late(ada_user: User, store: Merchant) -> list[Wait]:
    answering.in_time(ada_user, store, NOW - 5 * DAY, 2)
    return answering.late(ada_user, store, NOW - 5 * DAY, 3)


@pytest.fixture
def wait(late: list[Wait]) -> Wait:
    return late[0]


@pytest.fixture
def notice(late: list[Wait], store: Merchant) -> Notice:
    judging.judge(store.pk, NOW)
    return Notice.objects.get()


@pytest.fixture
def rating(ticket: Ticket, mehmet: Actor, ada: Actor) -> Rating:
    ticket.resolve("It is on its way.", by=mehmet)
    return rate(ticket, helpful=False, comment="It <b>never</b> came.", by=ada)


def address(thing: Wait | Rating | Notice) -> str:
    name = thing.public_id if isinstance(thing, Notice) else thing.pk
    return f"/dashboard/performance/contest/{contesting.kind_of(thing)}/{name}"


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("wait", ["Contest a late answer", "Do you ship to Iceland?", "late by 24 h", "after 48 h", "until 27 Nov"]),
        ("rating", ["Contest a rating", "It &lt;b&gt;never&lt;/b&gt; came.", "Ada L.", "until 2 Dec"]),
        ("notice", ["Contest a notice", "Warning", "Do you ship to Iceland?", "until 2 Dec"]),
    ],
)
def test_the_page_shows_what_is_contested_and_until_when(
    what: str, shown: list[str], request: Any, mehmet_client: Client
) -> None:
    thing = request.getfixturevalue(what)

    page = mehmet_client.get(address(thing))

    assert [one for one in shown if one not in words(page)] == []


@pytest.mark.parametrize("what", ["wait", "rating", "notice"])
def test_he_contests_it_and_reads_that_it_waits(what: str, request: Any, mehmet_client: Client) -> None:
    thing = request.getfixturevalue(what)

    answer = mehmet_client.post(address(thing), {"text": REASON, "pictures": picture(), "key": "k-1"}, follow=True)

    contest = Contest.objects.get()
    assert answer.redirect_chain[-1][0] == f"/dashboard/performance/contests/{contest.public_id}"
    assert "Waits for a decision" in words(answer)
    assert REASON in words(answer)
    shown = f"/dashboard/performance/contests/{contest.public_id}/pictures/{contest.pictures.get().public_id}"
    for one in (shown, f"{shown}?small"):
        assert mehmet_client.get(one)["Content-Type"] in {"image/jpeg", "image/png"}
    assert f'href="{shown}"' in answer.content.decode()
    assert REASON in words(mehmet_client.get("/dashboard/performance/contests"))


def test_a_double_click_contests_once(wait: Wait, mehmet_client: Client) -> None:
    answers = [mehmet_client.post(address(wait), {"text": REASON, "key": "k-1"}) for _ in range(2)]

    assert [one.status_code for one in answers] == [302, 302]
    assert Contest.objects.count() == 1


@pytest.mark.parametrize("text", [" \n ", "x" * 5001])
def test_without_a_good_reason_nothing_is_sent_and_all_is_kept(text: str, wait: Wait, mehmet_client: Client) -> None:
    answer = mehmet_client.post(address(wait), {"text": text, "pictures": picture("log.png")})

    assert answer.status_code == 422
    assert not Contest.objects.exists()
    page = answer.content.decode()
    assert "Nothing was sent" in page
    assert f"{text.strip()}</textarea>" in page
    assert "<bdi>log.png</bdi>" in page
    kept = answer.context["form"].attachments[0].public_id
    mehmet_client.post(address(wait), {"text": REASON, "kept": kept, "key": "k-2"})
    assert Contest.objects.get().pictures.get().public_id == kept


def test_a_colleague_was_quicker_and_what_he_typed_is_kept(wait: Wait, mehmet: Actor, mehmet_client: Client) -> None:
    contesting.contest(wait, "It is wrong.", by=mehmet)

    with nothing_changed():
        answer = mehmet_client.post(address(wait), {"text": REASON, "key": "k-1"})

    assert answer.status_code == 409
    assert "contested already" in words(answer)
    assert f"{REASON}</textarea>" in answer.content.decode()
    assert mehmet_client.get(address(wait)).status_code == 302


def test_after_fourteen_days_the_page_says_that_it_is_over(wait: Wait, mehmet_client: Client, now: Any) -> None:
    now.move_to(wait.due_at + 14 * DAY)

    page = mehmet_client.get(address(wait))

    assert "it could be contested for 14 days" in words(page)
    assert 'name="pictures"' not in page.content.decode()


def test_what_the_platform_decided_is_there_without_its_peoples_names(
    wait: Wait, mehmet: Actor, sofia: Actor, mehmet_client: Client
) -> None:
    contest = contesting.contest(wait, REASON, by=mehmet)
    contesting.decide(contest, granted=True, reason="Our log says so, too.", by=sofia)

    page = words(mehmet_client.get(f"/dashboard/performance/contests/{contest.public_id}"))

    assert "Our log says so, too." in page
    assert "does not count any more" in page
    assert "Sofia" not in page
    assert "Granted" in words(mehmet_client.get("/dashboard/performance/contests"))


def test_a_rival_reaches_nothing_of_it(
    wait: Wait, rating: Rating, mehmet: Actor, rival_client: Client, mehmet_client: Client
) -> None:
    contesting.contest(wait, REASON, by=mehmet)

    for thing in (wait, rating):
        with nothing_changed():
            assert rival_client.get(address(thing)).status_code == 404
            assert rival_client.post(address(thing), {"text": REASON}).status_code == 404
    assert REASON not in words(rival_client.get("/dashboard/performance/contests"))
    assert mehmet_client.get("/dashboard/performance/contest/refund/1").status_code == 404


def test_a_contest_shows_its_own_pictures_and_no_other(
    late: list[Wait], mehmet: Actor, rival: Actor, mehmet_client: Client, sofia_client: Client
) -> None:
    first, second = (contesting.contest(one, REASON, [picture_of(mehmet)], by=mehmet) for one in late[:2])

    for other in (second.pictures.get(), picture_of(mehmet), picture_of(rival)):
        for client, door in ((mehmet_client, "dashboard/performance"), (sofia_client, "support")):
            assert client.get(f"/{door}/contests/{first.public_id}/pictures/{other.public_id}").status_code == 404


def test_an_empty_list_says_what_can_be_contested(mehmet_client: Client) -> None:
    assert "You have contested nothing" in words(mehmet_client.get("/dashboard/performance/contests"))


def test_the_pages_ask_the_database_seldom(
    notice: Notice, late: list[Wait], mehmet: Actor, mehmet_client: Client
) -> None:
    contests = [contesting.contest(one, REASON, by=mehmet) for one in late]
    contests.append(contesting.contest(notice, REASON, by=mehmet))
    addresses = ["/dashboard/performance/contests"]
    addresses += [f"/dashboard/performance/contests/{one.public_id}" for one in contests]

    for one in addresses:
        with CaptureQueriesContext(connection) as queries:
            assert mehmet_client.get(one).status_code == 200
        assert len(queries) <= 12, one
