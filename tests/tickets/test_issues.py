"""Issues: the shipped ones of the article, and an operator's own."""

import pytest
from django.utils import translation

from marketdesk.tickets import issues
from marketdesk.tickets.models import Issue
from marketdesk.tickets.rules import Category

pytestmark = pytest.mark.django_db


def test_the_articles_issues_are_there_in_their_categories() -> None:
    by_category = {
        category: set(Issue.objects.filter(category=category).values_list("code", flat=True)) for category in Category
    }

    assert by_category == {
        Category.PRE_PURCHASE: {"product_question", "store_question"},
        Category.POST_PURCHASE: {"return_or_refund", "item_problem"},
        Category.POST_CUSTOMER_SUPPORT: {
            "change_product",
            "remove_item",
            "change_address",
            "order_status",
            "tracking",
        },
    }


def test_seeding_again_keeps_an_operators_changes() -> None:
    Issue.objects.filter(pk="tracking").update(labels={"en": "Where is it?"}, active=False)
    Issue.objects.filter(pk="order_status").delete()

    Issue.seed()

    assert Issue.objects.count() == len(issues.SHIPPED)
    assert Issue.objects.get(pk="tracking").label == "Where is it?"
    assert not Issue.objects.get(pk="tracking").active


def test_an_operators_words_are_said_in_the_readers_language() -> None:
    issue = Issue(code="gift", category="pre_purchase", labels={"en": "Gift", "de": "Geschenk"}, v2_label="Gift Wrap")

    with translation.override("de"):
        assert str(issue) == issue.asked == "Geschenk"
    with translation.override("fr"):
        assert issue.label == "Gift"
    issue.labels = {}
    assert issue.label == "Gift Wrap"


def test_labels_for_the_wire_are_never_translated() -> None:
    for shipped in issues.SHIPPED:
        assert shipped.v2_label.isascii()
        assert str(shipped.label)
        assert str(shipped.asked)
