"""The sides of a ticket, and the clock, which acts by itself when a time runs out."""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy


class Party(TextChoices):
    """Who acts (M7). `CLOCK` is never a person: no account has it."""

    CUSTOMER = "customer", pgettext_lazy("party", "Customer")
    MERCHANT = "merchant", pgettext_lazy("party", "Merchant")
    SUPPORT = "support", pgettext_lazy("party", "Support")
    CLOCK = "clock", pgettext_lazy("party", "Automatic")
