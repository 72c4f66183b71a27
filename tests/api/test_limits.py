"""How much programs may call, and what they are told of it, in API v2 and v3."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

from marketdesk.api import limits
from marketdesk.api.envelope import Refusal
from marketdesk.journal import spending
from marketdesk.journal.models import Allowance
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, App
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Answer, Program, opened
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

Promise = Callable[..., None]


@pytest.fixture
def promise(now: Any, sofia: Actor) -> Promise:
    """Change the policy."""

    def change(**values: int) -> None:
        promises.change(values, reason="Too much.", by=sofia)
        promises.forget()

    return change


class Modern(Program):
    """A program that speaks API v3."""

    def call(self, language: str = "en") -> Answer:
        headers = {**self._bearer(), "Accept-Language": language}
        return opened(self.client.get("/api/v3/oauth/test", headers=headers))


def app_of(store: Merchant, **fields: Any) -> App:
    return App.objects.create(merchant=store, name="ERP", client_id=f"app-{App.objects.count()}", **fields)


def test_every_answer_says_how_many_calls_are_left(program: Program, token: str, promise: Promise) -> None:
    promise(program_calls=40, merchant_calls=30)

    answers = [
        program.get("auth_test"),
        program.get("ticket"),  # without an id
        program.post("ticket/reply", id="0" * 24, reply="Hello"),
        Modern(token).call(),
    ]

    assert [answer.status for answer in answers] == [200, 400, 400, 200]
    assert [answer.headers["Wish-Rate-Limit-Remaining"] for answer in answers] == ["29", "28", "27", "26"]
    assert answers[0].headers["RateLimit-Policy"] == '"program";q=40;w=60, "merchant";q=30;w=60'
    assert answers[0].headers["RateLimit"] == '"program";r=39;t=60, "merchant";r=29;t=60'
    assert "Wish-Rate-Limit-Reset" not in answers[0].headers


def test_a_call_too_many_is_refused_in_the_envelope(
    program: Program, ticket: Ticket, promise: Promise, now: Any
) -> None:
    promise(program_calls=2)
    program.get("auth_test")
    now.shift(timedelta(seconds=17.5))
    assert program.get("auth_test").headers["Wish-Rate-Limit-Remaining"] == "0"

    with nothing_changed():
        refused = program.post("ticket/reply", id=ticket.public_id, reply="Hello")

    assert (refused.status, refused.code, refused.data) == (429, 429, {})
    assert refused.message == "Too many calls. Call again in 43 seconds."
    assert refused.headers["Retry-After"] == refused.headers["Wish-Rate-Limit-Reset"] == "43"
    assert refused.headers["Wish-Rate-Limit-Remaining"] == "0"
    assert refused.headers["RateLimit"] == '"program";r=0;t=43'
    assert refused.headers["RateLimit-Policy"] == '"program";q=2;w=60'


def test_who_waits_as_long_as_told_is_let_in(program: Program, promise: Promise, now: Any) -> None:
    promise(program_calls=1)
    program.get("auth_test")
    now.shift(timedelta(seconds=33.3))
    seconds = int(program.get("auth_test").headers["Retry-After"])

    now.shift(timedelta(seconds=seconds - 1))
    assert program.get("auth_test").message == "Too many calls. Call again in 1 second."
    now.shift(timedelta(seconds=1))

    assert program.get("auth_test").status == 200


def test_v3_says_it_in_the_callers_language_and_v2_in_english(token: str, promise: Promise) -> None:
    promise(program_calls=1)
    modern = Modern(token)
    modern.call()

    refused = modern.call("de")

    assert (refused.status, refused.code, refused.data) == (429, 429, {})
    assert "60" in refused.message
    assert Program(token).get("auth_test").message == "Too many calls. Call again in 60 seconds."


def test_both_versions_count_together(token: str, promise: Promise) -> None:
    promise(program_calls=3)

    legacy, modern = Program(token), Modern(token)
    asks: list[Callable[[], Answer]] = [modern.call, partial(legacy.get, "auth_test")] * 2

    assert [ask().status for ask in asks] == [200, 200, 200, 429]


def test_remaining_never_rises_within_a_window(program: Program, promise: Promise) -> None:
    promise(program_calls=45, merchant_calls=50)

    left = [int(program.get("auth_test").headers["Wish-Rate-Limit-Remaining"]) for _ in range(60)]

    assert left == [*range(44, -1, -1), *[0] * 15]


def test_a_store_shares_one_limit_and_another_store_has_its_own(
    store: Merchant, rival_program: Program, promise: Promise, now: Any
) -> None:
    promise(program_calls=4, merchant_calls=6)
    erp, script = Program(AccessToken.issue(store, "ERP")), Program(AccessToken.issue(store, "script"))

    assert [erp.get("auth_test").status for _ in range(5)] == [200] * 4 + [429]
    assert [script.get("auth_test").status for _ in range(3)] == [200] * 2 + [429]
    assert '"merchant";r=0' in script.get("auth_test").headers["RateLimit"]
    assert rival_program.get("auth_test").headers["Wish-Rate-Limit-Remaining"] == "3"


def test_a_renewed_token_goes_on_where_the_old_one_was(store: Merchant, promise: Promise) -> None:
    promise(program_calls=3)
    app, other = app_of(store), app_of(store)

    first, second = (Program(AccessToken.issue(store, "ERP", app=app)) for _ in range(2))

    assert [first.get("auth_test").status for _ in range(2)] == [200, 200]
    assert [second.get("auth_test").status for _ in range(2)] == [200, 429]
    assert Program(AccessToken.issue(store, "other", app=other)).get("auth_test").status == 200


def test_an_app_counts_for_each_store_by_itself(
    store: Merchant, rival_store: Merchant, promise: Promise, now: Any
) -> None:
    promise(program_calls=1)
    app = app_of(store)

    here, there = (Program(AccessToken.issue(one, "ERP", app=app)) for one in (store, rival_store))

    assert [one.get("auth_test").status for one in (here, there, here, there)] == [200, 200, 429, 429]


def test_the_sandbox_counts_apart(store: Merchant, promise: Promise) -> None:
    promise(merchant_calls=1)
    sandbox = Merchant.objects.create(external_id="sandbox", name="Sandbox", country="TR", sandbox_of=store)
    trying = Program(AccessToken.issue(sandbox, "ERP", app=app_of(store, is_sandbox=True)))

    assert [trying.get("auth_test").status for _ in range(2)] == [200, 429]

    assert Program(AccessToken.issue(store, "ERP", app=app_of(store))).get("auth_test").status == 200


def test_without_limits_nothing_is_counted_or_said(program: Program, promise: Promise) -> None:
    promise(program_calls=0, merchant_calls=0)

    answers = [program.get("auth_test") for _ in range(70)]

    assert {answer.status for answer in answers} == {200}
    assert not [name for name in answers[0].headers if "rate" in name.lower() and "limit" in name.lower()]
    assert not Allowance.objects.exists()


def test_one_limit_alone_is_told_alone(program: Program, promise: Promise) -> None:
    promise(program_calls=0, merchant_calls=20)

    assert program.get("auth_test").headers["RateLimit"] == '"merchant";r=19;t=60'


def test_another_policy_counts_within_seconds_without_a_restart(
    program: Program, sofia: Actor, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        promises.change({"program_calls": 1}, reason="Too much.", by=sofia)
    assert [program.get("auth_test").status for _ in range(2)] == [200, 429]

    with django_capture_on_commit_callbacks(execute=True):
        promises.change({"program_calls": 2}, reason="Too little.", by=sofia)

    assert [program.get("auth_test").status for _ in range(2)] == [200, 429]


def test_a_restart_resets_nothing(program: Program, promise: Promise) -> None:
    promise(program_calls=2)
    for _ in range(2):
        program.get("auth_test")

    spending.forget()  # all that a process holds

    assert program.get("auth_test").status == 429


@pytest.mark.parametrize("call", ["/api/v2/auth_test", "/api/v3/oauth/test", "/api/v1/ticket"])
def test_guessing_tokens_ends_soon_and_shuts_nobody_else_out(
    call: str, program: Program, promise: Promise, now: Any
) -> None:
    promise(unknown_tokens=5)

    def guess(number: int, address: str = "203.0.113.7") -> Answer:
        headers = {"Authorization": f"Bearer guess-{number}", "X-Forwarded-For": f"198.51.100.{number}"}
        return opened(Client(REMOTE_ADDR=address).get(call, headers=headers))

    assert [guess(number).status for number in range(20)] == [401] * 5 + [429] * 15
    assert guess(20).headers["Retry-After"] == "60"
    assert guess(1, address="203.0.113.8").status == 401
    headers = {"Authorization": f"Bearer {program.token}"}
    assert Client(REMOTE_ADDR="203.0.113.7").get("/api/v2/auth_test", headers=headers).status_code == 200


def test_whoever_has_a_network_of_addresses_guesses_no_more(promise: Promise) -> None:
    promise(unknown_tokens=5)

    def guess(address: str) -> int:
        return Client(REMOTE_ADDR=address).get("/api/v2/auth_test", {"access_token": "guess"}).status_code

    assert [guess(f"2001:db8:1:2::{number:x}") for number in range(10)] == [401] * 5 + [429] * 5
    assert guess("2001:db8:1:3::1") == 401
    assert guess("") == 401  # a server on a socket without addresses


def test_calls_without_a_token_or_with_one_that_ended_are_not_guesses(
    store: Merchant, stranger: Program, promise: Promise, now: Any
) -> None:
    promise(unknown_tokens=1)
    ended = Program(AccessToken.issue(store, "ERP"))
    AccessToken.objects.get().revoke()

    assert {program.get("auth_test").status for program in (stranger, ended) for _ in range(5)} == {401}
    assert not Allowance.objects.exists()


def test_no_token_and_no_address_is_kept(token: str, promise: Promise) -> None:
    Program(token).get("auth_test")
    Client(REMOTE_ADDR="203.0.113.7").get("/api/v2/auth_test", {"access_token": "a-secret"})

    kept = " ".join(Allowance.objects.values_list("subject", flat=True))

    assert Allowance.objects.count() == 3
    assert not re.search(rf"203\.0|a-secret|{token}", kept)


def test_any_action_can_be_limited_exactly(now: Any) -> None:
    for _ in range(3):
        limits.allow("client secret", "app-1", 3, 600)

    with pytest.raises(Refusal) as refused:
        limits.allow("client secret", "app-1", 3, 600)
    limits.allow("client secret", "app-2", 3, 600)

    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "600")
