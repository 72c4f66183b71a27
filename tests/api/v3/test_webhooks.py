"""An app looks after its subscriptions; what they are told is in tests/outbox/test_subscriptions.py."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketdesk.api.v3 import webhooks
from marketdesk.lib import calling
from marketdesk.lib.calling import Allowed
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Subscription, Topic
from marketdesk.outbox.webhooks import subscribing
from marketdesk.programs.models import AccessToken, App, Scope
from tests.api.v3.conftest import Answer, Program
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

HOOKS = "https://93.184.216.34/hooks"  # no name that would have to be looked up
TICKETS, REFUNDS = Topic.TICKET_AWAITING_MERCHANT, Topic.ORDER_REFUND


@pytest.fixture
def make_app(store: Merchant) -> Callable[..., Program]:
    """`make_app()` is a program of an app of its own that the store lets in."""

    def _make_app(merchant: Merchant = store, scopes: list[str] = Scope.values) -> Program:
        app = App(merchant=merchant, name="ERP", scopes=scopes)
        app.set_secret()
        app.save()
        return Program(AccessToken.issue(merchant, "ERP", app=app))

    return _make_app


@pytest.fixture
def erp(make_app: Callable[..., Program]) -> Program:
    return make_app()


def subscribe(program: Program, topic: str = TICKETS, endpoint: str = HOOKS, **headers: str) -> Answer:
    query = urlencode({"topic_id": topic, "endpoint": endpoint})
    return program.post(f"webhook/subscriptions?{query}", "", **headers)


def change(program: Program, public_id: str, **query: str) -> Answer:
    return program.put(f"webhook/subscriptions/{public_id}?{urlencode(query)}", "")


def test_an_app_subscribes_by_the_ids_of_topics_and_reads_what_it_has(erp: Program) -> None:
    topics = erp.get("webhook/topics").data
    made = [subscribe(erp, topic["id"]).data for topic in topics]

    assert [(topic["topic_name"], topic["api_version"]) for topic in topics] == [(topic, "V3") for topic in Topic]
    assert [(one["topic_id"], one["endpoint"], one["status"]) for one in made] == [
        (topic["id"], HOOKS, "ACTIVE") for topic in topics
    ]
    assert erp.get("webhook/subscriptions").data == made
    assert erp.get(f"webhook/subscriptions/{made[0]['id']}").data == made[0]
    assert erp.get(f"webhook/subscriptions/{made[0]['id']}", fields="status").data == {"status": "ACTIVE"}


def test_a_topics_id_never_changes(erp: Program) -> None:
    ids = {topic["topic_name"]: topic["id"] for topic in erp.get("webhook/topics").data}

    assert ids == {
        TICKETS: "4551286a39d1560f4a4d1dcc",
        REFUNDS: "8ee42398cfc457193c946205",
        "POLICY_PENALTY_ISSUE": "4248adc57b55e690dc2eaed1",
        "POLICY_PENALTY_REVERSE": "785d94754b15b170ec7a0fe5",
        "POLICY_PENALTY_CANCEL": "c3db20249adb74e59b362d04",
    }


def test_an_app_deletes_a_subscription(erp: Program) -> None:
    public_id = subscribe(erp).data["id"]

    gone = erp.client.delete(f"/api/v3/webhook/subscriptions/{public_id}", headers=erp.headers())

    assert (gone.status_code, gone.content) == (204, b"")
    assert not Subscription.objects.exists()
    assert erp.get(f"webhook/subscriptions/{public_id}").refusal == (404, 1004)


def test_an_inactive_subscription_gets_another_address_and_is_made_active_again(erp: Program) -> None:
    public_id = subscribe(erp).data["id"]
    subscribing.stop(Subscription.objects.get(), "dead", timezone.now())

    moved = change(erp, public_id, endpoint=f"{HOOKS}/2")
    active = change(erp, public_id, status="ACTIVE")

    assert (moved.data["status"], moved.data["endpoint"]) == ("INACTIVE", f"{HOOKS}/2")
    assert (active.data["status"], active.data["endpoint"]) == ("ACTIVE", f"{HOOKS}/2")


def test_an_active_subscription_keeps_its_address(erp: Program) -> None:
    public_id = subscribe(erp).data["id"]

    with nothing_changed():
        moved = change(erp, public_id, endpoint=f"{HOOKS}/2")
        nothing = change(erp, public_id)
        off = change(erp, public_id, status="INACTIVE")

    assert [answer.refusal for answer in (moved, nothing, off)] == [(400, 1000)] * 3
    assert "Make another one" in moved.message
    assert change(erp, public_id, status="ACTIVE").data["status"] == "ACTIVE"


@pytest.mark.parametrize(
    "endpoint",
    ["", "erp.example", "ftp://93.184.216.34/", "http://93.184.216.34/", "https://127.0.0.1/", "https://10.0.0.1/",
     "https://[::1]/", "https://" + "x" * 501, "https://user:pass@93.184.216.34/", "https://93.184.216.34/\x00",
     "https://169.254.169.254/latest"],
)  # fmt: skip
def test_an_address_that_must_not_be_called_is_refused_in_words(erp: Program, endpoint: str) -> None:
    with nothing_changed():
        refused = subscribe(erp, endpoint=endpoint)

    assert refused.refusal == (400, 1000)
    assert refused.data["endpoint"]


def test_only_a_few_wait_for_a_slow_name_server_and_not_for_long(erp: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    made: list[Answer] = []

    def look_up(_target: Any, ends: float) -> None:
        waited.append(ends - time.monotonic())
        if len(made) < 3:  # meanwhile another comes
            made.append(subscribe(erp, endpoint=f"https://slow.example/{len(waited)}"))
        raise calling.NoAnswer("The name of the host could not be looked up in time.")

    monkeypatch.setattr(calling, "_look_up", look_up)
    made.append(subscribe(erp, endpoint="https://slow.example/0"))

    assert len(waited) == webhooks.MOST_WAITING
    assert max(waited) <= webhooks.LONGEST_WAIT
    assert {one.status for one in made} == {200}
    assert len(made) == webhooks.MOST_WAITING + 1


def test_what_is_no_topic_is_refused(erp: Program) -> None:
    with nothing_changed():
        answers = [subscribe(erp, topic) for topic in ("ORDER_ALL", "0" * 24, "\x00", "")]
        answers += [erp.post(f"webhook/subscriptions?{urlencode({'endpoint': HOOKS})}", "")]

    assert {answer.refusal for answer in answers} == {(400, 1000)}
    assert all("topic_id" in answer.data for answer in answers)


def test_the_same_twice_is_refused_and_with_a_key_answered_alike(erp: Program) -> None:
    first = subscribe(erp, idempotency_key="k-1")
    again = subscribe(erp, idempotency_key="k-1")

    with nothing_changed():
        twin = subscribe(erp)

    assert again.body == first.body
    assert twin.refusal == (400, 1000)
    assert Subscription.objects.count() == 1


def test_a_key_that_comes_with_another_address_is_refused(erp: Program) -> None:
    made = subscribe(erp, idempotency_key="k-1").data

    with nothing_changed():
        others = [
            subscribe(erp, endpoint=f"{HOOKS}/2", idempotency_key="k-1"),
            subscribe(erp, REFUNDS, idempotency_key="k-1"),
        ]

    assert [one.refusal for one in others] == [(422, 422)] * 2
    assert erp.get("webhook/subscriptions").data == [made]


def test_an_app_has_only_so_many_for_a_store(erp: Program, make_app: Callable[..., Program]) -> None:
    made = [subscribe(erp, endpoint=f"{HOOKS}/{number}").code for number in range(subscribing.MOST)]

    with nothing_changed():
        more = subscribe(erp)

    assert set(made) == {0}
    assert more.refusal == (400, 1000)
    assert "20" in more.message
    assert subscribe(make_app()).code == 0


def test_a_token_without_an_app_cannot_subscribe_for_there_is_no_secret_to_sign_with(program: Program) -> None:
    with nothing_changed():
        refused = subscribe(program)

    assert refused.refusal == (403, 1006)
    assert "app" in refused.message
    assert program.get("webhook/subscriptions").data == []


def test_who_may_not_read_tickets_is_not_told_of_them_either(make_app: Callable[..., Program]) -> None:
    erp = make_app(scopes=[Scope.READ_WEBHOOKS, Scope.WRITE_WEBHOOKS, Scope.READ_ORDERS])

    with nothing_changed():
        refused = subscribe(erp)

    assert refused.refusal == (403, 1006)
    assert "tickets:read" in refused.message
    assert subscribe(erp, REFUNDS).code == 0


def test_another_apps_subscription_is_as_if_absent(
    erp: Program, make_app: Callable[..., Program], rival_store: Merchant
) -> None:
    public_id = subscribe(erp).data["id"]
    app = App.objects.get()
    others = [make_app(), make_app(rival_store), Program(AccessToken.issue(rival_store, "the same app", app=app))]

    with nothing_changed():
        for other in others:
            for named in (public_id, "0" * 24, "nonsense"):
                path = f"webhook/subscriptions/{named}"
                answers = [other.get(path), change(other, named, status="ACTIVE"), other.send("DELETE", path, "")]
                assert {answer.refusal for answer in answers} == {(404, 1004)}
                assert len({answer.body for answer in answers}) == 1
            assert other.get("webhook/subscriptions").data == []


def test_calls_stay_within_their_budget(erp: Program) -> None:
    for number in range(10):
        subscribe(erp, endpoint=f"{HOOKS}/{number}")

    with CaptureQueriesContext(connection) as listing:
        erp.get("webhook/subscriptions")
    with CaptureQueriesContext(connection) as writing:
        subscribe(erp, idempotency_key="k-2")

    assert len(listing) <= 4
    assert len([one for one in writing if "SAVEPOINT" not in one["sql"]]) <= 15


@pytest.mark.parametrize("address", ["https://127.0.0.1/", "https://10.1.2.3/", "http://93.184.216.34/"])
def test_what_the_operator_may_call_a_merchants_app_may_not(address: str, erp: Program, settings: Any) -> None:
    settings.WEBHOOK_ALLOW = Allowed(["0.0.0.0/0"])

    refused = subscribe(erp, endpoint=address)

    assert refused.refusal == (400, 1000)
    assert refused.data == {"endpoint": "must be a public address with https://"}
    assert not Subscription.objects.exists()
