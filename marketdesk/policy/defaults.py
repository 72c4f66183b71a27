"""Every number of the business, once, with its meaning and its source."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from marketdesk.lib.countries import EUROPE


def _promise(
    default: Any,
    meaning: str,
    source: str,
    *,
    bounds: tuple[int, int] = (1, 1000),
    choices: dict[str, str] | None = None,
    of: str = "",
) -> Any:
    """A field of the policy: its default, its meaning in words, the requirement it comes from, between which numbers
    it may lie if it is one (or its length, if it is words), the values to choose from, and what a list holds
    (`countries`, `origins`)."""
    meta = {"meaning": meaning, "source": source, "bounds": bounds, "choices": choices or {}, "of": of}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class Policy:
    """What the operator promises. Read through `promises.current()`, changed through `promises.change()`."""

    platform_name: str = _promise(
        "the platform",
        _("The marketplace's name on every page and in every mail."),
        "requirements, preface",
        bounds=(1, 100),
    )
    refund_help_url: str = _promise(
        "", _("Where the marketplace explains refunds; empty shows no link."), "M31, D30", bounds=(0, 300)
    )
    frame_ancestors: list[str] = _promise(
        [],
        _("Sites that may show the customers' pages inside their own; empty: none."),
        "our choice",
        of="origins",
    )

    reply_hours: int = _promise(48, _("Hours a merchant has for each answer."), "M44, D1, D2")
    platform_reply_hours: int = _promise(
        48, _("Hours within which platform support means to answer, as customers are told."), "our choice"
    )
    reminder_hours: list[int] = _promise([24, 6], _("Hours left when the merchant is reminded by mail."), "D29")
    takeover: str = _promise(
        "automatic",
        _("Whether an overdue Post Purchase ticket goes to platform support."),
        "M48, D14",
        choices={
            "automatic": _("It goes by itself"),
            "offer": _("The customer is asked"),
            "never": _("It stays with the merchant"),
        },
    )
    refund_answer_hours: int = _promise(
        72,
        _("Hours after which a refund that the marketplace has not answered is told again, to it and to support."),
        "D17",
    )

    silence_reminder_days: int = _promise(4, _("Days of silence after which the customer is reminded."), "D20")
    silence_close_days: int = _promise(7, _("Days of silence after which the ticket is closed."), "D20")
    reopen_days: int = _promise(30, _("Days within which a closed ticket can be re-opened."), "D16")
    rating_days: int = _promise(7, _("Days within which a customer can change a rating."), "D5")
    link_days: int = _promise(
        120,
        _("Days for which the link in a mail to a customer opens its ticket; mails that were sent keep theirs."),
        "our choice",
    )

    invitation_days: int = _promise(
        7, _("Days within which an invitation to a team can be accepted."), "our choice", bounds=(1, 90)
    )
    second_factor: str = _promise(
        "nobody",
        _("Who must turn on the two-step sign-in, or add a passkey, before any other page."),
        "our choice",
        choices={
            "nobody": _("Nobody, but administrators for the policy and the team"),
            "support": _("Platform support"),
            "everybody": _("Platform support and merchants"),
        },
    )

    direct_countries: list[str] = _promise(
        EUROPE,
        _("Countries whose customers' questions go straight to the merchant."),
        "M20-M22, D9",
        of="countries",
    )
    # In minor units (cents)
    high_value: dict[str, int] = _promise(
        {
            "EUR": 10000,
            "USD": 11000,
            "GBP": 8500,
            "CHF": 9500,
            "PLN": 43000,
            "SEK": 115000,
            "NOK": 117000,
            "DKK": 74600,
            "CZK": 250000,
            "HUF": 4000000,
            "RON": 49700,
            "TRY": 400000,
            "BRL": 60000,
            "MXN": 200000,
            "CAD": 15000,
            "VND": 2700000,
            "TWD": 350000,
            "SAR": 41000,
            "AED": 40000,
        },
        _("Order totals from which a Post Purchase ticket goes to the merchant, by currency."),
        "M27, D11",
    )
    opens_after: int | None = _promise(
        120,
        _(
            "Days after the refund window before which order questions are taken by platform support; "
            "empty: no such wait."
        ),
        "M30, D12",
        bounds=(0, 3650),
    )
    closes_after: int | None = _promise(
        None,
        _("Days after the refund window from which order questions are taken by platform support; empty: never."),
        "M30, D12",
        bounds=(0, 3650),
    )
    refund_window_days: int = _promise(30, _("Days after delivery in which an order can be refunded."), "D13")

    figures_days: int = _promise(
        30, _("Days that the late response rate and CSAT look back."), "D4, D5", bounds=(1, 366)
    )
    figures_sample: int = _promise(5, _("Answers or ratings below which no rate is shown."), "D4, D5")
    late_normal: int = _promise(
        5, _("Percent of late answers below which a rate is normal."), "M88, D6", bounds=(0, 100)
    )
    late_severe: int = _promise(45, _("Percent of late answers above which it is severe."), "M89, D6", bounds=(0, 100))
    csat_normal: int = _promise(
        85, _("Percent of helpful ratings above which CSAT is normal."), "M91, D6", bounds=(0, 100)
    )
    csat_severe: int = _promise(
        60, _("Percent of helpful ratings below which it is severe."), "M92, D6", bounds=(0, 100)
    )
    warning_waits: int = _promise(3, _("Late answers within the figures' days that lead to a warning."), "M45, D7")
    warning_pause_days: int = _promise(7, _("Days between two warnings."), "D7")
    penalty_warnings: int = _promise(3, _("Warnings that lead to a penalty notice."), "M46, D7")
    penalty_days: int = _promise(90, _("Days within which those warnings count."), "D7")
    contest_days: int = _promise(
        14, _("Days within which a merchant can contest a late mark, a rating or a notice."), "our choice"
    )
    customer_ratings: int = _promise(
        3, _("Ratings of one customer that count for the same merchant within the figures' days."), "our choice"
    )
    hearing_days: int = _promise(5, _("Days that a merchant has to answer before a sanction is decided."), "D8")
    sanction_days: int = _promise(30, _("Days after which a sanction ends, unless it ended earlier."), "D8")
    sanction_pause_days: int = _promise(
        30, _("Days after a sanction was declined or ended before the same is proposed again."), "our choice"
    )
    blocks_impressions: bool = _promise(False, _("A severe rate blocks impressions without a decision."), "D8")

    program_calls: int = _promise(
        6000,
        _("Calls that one program of a merchant may make within a minute; 0: no limit."),
        "our choice",
        bounds=(0, 1_000_000),
    )
    merchant_calls: int = _promise(
        12_000,
        _("Calls that all programs of a merchant together may make within a minute; 0: no limit."),
        "our choice",
        bounds=(0, 1_000_000),
    )
    unknown_tokens: int = _promise(
        60,
        _("Calls with an unknown token that one address may make within a minute; 0: no limit."),
        "our choice",
        bounds=(0, 1_000_000),
    )
    waiting_jobs: int = _promise(
        100_000,
        _("Jobs that may wait before the marketplace's programs are asked to bring more later; 0: no limit."),
        "our choice",
        bounds=(0, 10_000_000),
    )


# What stands under which heading: each begins with the promise named here and ends where the next one begins.
HEADINGS = {
    "platform_name": _("The marketplace"),
    "reply_hours": _("Time to answer"),
    "silence_reminder_days": _("Silence, re-opening and rating"),
    "invitation_days": _("Teams and signing in"),
    "direct_countries": _("Who answers first"),
    "figures_days": _("Figures, warnings and penalties"),
    "program_calls": _("Calls of programs"),
}
