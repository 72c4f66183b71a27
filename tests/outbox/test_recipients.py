"""Who is told of what, and who never is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.outbox import recipients
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds import refunding
from marketdesk.tickets import jobs
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db

Ask = Callable[..., Ticket]
Told = Callable[[], list[EmailMessage]]


@pytest.fixture
def leyla_user(store: Merchant) -> User:
    """Mehmet's colleague."""
    user = User.objects.create_user("leyla@example.org", name="Leyla Kaya", party=Party.MERCHANT, language="tr")
    Membership.objects.create(user=user, merchant=store)
    return user


@pytest.fixture
def marco_user(db: None) -> User:
    """Sofia's colleague."""
    return User.objects.create_user("marco@example.org", name="Marco Bianchi", party=Party.SUPPORT, language="it")


@pytest.fixture
def everybody(ada_user: User, mehmet_user: User, leyla_user: User, sofia_user: User, marco_user: User) -> None:
    """All of them, and the rival beside them."""


def _letters(verb: str | None = None) -> set[tuple[str, str]]:
    """Who gets which letter about the newest event (or the newest of a verb). What asks the marketplace's programs for
    money stands beside the event that people are told of."""
    events = Event.objects.filter(verb=verb) if verb else Event.objects.exclude(verb="refund_requested")
    return {(recipient.user.name.split()[0], recipient.letter) for recipient in recipients.of(events.latest("id"))}


def _refund(ticket: Ticket, by: Actor) -> Any:
    return refunding.refund_items(ticket, list(ticket.items.all()), by=by)[0]


def _settled(ticket: Ticket, mehmet: Actor, *, succeeded: bool) -> None:
    refunding.settle(_refund(ticket, mehmet), succeeded=succeeded, by=clock())


CASES: list[tuple[str, str, Callable[[Ticket, dict[str, Actor]], Any], set[tuple[str, str]]]] = [
    (
        "Ada asks",
        "order_status",
        lambda ticket, cast: None,
        {("Mehmet", "merchant/new_ticket"), ("Leyla", "merchant/new_ticket")},
    ),
    (
        "Mehmet answers",
        "order_status",
        lambda ticket, cast: ticket.reply("On its way.", by=cast["mehmet"]),
        {("Ada", "customer/answered")},
    ),
    (
        "Mehmet resolves",
        "order_status",
        lambda ticket, cast: ticket.resolve("It is there.", by=cast["mehmet"]),
        {("Ada", "customer/resolved")},
    ),
    (
        "Mehmet closes",
        "order_status",
        lambda ticket, cast: ticket.close(by=cast["mehmet"]),
        {("Ada", "customer/closed")},
    ),
    (
        "Ada adds something",
        "order_status",
        lambda ticket, cast: ticket.reply("And another thing.", by=cast["ada"]),
        {("Mehmet", "merchant/customer_answered"), ("Leyla", "merchant/customer_answered")},
    ),
    (
        "Ada closes",
        "order_status",
        lambda ticket, cast: ticket.close(by=cast["ada"], how="solved"),
        {("Mehmet", "merchant/closed"), ("Leyla", "merchant/closed")},
    ),
    (
        "Sofia answers",
        "order_status",
        lambda ticket, cast: ticket.reply("We are looking.", by=cast["sofia"]),
        {("Ada", "customer/answered")},
    ),
    (
        "Sofia closes for good",
        "order_status",
        lambda ticket, cast: ticket.close_for_good(by=cast["sofia"]),
        {("Ada", "customer/closed"), ("Mehmet", "merchant/closed"), ("Leyla", "merchant/closed")},
    ),
    ("Sofia notes", "order_status", lambda ticket, cast: ticket.note("Hm.", by=cast["sofia"]), set()),
    (
        "Mehmet appeals",
        "item_problem",
        lambda ticket, cast: ticket.appeal("Lost.", by=cast["mehmet"]),
        {("Sofia", "support/appealed"), ("Marco", "support/appealed")},
    ),
    (
        "Sofia takes over",
        "item_problem",
        lambda ticket, cast: ticket.take_over(by=cast["sofia"]),
        {("Ada", "customer/taken_over"), ("Mehmet", "merchant/taken_over"), ("Leyla", "merchant/taken_over")},
    ),
    (
        "Mehmet refunds",
        "item_problem",
        lambda ticket, cast: _refund(ticket, cast["mehmet"]),
        {("Ada", "customer/refunded")},
    ),
    (
        "Sofia refunds",
        "item_problem",
        lambda ticket, cast: _refund(ticket, cast["sofia"]),
        {("Ada", "customer/refunded"), ("Mehmet", "merchant/refunded"), ("Leyla", "merchant/refunded")},
    ),
    (
        "the refund is paid",
        "item_problem",
        lambda ticket, cast: _settled(ticket, cast["mehmet"], succeeded=True),
        {("Ada", "customer/refund_paid"), ("Mehmet", "merchant/refund_paid"), ("Leyla", "merchant/refund_paid")},
    ),
    (
        "the refund fails",
        "item_problem",
        lambda ticket, cast: _settled(ticket, cast["mehmet"], succeeded=False),
        {
            ("Ada", "customer/refund_failed"),
            ("Mehmet", "merchant/refund_failed"),
            ("Leyla", "merchant/refund_failed"),
            ("Sofia", "support/refund_failed"),
            ("Marco", "support/refund_failed"),
        },
    ),
]


