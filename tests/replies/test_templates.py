"""Reply templates: in every language, for the right tickets, filled with the ticket's names (M63-M68)."""

from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.lib import languages
from marketdesk.people.models import User
from marketdesk.replies import seeding
from marketdesk.replies.choosing import offered_languages, preset_language, suggestions
from marketdesk.replies.filling import PLACEHOLDER, UNKNOWN, fill, values_of
from marketdesk.replies.models import ReplyTemplate, ReplyText
from marketdesk.tickets import issues
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.message import MAX_TEXT
from marketdesk.tickets.rules import Category

pytestmark = pytest.mark.django_db
KNOWN = {"customer", "store", "order", "product", "tracking", "carrier", "date"}


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_language_has_every_template_with_the_same_gaps(language: str) -> None:
    texts, english = seeding.shipped_texts(language), seeding.shipped_texts("en")

    assert set(texts) == set(seeding.SHIPPED)
    for code, text in texts.items():
        gaps = set(PLACEHOLDER.findall(text["body"]))
        assert gaps <= KNOWN
        assert gaps == set(PLACEHOLDER.findall(english[code]["body"])), code
        assert 0 < len(text["title"]) <= 60
        assert 0 < len(text["body"]) < MAX_TEXT
        assert "{" not in PLACEHOLDER.sub("", text["body"])


def test_templates_fit_categories_and_issues_that_exist() -> None:
    for category, codes in seeding.SHIPPED.values():
        assert category in {*Category, ""}
        assert all(issues.BY_CODE[code].category == category for code in codes)


def test_there_are_at_least_twelve_for_the_merchants_of_each_day() -> None:
    assert len(seeding.SHIPPED) >= 12
    for category in Category:
        assert sum(one in (category, "") for one, _ in seeding.SHIPPED.values()) >= 5


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


def test_an_inactive_template_and_a_missing_language_are_not_offered(ticket: Ticket) -> None:
    ReplyTemplate.objects.filter(code="order_shipped").update(active=False)
    ReplyText.objects.filter(template__code="order_preparing", language="de").delete()

    codes = [one.code for one in suggestions(ticket, "de")]

    assert not {"order_shipped", "order_preparing"} & set(codes)
    assert "delivery_delayed" in codes


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


def test_languages_are_offered_in_their_own_words_where_there_are_templates() -> None:
    ReplyText.objects.filter(language="ar").delete()

    offered = offered_languages()

    assert offered["tr"] == "Türkçe"
    assert "ar" not in offered
    assert list(offered) == [code for code in languages.LANGUAGES if code != "ar"]
