"""Mehmet reads what is proposed against his store and why, and is heard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.performance import reading, sanctioning, statement
from marketdesk.performance.models import Sanction, SanctionState
from marketdesk.policy import promises
from tests import severe
from tests.conftest import NOW
from tests.dashboard.conftest import words
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now", "ada_user")]

LIST = "/dashboard/performance/sanctions"


@pytest.fixture
def block(store: Merchant, mehmet_user: User) -> Sanction:
    """A proposed block of impressions, for late answers."""
    severe.month(store, NOW)
    return sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)[0]


@pytest.fixture
def page(mehmet_client: Client) -> Callable[[Sanction], str]:
    """What the page of a sanction says to him."""
    return lambda sanction: words(mehmet_client.get(f"{LIST}/{sanction.public_id}"))


def send(client: Client, sanction: Sanction, **fields: Any) -> Any:
    return client.post(f"{LIST}/{sanction.public_id}", {"key": "k-1", **fields})


def test_he_reads_why_until_when_he_can_answer_and_what_to_do_first(
    block: Sanction, page: Callable[[Sanction], str], mehmet_client: Client
) -> None:
    said = page(block)

    for sentence in (
        "Proposed: Impressions blocked",
        "You can answer until 23 Nov, 10:00",
        "Nothing has changed yet.",
        "Late answers: 3 of 5 that count (60%). Above 45% is severe.",
        "3 late answers",
        "What to do first",
        "What should be known before it is decided?",
    ):
        assert sentence in said
    assert "Statement of reasons" not in said
    assert said.count("Do you ship to Iceland? Due: ") == 3
    html = mehmet_client.get(f"{LIST}/{block.public_id}").content.decode()
    assert all(f"/dashboard/tickets/{one.ticket}" in html for one in statement.grounds(block).late_answers)


def test_what_is_behind_it_leads_to_contesting_while_there_is_time(
    block: Sanction, mehmet_client: Client, mehmet_user: User, now: Any
) -> None:
    address = f"/dashboard/performance/contest/wait/{statement.grounds(block).late_answers[0].id}"
    assert address in mehmet_client.get(f"{LIST}/{block.public_id}").content.decode()

    now.shift(timedelta(days=promises.current().contest_days))
    mehmet_client.force_login(mehmet_user)

    later_on = mehmet_client.get(f"{LIST}/{block.public_id}").content.decode()
    assert "3 late answers" in later_on
    assert address not in later_on


def test_to_look_changes_nothing(block: Sanction, mehmet_client: Client) -> None:
    with nothing_changed():
        for address in (LIST, f"{LIST}/{block.public_id}", f"{LIST}?after=x"):
            assert mehmet_client.get(address).status_code == 200


def test_he_is_heard_once(block: Sanction, mehmet_client: Client, page: Callable[[Sanction], str]) -> None:
    answers = [send(mehmet_client, block, text="We moved house.\nIt is over.") for _ in range(2)]

    assert [one.status_code for one in answers] == [302, 302]
    block.refresh_from_db()
    assert block.answer == "We moved house.\nIt is over."
    assert "You have answered" in page(block)
    assert "Send your answer" not in page(block)


def test_an_answer_that_cannot_be_taken_is_kept_on_the_page(block: Sanction, mehmet_client: Client) -> None:
    with nothing_changed():
        for text in ("", "   ", "x" * 5001, "a\x00b"):
            answer = send(mehmet_client, block, text=text)
            assert answer.status_code == 422
            assert text.strip() in answer.content.decode()
            assert "Please check this" in answer.content.decode()


def test_somebody_was_quicker_and_what_he_typed_is_kept(block: Sanction, mehmet: Actor, mehmet_client: Client) -> None:
    sanctioning.answer(block, "I was first.", by=mehmet)

    with nothing_changed():
        answer = send(mehmet_client, block, text="We moved house.")

    assert answer.status_code == 409
    assert "We moved house." in answer.content.decode()
    assert "answered already" in answer.content.decode()


def test_the_statement_of_reasons_says_who_decided_what_until_when(
    block: Sanction, sofia: Actor, mehmet: Actor, page: Callable[[Sanction], str]
) -> None:
    sanctioning.answer(block, "We moved house.", by=mehmet)
    sanctioning.confirm(block, "Three of five is too many.", by=later(sofia, hours=1))

    said = page(block)

    for sentence in (
        "Statement of reasons",
        "Sofia Rossi , a person of",
        "Three of five is too many.",
        "We moved house.",
        "By counting: the figures crossed a line.",
        "until 18 Dec, 11:00",
        "in every country",
    ):
        assert sentence in said


def test_what_nobody_decided_says_so_and_can_be_answered(
    store: Merchant, mehmet_client: Client, page: Callable[[Sanction], str]
) -> None:
    promises.change({"blocks_impressions": True}, reason="Strict.", by=clock(NOW))
    promises.forget()
    severe.month(store, NOW)
    block = sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)[0]

    assert "blocks impressions when a line is crossed" in page(block)
    assert send(mehmet_client, block, text="It was a holiday.").status_code == 302
    assert "It was a holiday." in page(block)


def test_what_is_over_says_how(block: Sanction, sofia: Actor, page: Callable[[Sanction], str]) -> None:
    sanctioning.decline(block, "They were ill.", by=sofia)

    assert "Nothing changes." in page(block)
    assert "They were ill." in page(block)
    assert "Send your answer" not in page(block)


def test_the_list_shows_all_of_the_store_and_none_of_a_rival(
    block: Sanction, mehmet_client: Client, rival_client: Client
) -> None:
    assert words(mehmet_client.get(LIST)).count("Late answers: 3 of 5") == 2
    assert "There is no sanction" in words(rival_client.get(LIST))


def test_no_page_asks_the_database_more_than_it_must(block: Sanction, store: Merchant, mehmet_client: Client) -> None:
    for address in (LIST, f"{LIST}/{block.public_id}"):
        with CaptureQueriesContext(connection) as queries:
            assert mehmet_client.get(address).status_code == 200
        assert len(queries) <= 10, address


def test_a_page_of_the_list_follows_the_other(block: Sanction, sofia: Actor, mehmet_client: Client) -> None:
    kept = {"merchant": block.merchant, "kind": block.kind, "state": SanctionState.DECLINED, "hear_until": NOW}
    Sanction.objects.bulk_create(
        Sanction(
            **kept, proposed_at=later(sofia, minutes=number).at, reasons=block.reasons | {"words": f"Word {number}."}
        )
        for number in range(51)
    )
    first = mehmet_client.get(LIST)

    assert "Word 50." in words(first)
    assert "Word 0." not in words(first)
    assert "Word 0." in words(mehmet_client.get(f"{LIST}?after={first.context['page'].after}"))
