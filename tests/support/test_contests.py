"""Sofia decides what merchants contest, with everything that she needs beside it; administrators declare incidents."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, judging
from marketdesk.performance.models import Contest, Incident, Notice, Outcome
from marketdesk.tickets.models import Wait
from tests import answering
from tests.conftest import NOW, make_administrator
from tests.dashboard.conftest import words
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
def contest(late: list[Wait], store: Merchant, mehmet: Actor) -> Contest:
    judging.judge(store.pk, NOW)
    return contesting.contest(late[0], REASON, [picture_of(mehmet)], by=mehmet)


@pytest.fixture
def administrator(sofia_user: User, sofia_client: Client) -> Client:
    make_administrator(sofia_user)
    return sofia_client


def address(contest: Contest) -> str:
    return f"/support/contests/{contest.public_id}"


# Contests


def test_what_waits_stands_in_the_queue_and_is_counted(contest: Contest, sofia_client: Client) -> None:
    page = words(sofia_client.get("/support/contests"))

    for one in ("Anadolu Home", "Late answer", REASON, "Do you ship to Iceland?", "1 contest"):
        assert one in page
    assert 'Contests <b class="due-now">1</b>' in sofia_client.get("/support/queues/unassigned").content.decode()


def test_everything_to_decide_is_beside_it(contest: Contest, sofia_client: Client) -> None:
    page = sofia_client.get(address(contest))

    said = words(page)
    for one in (
        REASON,
        "late by 24 h",
        "60% (3 of 5) now",
        "- (2 of 4) if granted",
        "Severe",
        "Do you ship",
        "Yes, we do.",
    ):
        assert one in said, one
    picture = f"{address(contest)}/pictures/{contest.pictures.get().public_id}"
    assert f'src="{picture}?small"' in page.content.decode()
    assert sofia_client.get(picture)["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(("outcome", "stands"), [("granted", False), ("declined", True)])
def test_she_decides_with_a_reason(outcome: str, stands: bool, contest: Contest, sofia_client: Client) -> None:
    answer = sofia_client.post(address(contest), {"outcome": outcome, "reason": "The log says so.", "key": "k-1"})

    assert answer["Location"] == "/support/contests"
    contest.refresh_from_db()
    assert (contest.outcome, contest.decision) == (outcome, "The log says so.")
    assert (Notice.objects.get().withdrawn_at is None) is stands
    assert REASON not in words(sofia_client.get("/support/contests"))
    assert REASON in words(sofia_client.get("/support/contests/decided"))
    page = words(sofia_client.get(address(contest)))
    assert "Sofia Rossi" in page
    assert "Your decision" not in page


def test_without_a_decision_or_a_reason_nothing_changes(contest: Contest, sofia_client: Client) -> None:
    for fields in ({"outcome": "granted"}, {"reason": "Yes."}, {"outcome": "later", "reason": "Yes."}):
        with nothing_changed():
            answer = sofia_client.post(address(contest), {"key": "k-1", **fields})

        assert answer.status_code == 422
        assert f"{fields.get('reason', '')}</textarea>" in answer.content.decode()


def test_a_colleague_was_quicker_and_her_reason_is_kept(contest: Contest, sofia: Actor, sofia_client: Client) -> None:
    contesting.decide(contest, granted=False, reason="No.", by=sofia)

    with nothing_changed():
        answer = sofia_client.post(address(contest), {"outcome": "granted", "reason": "I think so.", "key": "k-1"})

    assert answer.status_code == 409
    assert "A decision is final" in words(answer)
    assert "I think so.</textarea>" in answer.content.decode()
    assert Contest.objects.get().outcome == Outcome.DECLINED


def test_a_double_click_decides_once(contest: Contest, sofia_client: Client) -> None:
    fields = {"outcome": "granted", "reason": "Yes.", "key": "k-1"}

    assert [sofia_client.post(address(contest), fields).status_code for _ in range(2)] == [302, 302]
    assert Event.objects.filter(verb="contest_decided").count() == 1


def test_a_contested_notice_shows_what_it_was_given_for(contest: Contest, mehmet: Actor, sofia_client: Client) -> None:
    of_notice = contesting.contest(Notice.objects.get(), "It rests on an outage.", by=mehmet)

    page = words(sofia_client.get(address(of_notice)))

    assert page.count("Do you ship to Iceland?") == 3
    assert "Other contests" in page
    assert "Grant: withdraw the notice" in page


def test_what_no_longer_counts_says_so(contest: Contest, sofia_client: Client) -> None:
    Incident.objects.create(words="Outage", starts_at=NOW - 8 * DAY, ends_at=NOW, at=NOW)

    assert "granting changes nothing" in words(sofia_client.get(address(contest)))


def test_the_pages_ask_the_database_seldom(
    contest: Contest, late: list[Wait], mehmet: Actor, sofia_client: Client
) -> None:
    others = [contesting.contest(one, REASON, by=mehmet) for one in late[1:]]
    others.append(contesting.contest(Notice.objects.get(), REASON, by=mehmet))

    for one in ("/support/contests", "/support/contests/decided", address(contest), address(others[-1])):
        with CaptureQueriesContext(connection) as queries:
            assert sofia_client.get(one).status_code == 200
        assert len(queries) <= 15, one


# Incidents


FORM = {"words": "The mail service was down.", "starts_at": "2026-11-12T08:00", "whom": "everybody", "key": "k-1"}


def test_an_administrator_declares_one_for_all(late: list[Wait], administrator: Client) -> None:
    answer = administrator.post("/support/incidents", {**FORM, "ends_at": "2026-11-12T09:00"}, follow=True)

    incident = Incident.objects.get()
    assert (incident.merchant, incident.ends_at.hour if incident.ends_at else None) == (None, 9)
    assert "The mail service was down." in words(answer)
    page = words(administrator.get(f"/support/incidents/{incident.public_id}"))
    assert "3 late answers, of 1 merchant" in page
    assert "Sofia Rossi" in page


def test_or_for_one_merchant_by_id_or_name(store: Merchant, administrator: Client) -> None:
    for name in ("m-1", "anadolu home", store.public_id):
        administrator.post("/support/incidents", {**FORM, "whom": "one", "merchant": name, "key": name})

    assert [one.merchant for one in Incident.objects.all()] == [store] * 3


UNCLEAR = [
    {"words": ""}, {"starts_at": ""}, {"starts_at": "tomorrow"}, {"whom": ""}, {"whom": "one"},
    {"whom": "one", "merchant": "nobody"}, {"whom": "one", "merchant": "Twin"},
    {"ends_at": "2026-11-12T08:00"}, {"words": "x" * 201},
]  # fmt: skip


def test_a_form_that_is_not_clear_changes_nothing(administrator: Client) -> None:
    for number in range(2):
        Merchant.objects.create(external_id=f"t-{number}", name="Twin")

    with nothing_changed():
        for fields in UNCLEAR:
            answer = administrator.post("/support/incidents", {**FORM, **fields})

            assert answer.status_code == 422, fields
            assert "Nothing was saved" in words(answer)
            assert 'value="2026-11-12T08:00"' in answer.content.decode() or "starts_at" in fields


def test_its_end_is_noted_and_it_can_be_taken_back(late: list[Wait], administrator: Client) -> None:
    administrator.post("/support/incidents", FORM)
    page = f"/support/incidents/{Incident.objects.get().public_id}"

    assert administrator.post(page, {"act": "end", "ends_at": "2026-11-12T07:00", "key": "k-2"}).status_code == 409
    assert administrator.post(page, {"act": "end", "ends_at": "soon", "key": "k-3"}).status_code == 422
    assert administrator.post(page, {"key": "k-4"}).status_code == 422
    assert Incident.objects.get().ends_at is None
    assert administrator.post(page, {"act": "end", "ends_at": "2026-11-12T10:00", "key": "k-5"}).status_code == 302
    assert "Note the end" not in words(administrator.get(page))
    assert administrator.post(page, {"act": "withdraw", "key": "k-6"}).status_code == 302
    assert administrator.post(page, {"act": "withdraw", "key": "k-7"}).status_code == 409
    assert Incident.objects.get().withdrawn_at == NOW
    assert "Withdrawn" in words(administrator.get("/support/incidents"))


def test_the_pages_of_incidents_ask_the_database_seldom(late: list[Wait], administrator: Client) -> None:
    for number in range(5):
        administrator.post("/support/incidents", {**FORM, "key": f"k-{number}", "words": f"Outage {number}"})

    for one in ("/support/incidents", f"/support/incidents/{Incident.objects.latest('pk').public_id}"):
        with CaptureQueriesContext(connection) as queries:
            assert administrator.get(one).status_code == 200
        assert len(queries) <= 10, one
