"""The operator's promises: typed, changed with a reason, never rewritten."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.policy.models import PolicyChange
from marketdesk.policy.promises import BadPolicy
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_the_defaults_are_the_decisions() -> None:
    policy = promises.current()

    assert policy == Policy()
    assert (policy.reply_hours, policy.reminder_hours, policy.takeover) == (48, [24, 6], "automatic")
    assert (policy.silence_reminder_days, policy.silence_close_days, policy.reopen_days) == (4, 7, 30)
    assert (policy.opens_after, policy.closes_after, policy.refund_window_days) == (120, None, 30)
    assert (policy.high_value["EUR"], policy.rating_days) == (10000, 7)
    promises.check(policy)


def test_every_promise_says_what_it_means_and_where_it_comes_from() -> None:
    for one in fields(Policy):
        assert one.metadata["meaning"].endswith(".")
        assert one.metadata["source"]


def test_lists_are_nobody_elses() -> None:
    Policy().direct_countries.append("US")
    Policy().high_value["EUR"] = 1

    assert "US" not in Policy().direct_countries
    assert Policy().high_value["EUR"] == 10000


def test_a_change_is_told_and_kept_with_its_reason(sofia: Actor, django_capture_on_commit_callbacks: Any) -> None:
    promises.current()
    with django_capture_on_commit_callbacks(execute=True):
        change = promises.change({"reply_hours": 24}, reason="Faster.", by=sofia)

    event = Event.objects.get(verb="policy_changed")
    assert promises.current().reply_hours == 24
    assert (change.values, change.reason, change.actor["name"]) == ({"reply_hours": 24}, "Faster.", "Sofia Rossi")
    assert event.audience == Audience.PLATFORM
    assert event.data == {"values": {"reply_hours": 24}, "reason": "Faster."}


def test_changes_add_up_and_each_moment_has_its_policy(sofia: Actor) -> None:
    start = sofia.at
    promises.change({"reply_hours": 24}, reason="Faster.", by=sofia, valid_from=later(sofia, days=1).at)
    promises.change({"reopen_days": 60}, reason="Longer.", by=sofia, valid_from=later(sofia, days=2).at)
    promises.change({"reply_hours": 36}, reason="Too fast.", by=sofia, valid_from=later(sofia, days=3).at)

    seen = [promises.at(start + timedelta(days=days, hours=1)) for days in range(4)]

    assert [(policy.reply_hours, policy.reopen_days) for policy in seen] == [(48, 30), (24, 30), (24, 60), (36, 60)]
    assert promises.current().reply_hours == 48, "what begins tomorrow is not in force today"


def test_a_change_is_never_edited(sofia: Actor) -> None:
    change = promises.change({"reply_hours": 24}, reason="Faster.", by=sofia)

    with nothing_changed(), pytest.raises(TypeError):
        change.save()
    assert str(change).startswith("reply_hours from ")


def test_a_promise_of_another_version_is_passed_over() -> None:
    PolicyChange.objects.create(values={"gone": 1, "reply_hours": 24}, reason="Old.")

    assert promises.at(timezone.now()) == Policy(reply_hours=24)


@pytest.mark.parametrize(
    "values",
    [
        {"reply_hours": 0},
        {"reply_hours": 1001},
        {"reply_hours": "48"},
        {"reply_hours": True},
        {"reopen_days": None},
        {"opens_after": -1},
        {"closes_after": 3651},
        {"closes_after": "120"},
        {"late_severe": 101},
        {"late_normal": 46},
        {"csat_severe": 86},
        {"blocks_impressions": 1},
        {"silence_close_days": 4},
        {"silence_reminder_days": 7},
        {"takeover": "sometimes"},
        {"direct_countries": ["DE", "XX"]},
        {"direct_countries": ["de"]},
        {"direct_countries": ["EU"]},
        {"reminder_hours": ["24"]},
        {"reminder_hours": [0]},
        {"high_value": {"EUR": "100"}},
        {"high_value": {"EUR": -1}},
        {"high_value": {"euro": 100}},
        {"platform_name": " "},
        {"refund_help_url": "javascript:alert(1)"},
        {"reply_ours": 24},
    ],
)
def test_a_value_that_no_policy_can_have_is_refused_in_words(values: dict[str, Any], sofia: Actor) -> None:
    with nothing_changed(), pytest.raises(BadPolicy) as refusal:
        promises.change(values, reason="A slip.", by=sofia)

    assert len(str(refusal.value)) > 10


@pytest.mark.parametrize(
    "values",
    [
        {"opens_after": None, "closes_after": 120},
        {"opens_after": 0, "closes_after": 0},
        {"direct_countries": []},
        {"high_value": {}},
        {"reminder_hours": []},
        {"refund_help_url": "https://example.org/refunds"},
        {"takeover": "never"},
        {"late_normal": 45, "csat_normal": 60},
        {"blocks_impressions": True},
    ],
)
def test_a_value_at_the_edge_is_allowed(values: dict[str, Any], sofia: Actor) -> None:
    promises.change(values, reason="We mean it.", by=sofia)


def test_the_policy_is_remembered_for_a_moment(sofia: Actor, django_assert_num_queries: Any) -> None:
    promises.current()

    with django_assert_num_queries(0):
        promises.current()


def test_a_thread_may_forget_while_another_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(float):
        """The reader is interrupted just when it looks at the time, and somebody changes the policy."""

        def __lt__(self, other: float) -> bool:
            promises.forget()
            return False

    monkeypatch.setattr(promises, "_memory", (Interrupted(), Policy(reply_hours=24)))

    assert promises.current().reply_hours == 24
