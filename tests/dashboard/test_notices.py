"""The pages of notices: what each was given for, read once, and nobody else's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, judging, noticing
from marketdesk.performance.counting import Rate
from marketdesk.performance.models import Notice
from marketdesk.policy import promises
from marketdesk.tickets.models import Wait
from tests import answering
from tests.conftest import NOW
from tests.dashboard.conftest import words
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/performance/notices"
DAY = timedelta(days=1)
MOST = 15


@pytest.fixture
def warned(now: Any, ada_user: User, mehmet_user: User, store: Merchant) -> Notice:
    """A warning for three late answers of ten."""
    answering.in_time(ada_user, store, NOW - 5 * DAY, 7)
    answering.late(ada_user, store, NOW - 5 * DAY, 3)
    judging.judge(store.pk, NOW)
    return Notice.objects.get()


def address(notice: Notice) -> str:
    return f"{PAGE}/{notice.public_id}"


def test_the_list_says_what_there_is_and_the_rule(warned: Notice, mehmet_client: Client) -> None:
    page = mehmet_client.get(PAGE)

    assert "Warning 3 of 10 answers were late Not read yet" in words(page)
    assert "3 late answers or more within 30 days, when the late response rate is not below 5%" in words(page)
    assert "1 warning counts for the next one now." in words(page)
    assert address(warned) in page.content.decode()


def test_without_a_notice_the_list_says_when_there_would_be_one(store: Merchant, mehmet_client: Client) -> None:
    assert "There is no notice" in words(mehmet_client.get(PAGE))


def test_a_notice_opens_into_its_tickets_and_its_rule(warned: Notice, mehmet_client: Client) -> None:
    page = mehmet_client.get(address(warned))

    said = words(page)
    assert "your late response rate was 30%: 3 of 10 answers came late. Below 5% is normal." in said
    for wait in Wait.objects.filter(caused__notice=warned):
        assert f"/dashboard/tickets/{wait.ticket.public_id}" in page.content.decode()
    assert "at least 7 days between two warnings" in said
    assert "I have read this" in said


def test_looking_changes_nothing(warned: Notice, mehmet_client: Client) -> None:
    with nothing_changed():
        mehmet_client.get(PAGE)
        mehmet_client.get(address(warned))


def test_who_has_read_it_is_noted_once(warned: Notice, mehmet_client: Client, mehmet_user: User, now: Any) -> None:
    for key in ("a", "a", "b"):
        answer = mehmet_client.post(address(warned), {"key": key})
        assert answer["Location"] == address(warned)
        now.shift(DAY)

    warned.refresh_from_db()
    assert (warned.read_at, warned.read_by) == (NOW, mehmet_user)
    assert Event.objects.filter(verb="notice_read").count() == 1
    page = words(mehmet_client.get(address(warned)))
    assert "Read by Mehmet Demir" in page
    assert "I have read this" not in page


def test_a_key_that_was_used_for_something_else_does_nothing(
    warned: Notice, store: Merchant, mehmet_client: Client
) -> None:
    other = noticing.warn(store.pk, [], Rate(3, 10, 5), promises.current(), NOW)
    mehmet_client.post(address(other), {"key": "a"})

    answer = mehmet_client.post(address(warned), {"key": "a"})

    warned.refresh_from_db()
    assert (answer.status_code, warned.read_at) == (409, None)


def test_what_does_not_count_any_more_is_marked(
    warned: Notice, store: Merchant, mehmet_client: Client, sofia: Actor
) -> None:
    wait = Wait.objects.filter(caused__notice=warned).first()
    assert wait
    Wait.objects.filter(pk=wait.pk).update(excused="contest")
    judging.reconsider(store.pk, NOW)

    page = words(mehmet_client.get(address(warned)))

    assert "It counts no more." in page
    assert "Too little of what it was given for still counts." in page
    assert page.count("Contested and granted") == 1
    assert "I have read this" not in page


def test_a_notice_and_its_late_answers_lead_to_contesting_while_there_is_time(
    warned: Notice, mehmet_client: Client, now: Any
) -> None:
    waits = Wait.objects.filter(caused__notice=warned)
    doors = [f"contest/wait/{wait.pk}" for wait in waits] + [f"contest/notice/{warned.public_id}"]

    def open_doors() -> list[str]:
        page = mehmet_client.get(address(warned)).content.decode()
        return [door for door in doors if door in page]

    now.shift(9 * DAY - timedelta(seconds=1))
    in_time = open_doors()
    now.shift(timedelta(seconds=1))  # the answers were due fourteen days ago
    only_notice = open_doors()
    now.shift(5 * DAY)

    assert in_time == doors
    assert only_notice == doors[-1:]
    assert open_doors() == []


def test_what_was_contested_leads_to_its_contest(warned: Notice, mehmet: Actor, mehmet_client: Client) -> None:
    wait = Wait.objects.filter(caused__notice=warned).first()
    assert wait
    by = replace(mehmet, at=NOW)
    contests = [contesting.contest(one, "We answered by phone.", by=by) for one in (wait, warned)]

    page = mehmet_client.get(address(warned))

    assert [f"contests/{one.public_id}" in page.content.decode() for one in contests] == [True, True]
    assert "Contested, not decided yet" in words(page)
    assert f"contest/notice/{warned.public_id}" not in page.content.decode()


def test_a_penalty_notice_and_its_warnings_lead_to_each_other(
    warned: Notice, store: Merchant, mehmet_client: Client
) -> None:
    penalty = noticing.penalise(store.pk, [warned], promises.current(), NOW)

    assert address(warned) in mehmet_client.get(address(penalty)).content.decode()
    assert address(penalty) in mehmet_client.get(address(warned)).content.decode()


def test_a_rivals_notice_is_as_if_absent(warned: Notice, rival_client: Client) -> None:
    with nothing_changed():
        answers = [rival_client.get(address(warned)), rival_client.post(address(warned), {"key": "a"})]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "There is no notice" in words(rival_client.get(PAGE))


def test_the_pages_cost_few_queries_however_many_there_are(
    warned: Notice, ada_user: User, store: Merchant, mehmet_client: Client
) -> None:
    waits = answering.late(ada_user, store, NOW - DAY, 4)
    longer = noticing.warn(store.pk, [wait.pk for wait in waits], Rate(7, 14, 5), promises.current(), NOW)

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            assert mehmet_client.get(page).status_code == 200
        return len(counted)

    assert queries(PAGE) <= MOST
    assert queries(address(longer)) == queries(address(warned)) <= MOST


def test_fifty_a_page(now: Any, store: Merchant, mehmet_client: Client) -> None:
    for number in range(51):
        noticing.warn(store.pk, [], Rate(3, 10, 5), promises.current(), NOW - number * DAY)

    first = mehmet_client.get(PAGE)
    then = mehmet_client.get(first.context["page"].after and f"{PAGE}?after={first.context['page'].after}")

    assert (len(first.context["page"].rows), len(then.context["page"].rows)) == (50, 1)
