"""The issues that a customer can have, and the category each falls into (M9-M19)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketdesk.tickets.rules import Category


@dataclass(frozen=True)
class ShippedIssue:
    """An issue as the product ships it. `label` is the merchant's word, `asked` the customer's own, `v2_label` the
    wire's (English, never translated)."""

    code: str
    category: Category
    label: Promise
    asked: Promise
    v2_label: str


SHIPPED: tuple[ShippedIssue, ...] = (
    ShippedIssue(
        "product_question",
        Category.PRE_PURCHASE,
        _("Question about a product"),
        _("I have a question about this product"),
        "Product Question",
    ),
    ShippedIssue(
        "store_question",
        Category.PRE_PURCHASE,
        _("Question about the store"),
        _("I have a question for this store"),
        "Store Question",
    ),
    ShippedIssue(
        "return_or_refund",
        Category.POST_PURCHASE,
        _("Return or refund"),
        _("I want to return something or get my money back"),
        "Return or Exchange",
    ),
    ShippedIssue(
        "item_problem",
        Category.POST_PURCHASE,
        _("Defective, damaged or missing item"),
        _("Something is broken, damaged or missing"),
        "Defective, Damaged or Missing Item",
    ),
    ShippedIssue(
        "change_product",
        Category.POST_CUSTOMER_SUPPORT,
        _("Change a product"),
        _("I want another size or colour"),
        "Change Product",
    ),
    ShippedIssue(
        "remove_item",
        Category.POST_CUSTOMER_SUPPORT,
        _("Remove an item"),
        _("I want to remove something from my order"),
        "Remove Item from Order",
    ),
    ShippedIssue(
        "change_address",
        Category.POST_CUSTOMER_SUPPORT,
        _("Change the address"),
        _("I want it sent to another address"),
        "Change Shipping Address",
    ),
    ShippedIssue(
        "order_status",
        Category.POST_CUSTOMER_SUPPORT,
        _("Order status"),
        _("I want to know how my order is doing"),
        "Order Status",
    ),
    ShippedIssue(
        "tracking",
        Category.POST_CUSTOMER_SUPPORT,
        _("Tracking and shipping"),
        _("I have a question about shipping or tracking"),
        "Shipping Status or ETA Inquiry",
    ),
)
BY_CODE = {issue.code: issue for issue in SHIPPED}
# Goods or money go back; what cannot be asked without saying which item is meant.
RETURNS = "return_or_refund"
OF_ITEMS = {"change_product", "remove_item"}


def needs_items(code: str, category: str) -> bool:
    """Whether such a question says which items it is about; elsewhere none means the whole order."""
    return category == Category.POST_PURCHASE or code in OF_ITEMS
