"""The templates that the product ships, written into an installation that lacks them; an operator's changes stay."""

import tomllib
from pathlib import Path

from marketdesk.lib import languages
from marketdesk.replies.models import ReplyTemplate, ReplyText
from marketdesk.tickets.rules import Category

FOLDER = Path(__file__).parent / "templates"

# code -> (category, the issues that it fits; none means all of the category), in the order of the buttons.
SHIPPED: dict[str, tuple[str, list[str]]] = {
    "product_details": (Category.PRE_PURCHASE, ["product_question"]),
    "product_availability": (Category.PRE_PURCHASE, ["product_question"]),
    "delivery_estimate": (Category.PRE_PURCHASE, []),
    "store_general": (Category.PRE_PURCHASE, ["store_question"]),
    "need_more_details": (Category.PRE_PURCHASE, []),
    "sorry_item_damaged": (Category.POST_PURCHASE, ["item_problem"]),
    "ask_for_photo": (Category.POST_PURCHASE, ["item_problem"]),
    "offer_replacement": (Category.POST_PURCHASE, ["item_problem"]),
    "refund_confirmed": (Category.POST_PURCHASE, []),
    "refund_timing": (Category.POST_PURCHASE, []),
    "return_instructions": (Category.POST_PURCHASE, ["return_or_refund"]),
    "return_received": (Category.POST_PURCHASE, ["return_or_refund"]),
    "missing_item_sent": (Category.POST_PURCHASE, ["item_problem"]),
    "wrong_item_sorry": (Category.POST_PURCHASE, ["item_problem"]),
    "order_preparing": (Category.POST_CUSTOMER_SUPPORT, ["order_status", "tracking"]),
    "order_shipped": (Category.POST_CUSTOMER_SUPPORT, ["order_status", "tracking"]),
    "delivery_delayed": (Category.POST_CUSTOMER_SUPPORT, ["order_status", "tracking"]),
    "product_changed": (Category.POST_CUSTOMER_SUPPORT, ["change_product"]),
    "product_change_not_possible": (Category.POST_CUSTOMER_SUPPORT, ["change_product"]),
    "item_removed": (Category.POST_CUSTOMER_SUPPORT, ["remove_item"]),
    "item_removal_not_possible": (Category.POST_CUSTOMER_SUPPORT, ["remove_item"]),
    "address_changed": (Category.POST_CUSTOMER_SUPPORT, ["change_address"]),
    "address_change_not_possible": (Category.POST_CUSTOMER_SUPPORT, ["change_address"]),
    "looking_into_it": ("", []),
    "anything_else": ("", []),
}


def seed() -> None:
    """Write every shipped template and language that is missing."""
    ReplyTemplate.objects.bulk_create(
        [
            ReplyTemplate(code=code, category=category, issues=issues, position=position)
            for position, (code, (category, issues)) in enumerate(SHIPPED.items())
        ],
        ignore_conflicts=True,
    )
    templates = {template.code: template for template in ReplyTemplate.objects.filter(code__in=SHIPPED)}
    texts = [
        ReplyText(template=templates[code], language=language, title=text["title"], body=text["body"].strip())
        for language in languages.LANGUAGES
        for code, text in shipped_texts(language).items()
    ]
    ReplyText.objects.bulk_create(texts, ignore_conflicts=True)


def shipped_texts(language: str) -> dict[str, dict[str, str]]:
    """A language's shipped texts: `title` and `body` by template code."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
