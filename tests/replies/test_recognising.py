"""Which templates a reply was made of, and how often a store has sent which."""

from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.lib import languages
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.replies import counting
from marketdesk.replies.choosing import suggestions
from marketdesk.replies.models import ReplyTemplate, ReplyText, ReplyUse
from marketdesk.replies.recognising import recognise
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db
Asked = Callable[..., Ticket]
ISSUES = ("product_question", "item_problem", "order_status")


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_shipped_template_is_recognised_in_every_language(ask: Asked, language: str) -> None:
    for issue in ISSUES:
        ticket = ask(issue)
        for one in suggestions(ticket, language):
            known = recognise(f"!\n{one.text}\nMehmet", ticket, chosen=language, own="tr")

            assert known.templates == (one.template,), one.code
            assert known.language == language, one.code


def test_what_the_merchant_wrote_into_it_and_around_it_does_not_matter(ticket: Ticket) -> None:
    delay = next(one for one in suggestions(ticket, "en") if one.code == "delivery_delayed")
    text = delay.text.replace("Hi Ada", "Dear Ada").replace("…", "Friday").replace("Kind regards", "Yours")

    assert recognise(text, ticket, chosen="en", own="tr").templates == (delay.template,)


def test_two_templates_in_one_reply_are_two(ticket: Ticket) -> None:
    first, second = suggestions(ticket, "de")[:2]

    known = recognise(f"{first.text}\n\n{second.text}", ticket, chosen="de", own="tr")

    assert set(known.templates) == {first.template, second.template}


@pytest.mark.parametrize("chosen", ["de", "en", "", "xx"])
def test_own_words_are_no_template_not_even_with_its_greeting_and_signature(
    ticket: Ticket, store: Merchant, chosen: str
) -> None:
    store.name = "Anadolu Home and Garden Furnishings"
    store.save()

    known = recognise(f"Hi Ada,\n\nIt left today.\n\nKind regards,\n{store.name}", ticket, chosen=chosen, own="en")

    assert (known.language, known.templates) == ("en", ())


def test_a_template_sent_in_place_of_a_missing_one_counts_in_its_own_language(ticket: Ticket) -> None:
    ReplyText.objects.filter(template__code="order_preparing", language="pl").delete()
    one = suggestions(ticket, "pl", "tr")[0]

    known = recognise(one.text, ticket, chosen="pl", own="tr")

    assert (known.language, known.templates) == ("en", (one.template,))


def test_what_a_store_sends_most_stands_first_among_those_for_the_issue(
    ask: Asked, store: Merchant, rival: Actor, mehmet: Actor
) -> None:
    ticket, by_code = ask("order_status"), dict(ReplyTemplate.objects.values_list("code", "pk"))
    for code in ("delivery_delayed", "anything_else", "delivery_delayed", "order_shipped"):
        counting.count(store.pk, [by_code[code]])
    counting.count(rival.merchant_id or 0, [by_code["order_preparing"]] * 5)

    codes = [one.code for one in suggestions(ticket, "de", merchant=store.pk)]

    assert codes[:3] == ["delivery_delayed", "order_shipped", "order_preparing"]
    assert codes[3] == "anything_else"
    assert [one.code for one in suggestions(ticket, "de")][:2] == ["order_preparing", "order_shipped"]
    assert ReplyUse.objects.get(merchant=store, template__code="delivery_delayed").times == 2


def test_the_templates_their_uses_and_the_readers_own_words_are_one_statement(
    ticket: Ticket, django_assert_num_queries: Any
) -> None:
    ticket = Ticket.objects.for_page().get(pk=ticket.pk)

    with django_assert_num_queries(1):
        assert len(suggestions(ticket, "de", "tr", merchant=ticket.merchant_id)) > 6
