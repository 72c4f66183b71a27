"""Mehmet contests what counts against him; Sofia decides, and the figures and notices follow (D7)."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, incidents, judging, reading, rollups
from marketdesk.performance.models import Contest, CountedDay, Notice, NoticeKind, Outcome, Rating, Standing
from marketdesk.performance.rating import rate
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Ticket, Wait
from tests import answering
from tests.conftest import NOW
from tests.moments import later
from tests.test_tenancy import picture_of
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

DAY = timedelta(days=1)


@pytest.fixture
def waits(ada_user: User, store: Merchant) -> list[Wait]:
    """Three late answers of five, due five days ago."""
    answering.in_time(ada_user, store, NOW - 5 * DAY, 2)
    return answering.late(ada_user, store, NOW - 5 * DAY, 3)


@pytest.fixture
def warning(waits: list[Wait], store: Merchant) -> Notice:
    judging.judge(store.pk, NOW)
    return Notice.objects.get()


@pytest.fixture
def rating(ticket: Ticket, mehmet: Actor, ada: Actor) -> Rating:
    """Ada said that it did not help."""
    ticket.resolve("It is on its way.", by=mehmet)
    return rate(ticket, helpful=False, comment="It never came.", by=ada)


def late_rate(store: Merchant) -> tuple[int, int]:
    found = reading.rates(store.pk, NOW, promises.current()).late
    return found.part, found.whole


# Contesting


def test_mehmet_says_why_and_it_waits_for_the_platform(waits: list[Wait], mehmet: Actor, sofia: Actor) -> None:
    made = contesting.contest(waits[0], "  The portal was down.\x00 ", by=mehmet)

    assert (made.kind, made.wait, made.reason, made.outcome) == ("wait", waits[0], "The portal was down.", "")
    assert (made.made_at, made.made_by_id, made.merchant_id) == (mehmet.at, mehmet.user_id, mehmet.merchant_id)
    assert list(contesting.seen_by(sofia)) == [made]
    assert contesting.waiting(sofia) == 1
    event = Event.objects.get(verb="contested")
    assert (event.merchant_id, event.ticket_id, event.subject_id) == (mehmet.merchant_id, None, made.pk)


def test_until_it_is_decided_it_counts_as_before(waits: list[Wait], mehmet: Actor, store: Merchant) -> None:
    contesting.contest(waits[0], "The portal was down.", by=mehmet)

    assert late_rate(store) == (3, 5)


@pytest.fixture
def things(waits: list[Wait], rating: Rating, warning: Notice) -> list[Wait | Rating | Notice]:
    """One of each kind."""
    return [waits[0], rating, warning]


def test_nothing_is_contested_twice(things: list[Any], mehmet: Actor) -> None:
    for thing in things:
        contesting.contest(thing, "It is wrong.", by=mehmet)

    with nothing_changed():
        for thing in things:
            with pytest.raises(NotAllowed, match="contested already"):
                contesting.contest(thing, "It is really wrong.", by=mehmet)


def test_fourteen_days_and_not_a_microsecond_more(things: list[Any], mehmet: Actor) -> None:
    for thing in things:
        too_late = replace(mehmet, at=contesting.happened_at(thing) + 14 * DAY)
        with pytest.raises(NotAllowed, match="14 days"):
            contesting.contest(thing, "It is wrong.", by=too_late)
        assert contesting.of(thing) is None
        contesting.contest(thing, "It is wrong.", by=later(too_late, microseconds=-1))

    assert Contest.objects.count() == 3


def test_what_does_not_count_against_him_is_not_contested(
    waits: list[Wait], rating: Rating, warning: Notice, ticket: Ticket, mehmet: Actor, sofia: Actor
) -> None:
    in_time, running = Wait.objects.earliest("pk"), Wait.objects.latest("pk")
    rating.helpful = True
    rating.save()
    warning.withdrawn_at = NOW
    warning.save()
    incidents.declare("The mail service was down.", NOW - 6 * DAY, NOW - 5 * DAY, by=sofia)

    with nothing_changed():
        for thing in (in_time, running, waits[0], rating, warning):
            with pytest.raises(NotAllowed, match="nothing to contest"):
                contesting.contest(thing, "It is wrong.", by=mehmet)


def test_an_answer_that_is_overdue_can_be_contested_before_it_came(ticket: Ticket, mehmet: Actor) -> None:
    wait = ticket.waits.get()
    assert not contesting.is_against(wait, wait.due_at)

    contesting.contest(wait, "The portal is down.", by=replace(mehmet, at=wait.due_at + timedelta(hours=1)))

    assert Contest.objects.get().wait == wait


def test_nobody_contests_for_him(things: list[Any], rival: Actor, sofia: Actor, ada: Actor) -> None:
    with nothing_changed():
        for actor, thing in itertools.product((rival, sofia, ada), things):
            with pytest.raises(NotAllowed):
                contesting.contest(thing, "It is wrong.", by=actor)


def test_he_finds_his_own_things_and_nobody_elses(
    waits: list[Wait], warning: Notice, rating: Rating, mehmet: Actor, rival: Actor
) -> None:
    names = {("wait", str(waits[0].pk)), ("rating", str(rating.pk)), ("notice", warning.public_id)}

    assert {contesting.find(kind, name, mehmet) for kind, name in names} == {waits[0], warning, rating}
    assert {contesting.find(kind, name, rival) for kind, name in names} == {None}
    in_arabic = str(rating.pk).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for kind, name in (("wait", "9" * 30), ("wait", "x"), ("notice", "1"), ("refund", "1"), ("rating", in_arabic)):
        assert contesting.find(kind, name, mehmet) is None


def test_in_a_sandbox_there_is_nothing_to_contest(store: Merchant, ada_user: User) -> None:
    sandbox = Merchant.objects.create(external_id="m-s", name="Sandbox", sandbox_of=store)
    wait = answering.late(ada_user, sandbox, NOW - 5 * DAY)[0]
    actor = Actor(Party.MERCHANT, merchant_id=sandbox.pk, at=NOW)

    with nothing_changed(), pytest.raises(NotAllowed, match="sandbox"):
        contesting.contest(wait, "It is wrong.", by=actor)


def test_a_form_that_is_sent_twice_contests_once(waits: list[Wait], mehmet: Actor) -> None:
    keyed = mehmet.with_form("k-1", None)
    contesting.contest(waits[0], "It is wrong.", by=keyed)

    with nothing_changed(), pytest.raises(AlreadyDone):
        contesting.contest(waits[0], "It is wrong.", by=keyed)


def test_his_pictures_stay_with_it_and_nobody_elses_come_along(waits: list[Wait], mehmet: Actor, rival: Actor) -> None:
    own, foreign = picture_of(mehmet), picture_of(rival)

    made = contesting.contest(waits[0], "See the picture.", [own, foreign], by=mehmet)

    assert list(made.pictures.all()) == [own]
    Attachment.sweep(NOW + 30 * DAY)
    assert list(Attachment.objects.all()) == [own]
    assert default_storage.exists(own.path)
    assert list(Attachment.objects.visible_to(mehmet)) == []  # the contest shows it, no ticket does


# Deciding


def test_what_is_granted_counts_no_more_and_the_warning_falls(
    warning: Notice, waits: list[Wait], mehmet: Actor, sofia: Actor, store: Merchant
) -> None:
    made = contesting.contest(waits[0], "The portal was down.", by=mehmet)

    contesting.decide(made, granted=True, reason="Our logs say so, too.", by=sofia)

    made.refresh_from_db()
    assert (made.outcome, made.decision) == (Outcome.GRANTED, "Our logs say so, too.")
    assert (made.decided_at, made.decided_by_id) == (sofia.at, sofia.user_id)
    assert late_rate(store) == (2, 4)
    warning.refresh_from_db()
    assert warning.withdrawn_how == "causes"
    standing = Standing.objects.get()
    assert (standing.late, standing.answers) == (2, 4)
    assert Event.objects.get(verb="contest_decided").data["outcome"] == "granted"


def test_what_is_declined_counts_as_before(
    warning: Notice, waits: list[Wait], mehmet: Actor, sofia: Actor, store: Merchant
) -> None:
    made = contesting.contest(waits[0], "I was on holiday.", by=mehmet)

    contesting.decide(made, granted=False, reason="Somebody must look after the tickets.", by=sofia)

    assert late_rate(store) == (3, 5)
    assert Notice.objects.get().withdrawn_at is None
    assert Contest.objects.get().outcome == Outcome.DECLINED


def test_a_granted_rating_counts_no_more(rating: Rating, mehmet: Actor, sofia: Actor, store: Merchant) -> None:
    made = contesting.contest(rating, "It is about another store.", by=mehmet)
    assert reading.rates(store.pk, NOW + DAY, promises.current()).csat.whole == 1

    contesting.decide(made, granted=True, reason="It is.", by=sofia)

    assert reading.rates(store.pk, NOW + DAY, promises.current()).csat.whole == 0


def test_a_rating_that_became_helpful_meanwhile_stays(
    rating: Rating, ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor, store: Merchant
) -> None:
    made = contesting.contest(rating, "It arrived.", by=mehmet)
    rate(ticket, helpful=True, comment="It arrived!", by=later(ada, days=1))

    contesting.decide(made, granted=True, reason="It did.", by=later(sofia, days=2))

    assert reading.rates(store.pk, NOW + 3 * DAY, promises.current()).csat.part == 1


@pytest.mark.parametrize("changed_before", [True, False], ids=["changed first", "granted first"])
def test_a_granted_rating_stays_granted_however_often_it_is_changed(
    rating: Rating, mehmet: Actor, sofia: Actor, ada: Actor, store: Merchant, changed_before: bool
) -> None:
    def rates() -> tuple[int, int]:
        found = reading.rates(store.pk, NOW + DAY, promises.current()).csat
        return found.part, found.whole

    made = contesting.contest(rating, "She praised us.", by=mehmet)
    if changed_before:
        rate(rating.ticket, helpful=True, comment="It came.", by=later(ada, hours=1))
    contesting.decide(made, granted=True, reason="She did.", by=later(sofia, hours=2))
    rate(rating.ticket, helpful=True, comment="It came!", by=later(ada, hours=3))
    praised = rates()
    rate(rating.ticket, helpful=False, comment="It broke.", by=later(ada, hours=4))

    assert (praised, rates()) == ((1, 1), (0, 0))


def test_a_granted_notice_is_withdrawn(warning: Notice, mehmet: Actor, sofia: Actor, store: Merchant) -> None:
    made = contesting.contest(warning, "We had told you.", by=mehmet)

    contesting.decide(made, granted=True, reason="You had.", by=sofia)

    warning.refresh_from_db()
    assert warning.withdrawn_how == "contest"
    assert late_rate(store) == (3, 5)
    assert Notice.objects.count() == 1  # it is not given again for the same answers


def test_a_decision_is_final(waits: list[Wait], mehmet: Actor, sofia: Actor) -> None:
    made = contesting.contest(waits[0], "It is wrong.", by=mehmet)
    contesting.decide(made, granted=False, reason="It is not.", by=sofia)

    with nothing_changed(), pytest.raises(NotAllowed, match="final"):
        contesting.decide(made, granted=True, reason="Well.", by=sofia)


def test_only_people_of_the_platform_decide(waits: list[Wait], mehmet: Actor, rival: Actor) -> None:
    made = contesting.contest(waits[0], "It is wrong.", by=mehmet)

    with nothing_changed():
        for actor in (mehmet, rival, clock(NOW)):
            with pytest.raises(NotAllowed):
                contesting.decide(made, granted=True, reason="Yes.", by=actor)


def test_the_day_is_counted_again(waits: list[Wait], mehmet: Actor, sofia: Actor) -> None:
    rollups.catch_up(NOW)
    made = contesting.contest(waits[0], "It is wrong.", by=mehmet)

    contesting.decide(made, granted=True, reason="It is.", by=sofia)

    assert list(CountedDay.objects.filter(counted_at=None)) == [CountedDay((NOW - 5 * DAY).date())]


def test_a_penalty_notice_names_the_warnings_it_was_given_for(warning: Notice, store: Merchant) -> None:
    penalty = Notice.objects.create(merchant=store, kind=NoticeKind.PENALTY, given_at=NOW)
    penalty.causes.create(kind=NoticeKind.PENALTY, warning=warning)

    assert [cause.warning for cause in contesting.facts(penalty, NOW).causes] == [warning]
    assert [cause.wait for cause in contesting.facts(warning, NOW).causes] == list(
        Wait.objects.filter(caused__isnull=False)
    )


# What granting would change


def test_sofia_sees_what_granting_would_change(waits: list[Wait], mehmet: Actor, sofia: Actor) -> None:
    made = contesting.contest(waits[0], "It is wrong.", by=mehmet)

    effect = contesting.effect(made, NOW)

    assert effect is not None
    assert [(one.late.part, one.late.whole) for one in (effect.now, effect.granted)] == [(3, 5), (2, 4)]
    contesting.decide(made, granted=True, reason="It is.", by=sofia)
    assert contesting.effect(made, NOW) is None


def test_another_rating_of_the_same_customer_may_count_instead(
    ask: Callable[..., Ticket], mehmet: Actor, ada: Actor
) -> None:
    ratings = []
    for _ in range(4):
        ticket = ask("order_status")
        ticket.resolve("It is on its way.", by=mehmet)
        ratings.append(rate(ticket, helpful=False, comment="", by=ada))
    made = contesting.contest(ratings[0], "It is wrong.", by=mehmet)

    assert contesting.effect(made, NOW + DAY) is None  # three of Ada's count, now as then
