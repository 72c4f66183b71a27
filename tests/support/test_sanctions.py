"""Support reads what is proposed; administrators propose, decide and lift, each with reasons."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import reading, sanctioning
from marketdesk.performance.models import Sanction
from marketdesk.policy import promises
from tests import severe
from tests.conftest import NOW, make_administrator, signed_in
from tests.dashboard.conftest import words
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now", "ada_user")]


@pytest.fixture
def block(store: Merchant, mehmet_user: User) -> Sanction:
    """A proposed block of impressions, for late answers; a suspension beside it."""
    severe.month(store, NOW)
    return sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)[0]


@pytest.fixture
def heard(block: Sanction, mehmet: Actor) -> Sanction:
    sanctioning.answer(block, "We moved house.", by=mehmet)
    return block


@pytest.fixture
def admin_client(sofia_user: User) -> Client:
    """Sofia, who is an administrator now."""
    return signed_in(make_administrator(sofia_user))


def address(sanction: Sanction) -> str:
    return f"/support/sanctions/{sanction.public_id}"


def send(client: Client, sanction: Sanction, act: str, **fields: Any) -> Any:
    """Press a button of the page as it is now."""
    seen = client.get(address(sanction)).context["seen"]
    return client.post(address(sanction), {"key": "k-1", "seen": seen, "act": act, "text": "So it is.", **fields})


def test_every_agent_finds_it_and_reads_it(heard: Sanction, sofia_client: Client) -> None:
    to_decide, hearing = (words(sofia_client.get(f"/support/sanctions{one}")) for one in ("", "/hearing"))
    page = words(sofia_client.get(address(heard)))

    assert "To decide 1 Being heard 1 In force 0" in to_decide
    assert "Impressions blocked Late answers: 3 of 5" in to_decide
    assert "Account suspended Late answers: 3 of 5" in hearing
    for sentence in ("We moved house.", "Mehmet Demir", "Anadolu Home", "3 late answers", "Administrators decide"):
        assert sentence in page
    assert "Block impressions" not in page


def test_what_waits_for_a_decision_is_counted_beside_the_queues(
    block: Sanction, mehmet: Actor, sofia_client: Client
) -> None:
    link = '<a href="/support/sanctions">Sanctions</a>'
    assert link in sofia_client.get("/support/queues/unassigned").content.decode()

    sanctioning.answer(block, "We moved house.", by=mehmet)

    assert 'Sanctions <b class="due-now">1</b>' in sofia_client.get("/support/queues/unassigned").content.decode()


@pytest.mark.parametrize("is_staff", [False, True])  # the second an administrator without a second factor
def test_an_agent_decides_nothing(is_staff: bool, heard: Sanction, sofia_client: Client, sofia_user: User) -> None:
    User.objects.filter(pk=sofia_user.pk).update(is_staff=is_staff)

    with nothing_changed():
        for act in ("confirm", "decline", "lift", "burn"):
            answer = sofia_client.post(address(heard), {"act": act, "text": "So it is.", "key": "k-1"})
            assert answer.status_code == 403


def test_an_administrator_confirms_with_reasons(heard: Sanction, admin_client: Client, store: Merchant) -> None:
    answer = send(admin_client, heard, "confirm", text="Three of five is too many.")

    assert (answer.status_code, answer["Location"]) == (302, address(heard))
    store.refresh_from_db()
    assert store.impressions_blocked_at == NOW
    page = words(admin_client.get(address(heard)))
    for sentence in ("In force", "Statement of reasons", "Sofia Rossi", "Three of five is too many.", "Lift it now"):
        assert sentence in page
    assert "Impressions blocked" in words(admin_client.get("/support/sanctions/in-force"))


def test_before_the_merchant_was_heard_only_declining_is_offered(
    block: Sanction, admin_client: Client, now: Any
) -> None:
    page = words(admin_client.get(address(block)))
    assert "Decline it" in page
    assert "Block impressions" not in page
    with nothing_changed():
        answer = send(admin_client, block, "confirm")
    assert answer.status_code == 409
    assert "still has time to answer" in answer.content.decode()

    now.shift(timedelta(days=5))
    assert "Block impressions" in words(admin_client.get(address(block)))


def test_declined_and_lifted_with_reasons(heard: Sanction, admin_client: Client, store: Merchant) -> None:
    suspension = Sanction.objects.exclude(pk=heard.pk).get()
    assert send(admin_client, suspension, "decline", text="Not both.").status_code == 302
    assert send(admin_client, heard, "confirm", key="k-2").status_code == 302
    assert send(admin_client, heard, "lift", key="k-3", text="They hired somebody.").status_code == 302

    store.refresh_from_db()
    assert store.impressions_blocked_at is None
    over = words(admin_client.get("/support/sanctions/over"))
    assert "Declined" in over
    assert "Ended" in over
    assert "They hired somebody." in words(admin_client.get(address(heard)))


def test_without_reasons_or_an_act_nothing_is_decided(heard: Sanction, admin_client: Client) -> None:
    with nothing_changed():
        for fields in ({"text": ""}, {"text": " "}, {"act": "burn"}, {"act": ""}, {"text": "x" * 5001}):
            answer = send(admin_client, heard, **{"act": "confirm", **fields})
            assert answer.status_code == 422
            assert "Please check this" in answer.content.decode()


def test_who_had_not_seen_the_answer_is_shown_it_and_keeps_the_words(
    block: Sanction, admin_client: Client, mehmet: Actor
) -> None:
    seen = admin_client.get(address(block)).context["seen"]
    sanctioning.answer(block, "We moved house.", by=mehmet)

    with nothing_changed():
        answer = admin_client.post(address(block), {"key": "k", "seen": seen, "act": "decline", "text": "So it is."})

    assert answer.status_code == 409
    for sentence in ("Something new happened", "We moved house.", "So it is."):
        assert sentence in answer.content.decode()


def test_a_colleague_was_quicker(heard: Sanction, admin_client: Client, sofia: Actor) -> None:
    seen = admin_client.get(address(heard)).context["seen"]
    sanctioning.decline(heard, "They were ill.", by=sofia)

    with nothing_changed():
        answer = admin_client.post(address(heard), {"key": "k", "seen": seen, "act": "confirm", "text": "So it is."})

    assert answer.status_code == 409
    assert "So it is." in answer.content.decode()


def test_a_double_click_decides_once(heard: Sanction, admin_client: Client) -> None:
    seen = admin_client.get(address(heard)).context["seen"]
    form = {"key": "k", "seen": seen, "act": "confirm", "text": "So it is."}

    assert [admin_client.post(address(heard), form).status_code for _ in range(2)] == [302, 302]
    with nothing_changed():
        assert admin_client.post(address(heard), {**form, "text": "Other words."}).status_code == 409


def test_the_page_of_a_merchant_leads_to_a_proposal_for_it(store: Merchant, admin_client: Client) -> None:
    Merchant.objects.filter(pk=store.pk).update(external_id="TR/4 & 5")
    page = admin_client.get(f"/support/merchants/{store.public_id}").content.decode()

    (link,) = re.findall(r'href="(/support/sanctions/propose[^"]*)"', page)
    assert 'value="TR/4 &amp; 5"' in admin_client.get(html.unescape(link)).content.decode()


def test_an_administrator_proposes_with_reasons_of_their_own(store: Merchant, admin_client: Client) -> None:
    assert 'value="m-1"' in admin_client.get("/support/sanctions/propose?merchant=m-1").content.decode()
    form = {"merchant": "m-1", "kind": "suspension", "text": "It sells what is forbidden.", "key": "k-1"}

    answers = [admin_client.post("/support/sanctions/propose", form) for _ in range(2)]

    made = Sanction.objects.get()
    assert [one["Location"] for one in answers] == [address(made)] * 2
    page = words(admin_client.get(address(made)))
    assert "It sells what is forbidden." in page
    assert "Too few answers and ratings count to speak of a rate." in page
    with nothing_changed():
        again = admin_client.post("/support/sanctions/propose", {**form, "key": "k-2"})
    assert again.status_code == 409
    assert "It sells what is forbidden." in again.content.decode()


def test_a_proposal_that_says_too_little_is_kept_on_the_page(store: Merchant, admin_client: Client) -> None:
    Merchant.objects.create(external_id="trial", name="Trial", sandbox_of=store)
    whole = {"merchant": "m-1", "kind": "suspension", "text": "It sells what is forbidden.", "key": "k-1"}
    wrong = [("merchant", "m-0"), ("merchant", ""), ("merchant", "trial"), ("kind", "fine"), ("kind", ""), ("text", "")]

    with nothing_changed():
        for field, value in wrong:
            form = {**whole, field: value}
            answer = admin_client.post("/support/sanctions/propose", form)
            assert answer.status_code == 422, field
            assert form["text"] in answer.content.decode()


def test_there_is_no_other_list(sofia_client: Client) -> None:
    assert sofia_client.get("/support/sanctions/everything").status_code == 404


def test_no_page_asks_the_database_more_than_it_must(heard: Sanction, admin_client: Client) -> None:
    for one in ("/support/sanctions", "/support/sanctions/over", address(heard), "/support/sanctions/propose"):
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(one).status_code == 200
        assert len(queries) <= 12, one


def test_a_merchants_words_are_words_and_no_markup(block: Sanction, mehmet: Actor, admin_client: Client) -> None:
    sanctioning.answer(block, "<script>alert(1)</script>", by=mehmet)

    assert "<script>alert" not in admin_client.get(address(block)).content.decode()
