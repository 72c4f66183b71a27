"""Which sections the Guide has, in the order in which a merchant meets their questions."""

from django.utils.translation import gettext_noop as _

GROUPS: dict[str, tuple[str, ...]] = {
    _("Tickets and time"): ("tickets", "categories", "time-left"),
    _("Answering customers"): ("answering", "templates", "languages"),
    _("Refunds, appeals and what comes after"): ("refunds", "appeal", "awaiting-and-closed"),
    _("How you are judged"): ("figures", "notices", "contests"),
    _("People and programs"): ("team", "apps"),
}
SLUGS = tuple(slug for slugs in GROUPS.values() for slug in slugs)


def neighbours(slug: str) -> tuple[str, str]:
    """The sections before and after one; empty where there is none."""
    place = SLUGS.index(slug)
    return SLUGS[place - 1] if place else "", SLUGS[place + 1] if place + 1 < len(SLUGS) else ""