@pytest.mark.parametrize(("issue", "deed", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_who_is_told(
    issue: str, deed: Any, expected: set[tuple[str, str]], ask: Ask, everybody: None, rival_user: User,
    ada: Actor, mehmet: Actor, sofia: Actor,
) -> None:  # fmt: skip
    ticket = ask(issue)

    deed(ticket, {"ada": ada, "mehmet": mehmet, "sofia": sofia})

    assert _letters() == expected


def test_nobody_gets_a_mail_because_the_marketplace_is_asked_for_the_money(
    ask: Ask, everybody: None, mehmet: Actor
) -> None:
    _refund(ask("item_problem"), mehmet)

    assert _letters("refund_requested") == set()


def test_a_ticket_handed_back_is_told_to_the_merchant(ask: Ask, everybody: None, sofia: Actor) -> None:
    ticket = ask("item_problem")
    ticket.take_over(by=sofia)

    ticket.hand_back(by=sofia)

    assert _letters() == {("Mehmet", "merchant/handed_back"), ("Leyla", "merchant/handed_back")}


def test_the_merchant_is_told_when_ada_opens_a_ticket_again(ask: Ask, everybody: None, ada: Actor) -> None:
    ticket = ask("order_status")
    ticket.close(by=ada, how="solved")

    ticket.reopen("It broke again.", by=ada)

    assert _letters() == {("Mehmet", "merchant/reopened"), ("Leyla", "merchant/reopened")}


def test_ada_is_told_when_the_merchant_opens_it_again(
    ask: Ask, everybody: None, mehmet: Actor, store: Merchant
) -> None:
    ticket = ask("order_status")
    ticket.resolve("Done.", by=mehmet)

    ticket.reopen("I forgot something.", by=mehmet)

    assert _letters() == {("Ada", "customer/reopened")}


def test_a_late_answer_is_told_and_a_takeover_says_it_in_its_stead(now: Any, ask: Ask, everybody: None) -> None:
    ask("order_status")
    ask("item_problem")
    now.shift(timedelta(hours=49))

    jobs.sweep_overdue({})

    late = [recipients.of(event) for event in Event.objects.filter(verb="mark_late").order_by("id")]
    assert sorted(len(told) for told in late) == [0, 2]
    assert _letters("take_over") == {
        ("Ada", "customer/taken_over"),
        ("Mehmet", "merchant/taken_over"),
        ("Leyla", "merchant/taken_over"),
        ("Sofia", "support/taken_over"),
        ("Marco", "support/taken_over"),
    }


def test_a_silent_customer_is_reminded_and_told_of_the_closing(
    now: Any, ask: Ask, everybody: None, mehmet_user: User, store: Merchant
) -> None:
    ask("order_status").reply("Is it there?", by=Actor(Party.MERCHANT, user_id=mehmet_user.pk, merchant_id=store.pk))

    now.shift(timedelta(days=4, minutes=1))
    jobs.sweep_silent({})
    reminded = _letters()
    now.shift(timedelta(days=3))
    jobs.sweep_silent({})

    assert reminded == {("Ada", "customer/reminder")}
    assert _letters() == {("Ada", "customer/closed")}


def test_a_team_gets_one_digest_for_all_that_is_due_soon(
    now: Any, ask: Ask, everybody: None, told: Told, rival_user: User
) -> None:
    for _number in range(3):
        ask("order_status")
    told()
    now.shift(timedelta(hours=25))

    jobs.sweep_due_soon({})
    jobs.sweep_due_soon({})

    mails = told()
    assert sorted(mail.to[0] for mail in mails) == ["leyla@example.org", "mehmet@example.org"]
    assert all(str(mail.body).count("/dashboard/") == 4 for mail in mails)


def test_a_digest_leaves_out_what_was_answered_meanwhile(
    now: Any, ask: Ask, told: Told, mehmet_user: User, store: Merchant
) -> None:
    first, second = ask("order_status"), ask("tracking")
    told()
    now.shift(timedelta(hours=25))
    jobs.sweep_due_soon({})

    mehmet = Actor(Party.MERCHANT, user_id=mehmet_user.pk, merchant_id=store.pk)
    first.reply("Here.", by=mehmet)
    mails = [mail for mail in told() if mail.to == ["mehmet@example.org"]]

    assert len(mails) == 1
    assert second.public_id in str(mails[0].body)
    assert first.public_id not in str(mails[0].body)


def test_the_merchant_is_not_told_of_a_ticket_that_never_stood_with_them(ask: Ask, everybody: None, ada: Actor) -> None:
    ticket = ask("order_status")
    Ticket.objects.filter(pk=ticket.pk).update(shared=False, state="with_support", desk="platform")
    ticket.refresh_from_db()

    ticket.close(by=ada, how="not_needed")

    assert _letters() == set()


def test_whoever_looks_after_an_appeal_is_told_alone(
    ask: Ask, everybody: None, mehmet: Actor, sofia: Actor, marco_user: User
) -> None:
    ticket = ask("item_problem")
    ticket.assign(marco_user, by=sofia)

    ticket.appeal("Lost.", by=mehmet)

    assert _letters() == {("Marco", "support/appealed")}


def test_a_customer_without_a_mail_address_gets_none(ask: Ask, mehmet: Actor, ada_user: User, told: Told) -> None:
    User.objects.filter(pk=ada_user.pk).update(email=None)

    ask("order_status").reply("On its way.", by=mehmet)

    assert told() == []


def test_who_left_the_team_before_the_mail_went_out_gets_none(ask: Ask, mehmet_user: User, told: Told) -> None:
    from marketdesk.outbox import jobs as outbox

    ask("order_status")
    event = Event.objects.latest("id")
    outbox.tell({"event": event.pk})

    Membership.objects.filter(user=mehmet_user).delete()

    assert told() == []


def test_the_rival_hears_of_nothing(ask: Ask, everybody: None, rival_user: User, told: Told, mehmet: Actor) -> None:
    ticket = ask("item_problem")
    ticket.appeal("The parcel is lost.", by=mehmet)

    mails = told()

    assert mails
    assert all(mail.to != [rival_user.email] for mail in mails)


def test_the_merchant_hears_nothing_of_a_question_that_they_answered_already(
    ask: Ask, mehmet: Actor, leyla_user: User, told: Told
) -> None:
    ask("order_status").reply("On its way.", by=mehmet)

    assert [mail.to for mail in told()] == [["ada@example.org"]]


def test_every_letter_of_the_table_is_written() -> None:
    from django.template.loader import get_template

    for row in recipients.TOLD:
        assert get_template(f"outbox/{row.to}/{row.letter}.txt")
