"""Reply templates: in every language, for the right tickets, filled with the ticket's names (M63-M68)."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.lib import languages
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.replies import seeding
from marketdesk.replies.choosing import lacking, preset_language, suggestions
from marketdesk.replies.composing import compose
from marketdesk.replies.filling import NAMES, PLACEHOLDER, UNKNOWN, fill, unfilled, values_of
from marketdesk.replies.models import ReplyTemplate, ReplyText
from marketdesk.tickets import issues
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.message import MAX_TEXT
from marketdesk.tickets.rules import Category

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_language_has_every_template_with_the_same_gaps(language: str) -> None:
    texts, english = seeding.shipped_texts(language), seeding.shipped_texts("en")

    assert set(texts) == set(seeding.SHIPPED)
    for code, text in texts.items():
        gaps = set(PLACEHOLDER.findall(text["body"]))
        assert gaps <= set(NAMES)
        assert gaps == set(PLACEHOLDER.findall(english[code]["body"])), code
        assert 0 < len(text["title"]) <= 60
        assert 0 < len(text["body"]) < MAX_TEXT
        assert "{" not in PLACEHOLDER.sub("", text["body"])


def test_templates_fit_categories_and_issues_that_exist() -> None:
    for category, codes in seeding.SHIPPED.values():
        assert category in {*Category, ""}
        assert all(issues.BY_CODE[code].category == category for code in codes)


def test_there_are_at_least_24_and_some_for_whatever_a_customer_asks() -> None:
    assert len(seeding.SHIPPED) >= 24
    for category in Category:
        assert sum(one in (category, "") for one, _ in seeding.SHIPPED.values()) >= 5
    for issue in issues.SHIPPED:
        fitting = [codes for category, codes in seeding.SHIPPED.values() if category == issue.category]
        assert any(issue.code in codes or not codes for codes in fitting), issue.code


def test_seeding_again_keeps_an_operators_changes() -> None:
    ReplyText.objects.filter(template__code="looking_into_it", language="de").update(title="Moment")
    ReplyText.objects.filter(template__code="looking_into_it", language="fr").delete()
    ReplyTemplate.objects.filter(code="anything_else").update(active=False)

    seeding.seed()

    assert ReplyText.objects.get(template__code="looking_into_it", language="de").title == "Moment"
    assert ReplyText.objects.filter(template__code="looking_into_it", language="fr").exists()
    assert not ReplyTemplate.objects.get(code="anything_else").active


def test_a_ticket_gets_the_templates_of_its_category_its_issues_first(ticket: Ticket, purchase: Ticket) -> None:
    for_order = [one.code for one in suggestions(ticket, "en")]
    for_purchase = [one.code for one in suggestions(purchase, "en")]

    assert for_order[:3] == ["order_preparing", "order_shipped", "delivery_delayed"]
    assert for_purchase[:3] == ["sorry_item_damaged", "ask_for_photo", "offer_replacement"]
    assert {"looking_into_it", "anything_else"} <= set(for_order) & set(for_purchase)
    assert "refund_confirmed" not in for_order


def test_an_inactive_template_is_not_offered(ticket: Ticket) -> None:
    ReplyTemplate.objects.filter(code="order_shipped").update(active=False)

    codes = [one.code for one in suggestions(ticket, "de")]

    assert "order_shipped" not in codes
    assert "delivery_delayed" in codes


@pytest.mark.parametrize(("there", "offered"), [(["tr", "en", "fr"], "en"), (["fr", "tr"], "tr"), (["fr", "it"], "fr")])
def test_a_template_missing_in_the_chosen_language_is_offered_in_another(
    ticket: Ticket, there: list[str], offered: str
) -> None:
    texts = ReplyText.objects.filter(template__code="order_preparing")
    texts.exclude(language__in=there).delete()

    one, *others = suggestions(ticket, "de", "tr")

    assert (one.code, one.language, one.is_missing) == ("order_preparing", offered, True)
    assert (one.own.language if one.own else "") == ("tr" if "tr" in there and offered != "tr" else "")
    assert {(two.language, two.is_missing) for two in others} == {("de", False)}
    assert lacking(ticket, [one, *others]) == {code: int(code not in there) for code in languages.LANGUAGES}


def test_a_template_that_nobody_has_put_into_words_is_none(ticket: Ticket) -> None:
    ReplyText.objects.filter(template__code="order_preparing").delete()

    found = suggestions(ticket, "de", "tr")

    assert "order_preparing" not in [one.code for one in found]
    assert set(lacking(ticket, found).values()) == {0}


def test_the_readers_own_words_stand_beside_those_that_are_sent(ticket: Ticket) -> None:
    foreign, same = suggestions(ticket, "de", "tr")[0], suggestions(ticket, "de", "de")[0]

    assert (foreign.language, foreign.own and foreign.own.language) == ("de", "tr")
    assert foreign.own
    assert "O-1001" in foreign.own.filled.text
    assert same.own is None


@pytest.mark.parametrize("language", ["", "xx", "d\x00e"])
def test_a_language_that_is_none_has_no_templates(ticket: Ticket, language: str) -> None:
    assert suggestions(ticket, language) == []


def test_a_template_is_filled_with_the_tickets_names(ticket: Ticket) -> None:
    filled = fill("Dear {customer}, {product} ({order}) by {carrier}: {tracking}. {store}", values_of(ticket))

    assert filled.text == "Dear Ada, Table lamp Nara (O-1001) by DHL: TR-O-1001. Anadolu Home"
    assert filled.missing == ()


def test_what_is_unknown_is_left_to_write_and_named(ask: Callable[..., Ticket]) -> None:
    question = ask("store_question", "Do you ship to Norway?")

    filled = fill("{order} {date} {order} {customer}", values_of(question))

    assert filled.text == f"{UNKNOWN} {UNKNOWN} {UNKNOWN} Ada"
    assert filled.missing == ("order", "date")


def test_a_product_question_names_its_product(ask: Callable[..., Ticket]) -> None:
    assert values_of(ask("product_question"))["product"] == "Table lamp Nara"


def test_a_name_that_looks_like_a_gap_is_not_filled_again(ticket: Ticket, ada_user: User) -> None:
    ada_user.name = "{order} {tracking}"
    ada_user.save()
    ticket.refresh_from_db()

    assert fill("Dear {customer}", values_of(ticket)).text == "Dear {order}"


def test_a_preview_marks_what_is_still_to_be_written_and_says_nothing_more(ticket: Ticket) -> None:
    filled = fill("By {date} <b>{customer}</b>: …", values_of(ticket))

    assert filled.marked == 'By <mark data-gap="date">…</mark> &lt;b&gt;Ada&lt;/b&gt;: <mark>…</mark>'
    assert html.unescape(re.sub(r"<[^>]+>", "", filled.marked)) == filled.text
    assert unfilled("By {date}, {unheard}") == "By <mark>date</mark>, <mark>unheard</mark>"


def test_many_templates_cost_no_more_queries_than_one(ticket: Ticket, django_assert_max_num_queries: Any) -> None:
    ticket = Ticket.objects.get(pk=ticket.pk)

    with django_assert_max_num_queries(6):
        assert len(suggestions(ticket, "en")) > 6


@pytest.mark.parametrize(
    ("written", "profile", "preset"),
    [("tr", "de", "tr"), ("", "de", "de"), ("", "", "de"), ("sv", "de", "en"), ("zh-hant", "", "zh-hant")],
)
def test_the_dropdown_begins_with_the_customers_language(
    ticket: Ticket, ada_user: User, written: str, profile: str, preset: str
) -> None:
    ada_user.language = profile
    ada_user.save()
    Ticket.objects.filter(pk=ticket.pk).update(language=written)

    assert preset_language(Ticket.objects.get(pk=ticket.pk)) == preset


def test_the_writers_language_stands_beside_the_customers_and_gaps_are_counted(ticket: Ticket, mehmet: Actor) -> None:
    ReplyText.objects.filter(language="ar").delete()
    ReplyText.objects.filter(language="pl", template__code="order_preparing").delete()

    lines = {one["code"]: one for one in compose(ticket, by=mehmet, own="tr").language_lines}

    assert list(lines)[:3] == ["de", "tr", "en"]
    assert set(lines) == set(languages.LANGUAGES)
    assert (lines["de"]["is_customers"], lines["tr"]["is_own"], lines["tr"]["name"]) == ("yes", "yes", "Türkçe")
    assert {code: one["lacking"] for code, one in lines.items() if one["lacking"]} == {
        "ar": f"{len(suggestions(ticket, 'en'))} missing",
        "pl": "1 missing",
    }
