"""Mails: in the reader's language and time zone, with what they may read, each once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.outbox import jobs as outbox
from marketdesk.outbox import mail as letters
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds import refunding
from marketdesk.tickets import links
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db

APART = {"due_soon", "refunds_unanswered", "warned", "penalty_noticed", "notice_withdrawn"}
APART |= {"contested", "contest_decided", "incident_declared", "incident_withdrawn"}

Ask = Callable[..., Ticket]
Told = Callable[[], list[EmailMessage]]


def _to(mails: list[EmailMessage], user: User) -> EmailMessage:
    return next(mail for mail in mails if mail.to == [user.email])


def test_ada_reads_the_answer_whose_turn_it_is_and_where(
    now: Any, ask: Ask, mehmet: Actor, ada_user: User, told: Told, settings: Any
) -> None:
    settings.BASE_URL = "https://desk.example"
    ticket = ask("order_status")

    ticket.reply("It left on Monday.\n\nBest, Mehmet", by=mehmet)

    letter = _to(told(), ada_user)
    body = str(letter.body)
    assert "> It left on Monday.\n>\n> Best, Mehmet" in body
    link = re.search(r"^https://desk\.example/t/([\w-]+)/$", body, re.MULTILINE)
    assert link
    assert links.opened_by(link[1], timezone.now()) == ticket
    assert "25. November 2026" in body
    assert ticket.public_id in body
    assert "\n\n\n" not in body


def test_a_mail_is_written_in_its_readers_language_and_zone(
    now: Any, ask: Ask, mehmet: Actor, ada_user: User, mehmet_user: User, told: Told, monkeypatch: Any
) -> None:
    User.objects.filter(pk=ada_user.pk).update(time_zone="Asia/Tokyo")
    User.objects.filter(pk=mehmet_user.pk).update(language="tr", time_zone="Europe/Istanbul")
    spoken: list[tuple[str | None, str]] = []

    def listen(template: str, context: dict[str, Any]) -> str:
        spoken.append((translation.get_language(), template))
        return render_to_string(template, context)

    monkeypatch.setattr("marketdesk.outbox.mail.render_to_string", listen)
    with translation.override("en"):
        ticket = ask("order_status")
        mails = told()
        ticket.reply("It left on Monday.", by=mehmet)
        mails += told()
        assert translation.get_language() == "en"

    assert ("de", "outbox/customer/answered.txt") in spoken
    assert ("tr", "outbox/merchant/new_ticket.txt") in spoken
    assert "19:00 (JST)" in str(_to(mails, ada_user).body)  # 10:00 UTC, a week later
    assert "13:00 (+03)" in str(_to(mails, mehmet_user).body)


def test_an_unknown_time_zone_does_not_stop_a_mail(ask: Ask, mehmet_user: User, told: Told) -> None:
    User.objects.filter(pk=mehmet_user.pk).update(time_zone="Mars/Olympus")

    ask("order_status")

    assert "(UTC)" in str(_to(told(), mehmet_user).body)


def test_text_arrives_as_it_was_typed(ask: Ask, mehmet_user: User, told: Told) -> None:
    ask("order_status", 'Where\'s <my> "order" & lamp?', subject="Bcc: all@example.org\nwhere's <it>?")

    letter = _to(told(), mehmet_user)

    assert '> Where\'s <my> "order" & lamp?' in str(letter.body)
    assert letter.subject == "New ticket: Bcc: all@example.org where's <it>?"
    assert letter.recipients() == [mehmet_user.email]


def test_an_appeals_reason_goes_to_support_and_never_to_ada(
    ask: Ask, mehmet: Actor, ada_user: User, sofia_user: User, told: Told
) -> None:
    ticket = ask("item_problem")

    ticket.appeal("The courier lost it.", by=mehmet)

    mails = told()
    assert "> The courier lost it." in str(_to(mails, sofia_user).body)
    assert not any(mail.to == [ada_user.email] for mail in mails)


def test_a_refund_mail_names_items_and_sums(ask: Ask, mehmet: Actor, ada_user: User, told: Told) -> None:
    ticket = ask("item_problem")

    refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)

    assert "- Table lamp Nara, 89,90 EUR" in str(_to(told(), ada_user).body)


def test_the_marketplaces_note_on_a_failed_refund_is_supports_alone(
    ask: Ask, mehmet: Actor, sofia: Actor, ada_user: User, mehmet_user: User, told: Told
) -> None:
    from marketdesk.people.actor import clock

    User.objects.create_user("marco@example.org", name="Marco", party=Party.SUPPORT, language="en")
    ticket = ask("item_problem")
    (refund,) = refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)

    refunding.settle(refund, succeeded=False, by=clock(), note="card 4711 closed")

    texts = {mail.to[0]: str(mail.body) for mail in told() if "4711" in str(mail.body)}
    assert set(texts) == {"marco@example.org", "sofia@example.org"}


def test_told_twice_each_mail_is_written_once(ask: Ask, mehmet: Actor, ada_user: User) -> None:
    ask("order_status").reply("On its way.", by=mehmet)
    event = Event.objects.latest("id")

    outbox.tell({"event": event.pk})
    outbox.tell({"event": event.pk})
    schedule.worker().run_due()
    outbox.tell({"event": event.pk})
    schedule.worker().run_due()

    assert [letter.to for letter in mail.outbox if letter.to == [ada_user.email]] == [[ada_user.email]]
    assert Job.objects.filter(kind="mail", key=f"mail:{event.pk}:{ada_user.pk}").count() == 1


def test_a_mail_that_is_sent_again_after_a_crash_carries_the_same_id(
    ask: Ask, mehmet: Actor, ada_user: User, ada: Actor
) -> None:
    ask("order_status").reply("On its way.", by=mehmet)
    event = Event.objects.latest("id")

    ids = set()
    for _time in range(2):
        letter = letters.compose(event, "customer/answered", ada_user, ada)
        assert letter is not None
        ids.add(str(letter.message()["Message-ID"]))

    assert len(ids) == 1
    assert str(event.pk) not in ids.pop().split("@")[0].split("-")


def test_a_mail_server_that_is_away_is_tried_again(
    ask: Ask, mehmet_user: User, settings: Any, monkeypatch: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("no mail server")

    ask("order_status")
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)

    schedule.worker().run_due()

    job = Job.objects.get(kind="mail")
    assert job.done_at is None
    assert "no mail server" in job.error
    assert job.attempts == 1


@pytest.mark.parametrize("language", ["de", "tr", "ar", "zh-hant", "vi"])
def test_every_letter_can_be_written_in_every_language(
    language: str, ask: Ask, mehmet: Actor, ada_user: User, ada: Actor, sofia_user: User, mehmet_user: User
) -> None:
    from marketdesk.outbox import recipients

    ask("item_problem")
    event = Event.objects.latest("id")
    people = {Party.CUSTOMER: ada_user, Party.MERCHANT: mehmet_user, Party.SUPPORT: sofia_user}
    for row in recipients.TOLD:
        if row.verb in APART or "sanction" in row.letter:  # about no single ticket
            continue
        user = people[row.to]
        user.language = language
        reader = recipients.reader(user, event)
        assert reader is not None
        letter = letters.compose(event, f"{row.to}/{row.letter}", user, reader)
        assert letter is not None
        assert letter.subject
        assert "{" not in str(letter.body)
