"""Sanctions: proposed when a severe line is crossed, heard, decided by a person, ended (M93, M94, D8)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import AlreadyDone, Event, Job, KeyReused
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import reading, sanction_lists, sanctioning, statement
from marketdesk.performance.counting import Window
from marketdesk.performance.models import Incident, Sanction, SanctionKind, SanctionState
from marketdesk.performance.sanction_lists import SanctionList
from marketdesk.policy import promises
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Excuse, Wait
from tests import severe
from tests.conftest import NOW
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now", "ada_user")]

IMPRESSIONS, SUSPENSION = SanctionKind.IMPRESSIONS, SanctionKind.SUSPENSION


def judged(store: Merchant, at: datetime = NOW) -> list[Sanction]:
    """What is proposed by the figures of a moment."""
    return sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, at, promises.current()), at)


def promise(values: dict[str, Any]) -> None:
    """The policy says something else from now on."""
    promises.change(values, reason="A test.", by=clock(NOW))
    promises.forget()


def stands(store: Merchant) -> tuple[bool, bool]:
    """Whether the store's impressions are blocked, and whether its account is suspended."""
    store.refresh_from_db()
    return store.impressions_blocked_at is not None, store.suspended_at is not None


def verbs() -> list[str]:
    """What happened to sanctions."""
    return list(Event.objects.filter(subject_kind="sanction").order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def bad_month(store: Merchant) -> list[Any]:
    return severe.month(store, NOW)


@pytest.fixture
def block(bad_month: list[Any], store: Merchant) -> Sanction:
    """A proposed block of impressions; a suspension is proposed beside it."""
    return next(one for one in judged(store) if one.kind == IMPRESSIONS)


@pytest.fixture
def heard(block: Sanction, mehmet: Actor) -> Sanction:
    sanctioning.answer(block, "We moved house. It is over.", by=mehmet)
    return block


@pytest.fixture
def blocked(heard: Sanction, sofia: Actor) -> Sanction:
    sanctioning.confirm(heard, "Three of five is too many.", by=later(sofia, hours=1))
    return heard


# Proposing


def test_a_severe_rate_proposes_both_and_nothing_is_taken_away_yet(bad_month: list[Any], store: Merchant) -> None:
    made = judged(store)

    assert [(one.kind, one.state) for one in made] == [(IMPRESSIONS, "proposed"), (SUSPENSION, "proposed")]
    assert {one.hear_until for one in made} == {NOW + timedelta(days=5)}
    assert stands(store) == (False, False)
    assert verbs() == ["sanction_proposed"] * 2


@pytest.mark.parametrize(("late", "in_time"), [(2, 3), (3, 1)])
def test_on_the_line_and_below_the_sample_nothing_is_proposed(late: int, in_time: int, store: Merchant) -> None:
    promise({"late_severe": 40})
    severe.month(store, NOW, late=late, in_time=in_time)

    with nothing_changed():
        assert judged(store) == []


def test_a_severe_csat_proposes_too(store: Merchant, ada: Actor) -> None:
    promise({"customer_ratings": 10})
    for number, ticket in enumerate(severe.month(store, NOW, late=0, in_time=5)):
        severe.rated(ticket, ada, helpful=number > 2)

    assert len(judged(store)) == 2
    grounds = statement.grounds(Sanction.objects.all()[0])
    assert (grounds.crossed, grounds.helpful, grounds.ratings, len(grounds.unhelpful)) == (frozenset({"csat"}), 2, 5, 3)


def test_however_often_it_is_judged_each_is_proposed_once(block: Sanction, store: Merchant) -> None:
    with nothing_changed():
        for hours in range(3):
            assert judged(store, NOW + timedelta(hours=hours)) == []


def test_after_it_was_declined_it_is_not_proposed_again_for_a_while(
    block: Sanction, store: Merchant, sofia: Actor
) -> None:
    sanctioning.decline(block, "They were ill.", by=sofia)
    severe.month(store, NOW + timedelta(days=30))

    assert judged(store, NOW + timedelta(days=30) - timedelta(microseconds=1)) == []
    assert [one.kind for one in judged(store, NOW + timedelta(days=30))] == [IMPRESSIONS]


def test_the_policys_switch_blocks_impressions_at_once_and_only_them(bad_month: list[Any], store: Merchant) -> None:
    promise({"blocks_impressions": True})

    block, suspension = judged(store)

    assert stands(store) == (True, False)
    assert (block.state, block.decided_by, block.statement["is_automatic"]) == ("confirmed", None, True)
    assert suspension.state == "proposed"
    assert verbs() == ["impressions_blocked", "sanction_proposed"]


def test_what_the_switch_blocked_can_still_be_answered(bad_month: list[Any], store: Merchant, mehmet: Actor) -> None:
    promise({"blocks_impressions": True})
    block = judged(store)[0]

    sanctioning.answer(block, "It was a holiday.", by=mehmet)

    assert Sanction.objects.get(pk=block.pk).answer == "It was a holiday."


def test_a_sandbox_is_never_sanctioned(store: Merchant, sofia: Actor) -> None:
    trial = Merchant.objects.create(external_id="sandbox-1", name="Trial", sandbox_of=store)
    severe.month(trial, NOW)

    with nothing_changed():
        assert judged(trial) == []
        with pytest.raises(NotAllowed):
            sanctioning.propose(trial, SUSPENSION, "Just so.", by=sofia)


def test_a_person_proposes_with_words_whatever_the_figures(store: Merchant, sofia: Actor) -> None:
    made = sanctioning.propose(store, SUSPENSION, "It sells copies of brands.", by=sofia)

    assert (made.state, made.reasons["words"]) == ("proposed", "It sells copies of brands.")
    assert made.proposed_by["name"] == "Sofia Rossi"


def test_what_a_person_proposed_stands_and_falls_with_no_figure(
    bad_month: list[Any], store: Merchant, sofia: Actor
) -> None:
    made = sanctioning.propose(store, SUSPENSION, "It sells copies of brands.", by=sofia)
    assert statement.grounds(made).crossed
    Wait.objects.update(excused=Excuse.CONTEST)

    sanctioning.withdraw_baseless(store.pk, NOW)
    sanctioning.confirm(made, "No invoice came.", by=later(sofia, days=5))
    sanctioning.withdraw_baseless(store.pk, NOW + timedelta(days=6))

    assert stands(store) == (False, True)


def test_the_same_is_not_proposed_twice(block: Sanction, store: Merchant, sofia: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        sanctioning.propose(store, IMPRESSIONS, "Me too.", by=sofia)


# Hearing


def test_what_the_merchant_says_is_kept_and_brings_it_to_a_decision(
    block: Sanction, mehmet: Actor, sofia: Actor
) -> None:
    assert sanction_lists.counts(sofia)[SanctionList.TO_DECIDE] == 0

    sanctioning.answer(block, "We moved house.", by=mehmet)

    block.refresh_from_db()
    assert (block.answer, block.answered_by_id, block.answered_at) == ("We moved house.", mehmet.user_id, mehmet.at)
    assert sanction_lists.counts(sofia) == {"to-decide": 1, "hearing": 1, "in-force": 0}


def test_one_answer_counts(heard: Sanction, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        sanctioning.answer(heard, "And another thing.", by=mehmet)


def test_an_answer_without_words_or_with_too_many_is_none(block: Sanction, mehmet: Actor) -> None:
    with nothing_changed():
        for words in ("", "  ", "x" * 5001):
            with pytest.raises(BadText):
                sanctioning.answer(block, words, by=mehmet)


def test_a_rival_cannot_answer_and_does_not_learn_that_it_is_there(block: Sanction, rival: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        sanctioning.answer(block, "Ha.", by=rival)

    assert refusal.value.reason == "absent"


# Deciding


def test_nobody_confirms_before_the_merchant_was_heard(block: Sanction, sofia: Actor) -> None:
    early = replace(sofia, at=block.hear_until - timedelta(microseconds=1))
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        sanctioning.confirm(block, "Now.", by=early)
    assert refusal.value.reason == "not_heard"

    sanctioning.confirm(block, "No answer came.", by=replace(sofia, at=block.hear_until))
    assert block.state == SanctionState.CONFIRMED


def test_a_confirmed_block_is_in_force_by_a_named_person_until_a_date(
    blocked: Sanction, store: Merchant, sofia: Actor
) -> None:
    at = NOW + timedelta(hours=1)
    assert stands(store) == (True, False)
    assert (blocked.decided_by_id, blocked.decided_at, blocked.ends_at) == (sofia.user_id, at, at + timedelta(days=30))
    assert store.impressions_blocked_at == at
    assert verbs()[-1] == "impressions_blocked"


def test_a_suspension_is_another_thing(block: Sanction, store: Merchant, sofia: Actor) -> None:
    suspension = Sanction.objects.get(kind=SUSPENSION)

    sanctioning.confirm(suspension, "Enough.", by=later(sofia, days=5))

    assert stands(store) == (False, True)
    assert verbs()[-1] == "suspended"


def test_a_declined_one_changes_nothing(block: Sanction, store: Merchant, sofia: Actor) -> None:
    sanctioning.decline(block, "They were ill.", by=sofia)

    assert (block.state, block.decision, block.decided_by_id) == ("declined", "They were ill.", sofia.user_id)
    assert stands(store) == (False, False)


def test_what_is_decided_is_not_decided_again(blocked: Sanction, sofia: Actor) -> None:
    with nothing_changed():
        for verb in (sanctioning.confirm, sanctioning.decline):
            with pytest.raises(NotAllowed):
                verb(blocked, "Once more.", by=later(sofia, hours=2))


def test_who_had_not_seen_the_answer_decides_nothing(heard: Sanction, sofia: Actor) -> None:
    for verb in (sanctioning.confirm, sanctioning.decline):
        with nothing_changed(), pytest.raises(NotAllowed) as refusal:
            verb(heard, "Now.", by=replace(sofia, seen=0))
        assert refusal.value.reason == "something_new"


def test_a_double_click_decides_once_and_a_key_says_one_thing(heard: Sanction, sofia: Actor) -> None:
    by = replace(sofia, key="k-1", seen=1)
    sanctioning.confirm(heard, "Too many.", by=by)

    with nothing_changed():
        with pytest.raises(AlreadyDone):
            sanctioning.confirm(heard, "Too many.", by=by)
        with pytest.raises(KeyReused):
            sanctioning.decline(heard, "Too many.", by=by)


def test_only_people_of_the_platform_decide(
    heard: Sanction, store: Merchant, mehmet: Actor, ada: Actor, sofia: Actor
) -> None:
    playing, program = replace(sofia, merchant_id=store.pk), replace(sofia, app="shop")
    with nothing_changed():
        for actor in (mehmet, ada, clock(NOW), playing, program):
            with pytest.raises(NotAllowed):
                sanctioning.propose(store, SUSPENSION, "So.", by=actor)
            for verb in (sanctioning.confirm, sanctioning.decline, sanctioning.lift):
                with pytest.raises(NotAllowed):
                    verb(heard, "So.", by=actor)


# Ending


def test_it_ends_by_its_date(blocked: Sanction, store: Merchant) -> None:
    assert blocked.ends_at
    with nothing_changed():
        sanctioning.end_due(blocked.ends_at - timedelta(microseconds=1))

    sanctioning.end_due(blocked.ends_at)
    sanctioning.end_due(blocked.ends_at)

    blocked.refresh_from_db()
    assert (blocked.state, blocked.ended_how, blocked.ended_at) == ("ended", "date", blocked.ends_at)
    assert stands(store) == (False, False)
    assert verbs().count("sanction_ended") == 1


def test_it_ends_at_its_very_moment_and_not_with_the_next_hour(blocked: Sanction, store: Merchant, now: Any) -> None:
    (job,) = Job.objects.filter(kind=sanctioning.JOB)
    now.move_to(job.run_at)

    schedule.HANDLERS[job.kind](job.payload)

    assert job.run_at == blocked.ends_at
    assert stands(store) == (False, False)


def test_it_ends_when_the_merchant_recovers(blocked: Sanction, store: Merchant) -> None:
    after = NOW + timedelta(days=2)
    sanctioning.withdraw_baseless(store.pk, after)
    assert stands(store) == (True, False)

    for number in range(2):
        severe.answer(store, after - timedelta(hours=5, minutes=number), hours=1)
    sanctioning.withdraw_baseless(store.pk, after)

    blocked.refresh_from_db()
    assert (blocked.state, blocked.ended_how) == ("ended", "recovery")
    assert stands(store) == (False, False)
    assert Sanction.objects.get(kind=SUSPENSION).state == "withdrawn"


def test_nobody_recovers_by_answering_too_little_to_speak_of_a_rate(blocked: Sanction, store: Merchant) -> None:
    quiet = NOW + timedelta(days=22)

    assert reading.rates(store.pk, quiet, promises.current()).late.percent is None
    sanctioning.withdraw_baseless(store.pk, quiet)

    assert stands(store) == (True, False)


def test_granted_contests_end_it_and_withdraw_what_was_only_proposed(blocked: Sanction, store: Merchant) -> None:
    Wait.objects.filter(pk=Wait.objects.order_by("pk")[0].pk).update(excused=Excuse.CONTEST)

    sanctioning.withdraw_baseless(store.pk, NOW + timedelta(hours=2))

    blocked.refresh_from_db()
    assert (blocked.state, blocked.ended_how) == ("ended", "contest")
    assert Sanction.objects.get(kind=SUSPENSION).state == "withdrawn"
    assert stands(store) == (False, False)
    assert verbs()[-2:] == ["sanction_ended", "sanction_withdrawn"]


def test_what_lost_its_reasons_cannot_be_confirmed_any_more(heard: Sanction, store: Merchant, sofia: Actor) -> None:
    Incident.objects.create(
        words="The mail was down.", starts_at=NOW - timedelta(days=30), at=NOW, ends_at=NOW - timedelta(days=5)
    )

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        sanctioning.confirm(heard, "Still.", by=sofia)
    assert refusal.value.reason == "baseless"


@pytest.mark.parametrize("late_severe", [30, 70])
def test_a_later_policy_rewrites_no_reasons(late_severe: int, blocked: Sanction, store: Merchant) -> None:
    promise({"late_severe": late_severe})
    sanctioning.withdraw_baseless(store.pk, NOW + timedelta(hours=2))

    grounds = statement.grounds(Sanction.objects.get(pk=blocked.pk))
    assert (grounds.rule["late_severe"], grounds.crossed) == (45, frozenset({"late"}))
    assert stands(store) == (True, False)


def test_a_person_lifts_it_and_says_why(blocked: Sanction, store: Merchant, sofia: Actor) -> None:
    sanctioning.lift(blocked, "They hired somebody.", by=later(sofia, days=1))

    blocked.refresh_from_db()
    assert (blocked.state, blocked.ended_how, blocked.ended_by_id) == ("ended", "lifted", sofia.user_id)
    assert blocked.statement["lifted_because"] == "They hired somebody."
    assert stands(store) == (False, False)


def test_what_is_not_in_force_is_not_lifted(heard: Sanction, sofia: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        sanctioning.lift(heard, "Why not.", by=sofia)


def test_the_sweep_ends_by_date_and_by_recovery_and_touches_nothing_else(
    blocked: Sanction, store: Merchant, rival_store: Merchant, sofia: Actor, now: Any
) -> None:
    other = sanctioning.propose(rival_store, SUSPENSION, "It sells what is forbidden.", by=sofia)
    now.shift(timedelta(days=31))

    sanctioning.sweep_sanctions({})

    assert stands(store) == (False, False)
    assert Sanction.objects.get(pk=blocked.pk).ended_how == "date"
    other.refresh_from_db()
    assert other.state == "proposed"


# The statement of reasons


def test_the_statement_says_everything_by_itself(blocked: Sanction, sofia_user: User) -> None:
    said = blocked.statement
    User.objects.filter(pk=sofia_user.pk).update(name="Somebody Else")
    blocked.refresh_from_db()
    assert blocked.statement == said

    grounds = statement.grounds(blocked)
    assert (said["decided_by"], said["is_automatic"]) == ("Sofia Rossi", False)
    assert (said["answer"], said["decision"]) == ("We moved house. It is over.", "Three of five is too many.")
    assert said["ends_at"] == (NOW + timedelta(days=30, hours=1)).isoformat()
    assert grounds.sentences() == ["Late answers: 3 of 5 that count (60%). Above 45% is severe."]
    assert len(grounds.late_answers) == 3
    assert all(one.due_at and one.at and one.at - one.due_at == timedelta(hours=1) for one in grounds.late_answers)


def test_the_statement_is_drawn_up_from_the_ledger_of_the_day_of_the_decision(
    store: Merchant, sofia: Actor, mehmet: Actor
) -> None:
    severe.month(store, NOW, late=6, in_time=2)
    block = judged(store)[0]
    Wait.objects.filter(pk=Wait.objects.order_by("pk")[0].pk).update(excused=Excuse.CONTEST)
    sanctioning.answer(block, "One of them is wrong.", by=mehmet)

    sanctioning.confirm(block, "The others are not.", by=sofia)

    assert (block.reasons["late"], block.reasons["answers"]) == (6, 8)
    grounds = statement.grounds(block)
    assert (grounds.late, grounds.answers, dict(grounds.left_out or {})) == (5, 7, {"contest": 1})


def test_grounds_come_back_as_they_were_kept(bad_month: list[Any], store: Merchant) -> None:
    counted = statement.count(store.pk, Window.before(NOW, 30), statement.rule_of(promises.current()))

    assert statement.Grounds.from_json(counted.as_json()) == counted


# Who sees them


def test_a_merchant_sees_its_own_the_platform_all_and_nobody_else_any(
    block: Sanction, mehmet: Actor, rival: Actor, sofia: Actor, ada: Actor
) -> None:
    seen = {actor.name: sanctioning.seen_by(actor).count() for actor in (mehmet, rival, sofia, ada)}

    assert seen == {"Mehmet Demir": 2, "Rita Rival": 0, "Sofia Rossi": 2, "Ada Lovelace": 0}
    assert sanctioning.seen_by(Actor(Party.SUPPORT, user_id=1, merchant_id=1, at=timezone.now())).count() == 0
