"""The promises as fields of a form, each by its type: how it is shown, how it is read, what differs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as attribute
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from marketdesk.lib import countries, money
from marketdesk.policy.defaults import HEADINGS, Policy
from marketdesk.policy.promises import Step

KINDS: dict[Any, str] = {
    int: "number",
    int | None: "number",
    bool: "choice",
    list[int]: "numbers",
    dict[str, int]: "sums",
}
NEW_SUMS = 3  # empty rows for currencies that are not in the table yet


@dataclass(frozen=True)
class PromiseField:
    """A promise on the page."""

    name: str
    kind: str
    meaning: str
    least: int
    most: int
    can_be_empty: bool
    value: Any
    now: str
    default: str
    steps: Sequence[tuple[Step, list[tuple[str, str]]]] = ()
    errors: Sequence[str] = ()

    @property
    def text(self) -> str:
        """What stands in an input."""
        if isinstance(self.value, list):
            return ", ".join(str(one) for one in self.value)
        return "" if self.value is None else str(self.value)

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Value, words, chosen."""
        if self.kind == "countries":
            return [(code, name, code in self.value) for code, name in countries.by_name()]
        words = _choices(self.name)
        return [(code, label, code == _code(self.value)) for code, label in words.items()]

    @property
    def sums(self) -> list[tuple[str, str, str]]:
        """Currency, amount in its own digits, and the step between two amounts; at the end empty rows."""
        rows = [(code, amount(sum_, code), str(money.to_decimal(1, code))) for code, sum_ in self.value.items()]
        return rows + [("", "", "any")] * NEW_SUMS


@dataclass
class Heading:
    """A few promises that belong together."""

    words: str
    fields: list[PromiseField] = attribute(default_factory=list)


def headings(
    values: Mapping[str, Any], now: Policy, history: Sequence[Step], errors: Mapping[str, Sequence[str]]
) -> list[Heading]:
    """Every promise under its heading, with these values in its fields, the latest change first."""
    found: list[Heading] = []
    for one in fields(Policy):
        if one.name in HEADINGS or not found:
            found.append(Heading(_(HEADINGS.get(one.name, ""))))
        least, most = one.metadata["bounds"]
        steps = [step for step in reversed(history) if one.name in step.before]
        found[-1].fields.append(
            PromiseField(
                name=one.name,
                kind=_kind(one.name),
                meaning=_(one.metadata["meaning"]),
                least=least,
                most=most,
                can_be_empty=one.type == int | None,
                value=values[one.name],
                now=shown(one.name, getattr(now, one.name)),
                default=shown(one.name, getattr(Policy(), one.name)),
                steps=[(step, pairs(one.name, step.before[one.name], step.change.values[one.name])) for step in steps],
                errors=errors.get(one.name, ()),
            )
        )
    return found


def read(sent: QueryDict) -> dict[str, Any]:
    """What a form says of every promise, as the policy keeps it. What is none of its type stays as it was typed, and
    `promises.problems` says so."""
    readers = {
        "number": _read_number,
        "numbers": _read_numbers,
        "sums": _read_sums,
        "countries": _read_several,
        "origins": _read_origins,
    }
    return {one.name: readers.get(_kind(one.name), _read_text)(one.name, sent) for one in fields(Policy)}


def changes(drawn: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What a person changed of what their page had shown; countries stand in no order."""
    several = {name for name in typed if _kind(name) == "countries"}
    return {
        name: value
        for name, value in typed.items()
        if (set(value) != set(drawn[name]) if name in several else value != drawn[name])
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Of each promise in `after`: its name, its meaning and what differs, before and after."""
    return [
        (one.name, _(one.metadata["meaning"]), pairs(one.name, before[one.name], after[one.name]))
        for one in fields(Policy)
        if one.name in after
    ]


def meaning(name: str) -> str:
    """What a promise means; nothing for another field of the form."""
    return next((_(one.metadata["meaning"]) for one in fields(Policy) if one.name == name), "")


def pairs(name: str, before: Any, after: Any) -> list[tuple[str, str]]:
    """Before and after in words; of a long list only what differs."""
    if _kind(name) == "countries":
        gone, new = [one for one in before if one not in after], [one for one in after if one not in before]
        return [(_with_sign("−", gone), _with_sign("+", new))]
    if _kind(name) == "sums":
        codes = [code for code in {**before, **after} if before.get(code) != after.get(code)]
        return [(_sum(before.get(code), code), _sum(after.get(code), code)) for code in codes]
    return [(shown(name, before), shown(name, after))]


def shown(name: str, value: Any) -> str:
    """A value in words."""
    if value is None or value in ("", [], {}):
        return _("empty")
    match _kind(name):
        case "countries":
            return ", ".join(sorted(countries.name(code) for code in value))
        case "sums":
            return ", ".join(_sum(sum_, code) for code, sum_ in value.items())
        case "choice":
            return _choices(name).get(_code(value), str(value))
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _kind(name: str) -> str:
    one = next(one for one in fields(Policy) if one.name == name)
    type_: Any = one.type
    return str(one.metadata["of"] or ("choice" if one.metadata["choices"] else KINDS.get(type_, "text")))


def _choices(name: str) -> dict[str, str]:
    one = next(one for one in fields(Policy) if one.name == name)
    if one.type is bool:
        return {"yes": _("Yes"), "no": _("No")}
    return {code: _(words) for code, words in one.metadata["choices"].items()}


def _code(value: Any) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _with_sign(sign: str, codes: Sequence[str]) -> str:
    return ", ".join(f"{sign} {countries.name(code)}" for code in codes) or "–"


def _sum(sum_: int | None, currency: str) -> str:
    return "–" if sum_ is None else money.show(sum_, currency)


def amount(sum_: Any, currency: str) -> str:
    """12.50, as a number field wants it; what was typed and is no amount stays."""
    return str(money.to_decimal(sum_, currency)) if isinstance(sum_, int) else str(sum_)


def _read_text(name: str, sent: QueryDict) -> Any:
    text = sent.get(name, "").replace("\0", "").strip()
    if _kind(name) == "choice":
        return {"yes": True, "no": False}.get(text, text)
    return text


def _read_number(name: str, sent: QueryDict) -> Any:
    text = sent.get(name, "").replace("\0", "").strip()
    return _whole(text) if text else None


def _read_numbers(name: str, sent: QueryDict) -> list[Any]:
    return [_whole(one) for one in _words(name, sent)]


def _read_origins(name: str, sent: QueryDict) -> list[str]:
    """As a browser writes them: in small letters, without a stroke at the end."""
    return [one.lower().rstrip("/") for one in _words(name, sent)]


def _words(name: str, sent: QueryDict) -> list[str]:
    return [one for one in re.split(r"[\s,;،、，]+", sent.get(name, "").replace("\0", "")) if one]


def _read_several(name: str, sent: QueryDict) -> list[str]:
    return sorted({one.replace("\0", "") for one in sent.getlist(name)})


def _read_sums(name: str, sent: QueryDict) -> dict[str, Any]:
    """Rows of a currency and an amount; a row without an amount is left out."""
    rows = zip(sent.getlist(f"{name}-currency"), sent.getlist(f"{name}-amount"), strict=False)
    sums = {}
    for currency, typed in rows:
        code, text = currency.replace("\0", "").strip().upper(), typed.replace("\0", "").strip()
        if text:
            sums[code] = minor(text, code)
    return sums


def _whole(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def minor(text: str, currency: str) -> Any:
    """A typed amount in minor units; what is none stays as it was typed."""
    try:
        return money.to_minor(Decimal(text), currency)
    except (ValueError, InvalidOperation):
        return text
