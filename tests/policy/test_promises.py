"""The operator's promises: typed, changed with a reason, never rewritten."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.policy.models import PolicyChange
from marketdesk.policy.promises import BadPolicy, PolicyMoved
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
        {"high_value": {"ABC": 100}},
        {"platform_name": " "},
        {"refund_help_url": "javascript:alert(1)"},
        *(
            {"frame_ancestors": [site]}
            for site in (
                "shop.example",
                "http://shop.example",
                "https://shop.example/",
                "https://shop.example/path",
                "https://*.shop.example",
                "https://Shop.example",
                "https://",
                "*",
                "'self'",
                "https:",
                "https://shop.example; script-src *",
                "https://shop.example\n",
                "https://user@shop.example",
                "http://localhost.evil.example",
                "https://" + "x" * 100,
                7,
            )
        ),
        {"frame_ancestors": [f"https://shop-{number}.example" for number in range(21)]},
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
        {"frame_ancestors": ["https://shop.example", "https://app.shop.example:8443", "http://localhost:3000"]},
        {"frame_ancestors": ["http://127.0.0.1:3000", "https://xn--bcher-kva.example"]},
        {"frame_ancestors": [f"https://shop-{number}.example" for number in range(20)]},
        {"takeover": "never"},
        {"late_normal": 45, "csat_normal": 60},
        {"blocks_impressions": True},
    ],
)
def test_a_value_at_the_edge_is_allowed(values: dict[str, Any], sofia: Actor) -> None:
    promises.change(values, reason="We mean it.", by=sofia)


def test_every_wrong_value_is_named() -> None:
    wrong = promises.problems(Policy(reply_hours=0, platform_name=" ", direct_countries=["XX"]))

    assert [one.name for one in wrong] == ["reply_hours", "direct_countries", "platform_name"]


def test_a_change_that_spoils_what_is_scheduled_is_refused(sofia: Actor) -> None:
    tomorrow = later(sofia, days=1).at
    promises.change({"silence_reminder_days": 6}, reason="Patience.", by=sofia, valid_from=tomorrow)

    with nothing_changed(), pytest.raises(BadPolicy):
        promises.change({"silence_close_days": 6}, reason="Less.", by=sofia)


def test_only_the_edition_that_was_seen_is_changed(sofia: Actor) -> None:
    seen = promises.edition(sofia.at)
    promises.change({"reply_hours": 24}, reason="Faster.", by=sofia, seen=seen)

    with nothing_changed(), pytest.raises(PolicyMoved) as refusal:
        promises.change({"reopen_days": 60}, reason="Longer.", by=sofia, seen=seen)
    assert "Nothing was saved" in str(refusal.value)


def test_a_form_that_is_sent_twice_changes_once(sofia: Actor) -> None:
    by = sofia.with_form("k" * 12, None)
    promises.change({"reply_hours": 24}, reason="Faster.", by=by)

    with nothing_changed(), pytest.raises(AlreadyDone):
        promises.change({"reply_hours": 24}, reason="Faster.", by=by)


def test_the_history_says_what_was_before_and_what_still_stands(sofia: Actor) -> None:
    promises.change({"reply_hours": 24, "reopen_days": 60}, reason="One.", by=sofia)
    promises.change({"reply_hours": 36}, reason="Two.", by=later(sofia, hours=1))
    promises.change({"reply_hours": 12}, reason="Three.", by=sofia, valid_from=later(sofia, days=9).at)

    one, two, three = promises.history(later(sofia, hours=2).at)

    assert (one.before, [*one.standing]) == ({"reply_hours": 48, "reopen_days": 30}, ["reopen_days"])
    assert (two.before, [*two.standing]) == ({"reply_hours": 24}, ["reply_hours"])
    assert (three.before, three.is_scheduled) == ({"reply_hours": 36}, True)


def test_an_undo_leaves_what_was_changed_again_since(sofia: Actor) -> None:
    first = promises.change({"reply_hours": 24, "reopen_days": 60}, reason="One.", by=sofia)
    promises.change({"reply_hours": 36}, reason="Two.", by=later(sofia, hours=1))

    undone = promises.undo(first, reason="Oops.", by=later(sofia, hours=2))

    assert undone.values == {"reopen_days": 30}
    assert promises.at(undone.valid_from) == Policy(reply_hours=36)
    with nothing_changed(), pytest.raises(BadPolicy):
        promises.undo(first, reason="Again.", by=later(sofia, hours=3))


def test_a_scheduled_change_is_withdrawn_once_and_never_counts(sofia: Actor) -> None:
    scheduled = promises.change({"reply_hours": 24}, reason="Soon.", by=sofia, valid_from=later(sofia, days=2).at)
    withdrawing = promises.undo(scheduled, reason="No.", by=later(sofia, days=1))

    assert withdrawing.withdraws == scheduled
    assert promises.at(later(sofia, days=3).at) == Policy()
    assert Event.objects.latest("pk").data == {"values": {}, "reason": "No.", "withdraws": scheduled.pk}
    with nothing_changed(), pytest.raises(BadPolicy):
        promises.undo(scheduled, reason="No.", by=later(sofia, days=1))


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
