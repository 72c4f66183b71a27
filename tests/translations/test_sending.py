"""Writing across languages: nothing is sent that its author has not seen, and its reader gets both."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from marketdesk import schedule
from marketdesk.people.models import User
from marketdesk.tickets.models import Draft, LanguageBy, Ticket
from marketdesk.translations import engines
from marketdesk.translations.engines import Failed
from marketdesk.translations.models import Translation, Wanted
from tests.translations.conftest import Upper

pytestmark = pytest.mark.django_db

TEXT = "Your parcel A-1234567 leaves tomorrow."


def page(ticket: Ticket) -> str:
    return f"/dashboard/tickets/{ticket.public_id}"


def post(client: Client, ticket: Ticket, act: str, text: str = TEXT, **more: str) -> Any:
    return client.post(page(ticket), {"act": act, "text": text, "key": f"key-{act}-{len(more)}", **more})


def asked(client: Client, ticket: Ticket, text: str = TEXT) -> Wanted:
    """A translation that the person has seen."""
    post(client, ticket, "translate", text)
    schedule.slow_worker().run_due()
    return Wanted.objects.get(message=None)


def test_a_merchant_sees_the_translation_before_anything_is_sent(
    mehmet_client: Client, ticket: Ticket, engine: Upper
) -> None:
    before = ticket.messages.count()

    first = post(mehmet_client, ticket, "translate").content.decode()
    schedule.slow_worker().run_due()
    wanted = Wanted.objects.get()
    then = post(mehmet_client, ticket, "translate", translation=wanted.public_id).content.decode()

    assert "Translating…" in first
    assert TEXT.upper() in then
    assert f'name="translation" value="{wanted.public_id}"' in then
    assert (wanted.source, wanted.target) == ("en", "de")
    assert ticket.messages.count() == before
    assert engine.asked == [("Your parcel (701) leaves tomorrow.", "en", "de")]
    assert Draft.objects.get(ticket=ticket).body == TEXT


def test_both_are_sent_and_the_customer_reads_their_own_language_first(
    mehmet_client: Client, ada_client: Client, ticket: Ticket, engine: Upper
) -> None:
    wanted = asked(mehmet_client, ticket)

    post(mehmet_client, ticket, "reply", translation=wanted.public_id)

    message = ticket.messages.latest("pk")
    seen = ada_client.get(reverse("storefront:ticket", args=[ticket.public_id])).content.decode()
    original = ada_client.get(f"{reverse('storefront:ticket', args=[ticket.public_id])}?original={message.pk}")
    assert (message.body, message.language, message.sent_in) == (TEXT, "en", "de")
    assert message.language_by == LanguageBy.PERSON
    assert TEXT.upper() in seen
    assert TEXT not in seen
    assert "Upper" in seen
    assert TEXT in original.content.decode()
    assert not Wanted.objects.exists()


def test_a_customer_writes_in_their_own_language_to_a_store_that_reads_another(
    ada_client: Client, mehmet_client: Client, mehmet_user: User, ticket: Ticket, engine: Upper
) -> None:
    mehmet_user.language = ""  # reads what the store's country reads: Turkish
    mehmet_user.save()
    url = reverse("storefront:reply", args=[ticket.public_id])
    text = "Können Sie es noch ändern?"
    ada_client.post(url, {"act": "translate", "text": text})
    schedule.slow_worker().run_due()
    wanted = Wanted.objects.get()

    shown = ada_client.post(url, {"act": "translate", "text": text, "translation": wanted.public_id})
    ada_client.post(url, {"text": text, "translation": wanted.public_id, "key": "k-1"})

    message = ticket.messages.latest("pk")
    assert text.upper() in shown.content.decode()
    assert (message.body, message.language, message.sent_in) == (text, "de", "tr")
    assert text.upper() in mehmet_client.get(page(ticket)).content.decode()


def test_support_writes_across_languages_too(sofia_client: Client, ticket: Ticket, sofia: Any, engine: Upper) -> None:
    ticket.take_over(by=sofia)
    url = f"/support/tickets/{ticket.public_id}"
    sofia_client.post(url, {"act": "translate", "text": TEXT, "voice": "reply"})
    schedule.slow_worker().run_due()
    wanted = Wanted.objects.get()

    sofia_client.post(
        url, {"act": "send", "text": TEXT, "voice": "reply", "translation": wanted.public_id, "key": "k-2"}
    )

    assert ticket.messages.latest("pk").sent_in == "de"


def test_a_text_that_changed_since_is_not_sent_with_the_old_translation(
    mehmet_client: Client, ticket: Ticket, engine: Upper
) -> None:
    wanted, before = asked(mehmet_client, ticket), ticket.messages.count()

    refused = post(mehmet_client, ticket, "reply", "Your parcel leaves on Friday.", translation=wanted.public_id)

    assert refused.status_code == 422
    assert "Your text has changed" in refused.content.decode()
    assert "Your parcel leaves on Friday." in refused.content.decode()
    assert ticket.messages.count() == before
    assert not Translation.objects.exists()


def test_left_out_it_is_not_sent(mehmet_client: Client, ticket: Ticket, engine: Upper) -> None:
    wanted = asked(mehmet_client, ticket)

    page_ = post(mehmet_client, ticket, "untranslate", translation=wanted.public_id).content.decode()
    post(mehmet_client, ticket, "reply")

    assert 'name="translation"' not in page_
    assert ticket.messages.latest("pk").sent_in == ""
    assert not Translation.objects.exists()


def test_a_double_click_sends_one_message_with_one_translation(
    mehmet_client: Client, ticket: Ticket, engine: Upper
) -> None:
    wanted, before = asked(mehmet_client, ticket), ticket.messages.count()
    post(mehmet_client, ticket, "reply", translation=wanted.public_id)

    again = post(mehmet_client, ticket, "reply", translation=wanted.public_id)

    assert again.status_code in {302, 422}
    assert ticket.messages.count() == before + 1
    assert Translation.objects.count() == 1


def test_nobody_sends_what_another_person_asked_for(mehmet_client: Client, ticket: Ticket, engine: Upper) -> None:
    wanted = asked(mehmet_client, ticket)
    Wanted.objects.update(asker="user:999")

    refused = post(mehmet_client, ticket, "reply", translation=wanted.public_id)

    assert refused.status_code == 422
    assert not Translation.objects.exists()


def test_a_failure_is_said_and_the_reply_can_be_sent_without(
    mehmet_client: Client, ticket: Ticket, engine: Upper
) -> None:
    engine.failure = Failed("quota")
    wanted = asked(mehmet_client, ticket)

    told = post(mehmet_client, ticket, "translate", translation=wanted.public_id).content.decode()
    post(mehmet_client, ticket, "reply")

    assert "as much as it may for now" in told
    assert ticket.messages.latest("pk").body == TEXT


def test_nothing_to_translate_is_said(mehmet_client: Client, ticket: Ticket, engine: Upper) -> None:
    assert "Write a message first." in post(mehmet_client, ticket, "translate", " ").content.decode()
    assert not Wanted.objects.exists()


def test_nothing_is_offered_without_an_engine_or_where_both_read_the_same(
    mehmet_client: Client, mehmet_user: User, ticket: Ticket, engine: Upper, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = mehmet_client.get(page(ticket)).content.decode()
    with monkeypatch.context() as without:
        without.setattr(engines, "current", lambda: None)
        assert 'id="also"' not in mehmet_client.get(page(ticket)).content.decode()
    with monkeypatch.context() as another:
        another.setattr(engine, "can", lambda *_: False)
        assert 'id="also"' not in mehmet_client.get(page(ticket)).content.decode()
    mehmet_user.language = "de"
    mehmet_user.save()

    assert "Send in Deutsch, too" in offered
    assert 'id="also"' not in mehmet_client.get(page(ticket)).content.decode()


def test_the_mail_has_both_too(
    mehmet_client: Client, ticket: Ticket, engine: Upper, mailoutbox: list[EmailMessage]
) -> None:
    wanted = asked(mehmet_client, ticket)
    post(mehmet_client, ticket, "reply", translation=wanted.public_id)

    schedule.worker().run_due()

    (mail,) = [one for one in mailoutbox if one.to == ["ada@example.org"]]
    assert f"> {TEXT.upper()}" in mail.body
    assert f"> {TEXT}" in mail.body
    assert mail.body.index(TEXT.upper()) < mail.body.index(f"> {TEXT}\n")
