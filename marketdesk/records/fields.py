"""Fields of rows: each reads one value, or says in words why it cannot."""

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _

from marketdesk.lib import countries, languages, money

Reader = Callable[[Any], Any]
AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
# No sum of ours comes near it, and a thousand of them still fit into the database.
MOST_MINOR = 10**15
# Characters that change the direction of what stands after them, beyond their own value.
OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Bad(ValueError):
    """A value that cannot be taken: its field (empty for the whole row) and the reason, in words."""

    def __init__(self, field: str, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.line = line  # where it stands in another line than its row


@dataclass(frozen=True)
class Field:
    """A field of a row. `parts` are the fields of each entry of a list, which CSV spells `prefix` + name."""

    name: str
    read: Reader
    required: bool = False
    parts: tuple["Field", ...] = ()
    prefix: str = ""

    def columns(self) -> Iterator[str]:
        """The names that CSV knows it by."""
        if self.parts:
            yield from (self.prefix + part.name for part in self.parts)
        else:
            yield self.name


@dataclass(frozen=True)
class Row:
    """One record as it arrived: on a line of a file, or in a place of a list. `lines` says where each part of its list
    stands (items, staff), `doubts` why it cannot be taken though it could be read."""

    line: int
    values: dict[str, Any]
    lines: list[int] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Problem:
    """Why a row was refused, and where it stands."""

    line: int
    field: str
    reason: str


def read(values: dict[str, Any], fields: tuple[Field, ...], *, where: str = "") -> dict[str, Any]:
    """All values that a row gives; a field that it leaves out is left out here too. Raises Bad."""
    known = {one.name: one for one in fields}
    found = {}
    for name, value in values.items():
        if name not in known:
            raise Bad(
                where + shown(name), _("is not a known field. Known are: %(known)s") % {"known": ", ".join(known)}
            )
        one = known[name]
        try:
            found[name] = value if one.parts else one.read(value)
        except ValueError as wrong:
            raise Bad(where + name, str(wrong)) from wrong
        if one.required and found[name] in ("", None):
            raise Bad(where + name, _("must not be empty"))
    return found


def require(found: dict[str, Any], fields: tuple[Field, ...], *, where: str = "") -> None:
    """What a new record cannot do without."""
    for one in fields:
        if one.required and one.name not in found:
            raise Bad(where + one.name, _("is missing"))


def entries(value: Any) -> list[Any]:
    """A list of objects; each is read with the fields of its parts."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(_("must be a list of objects"))
    if len(value) > 1000:
        raise ValueError(_("has more than 1000 entries"))
    return value


# What a value may look like, as JSON Schema, for the programs that send it


def described(fields: tuple[Field, ...], required: tuple[str, ...]) -> dict[str, Any]:
    """An object of these fields."""
    return {
        "type": "object",
        "properties": {one.name: _shape(one) for one in fields},
        "required": list(required),
        "additionalProperties": False,
    }


def _shape(one: Field) -> dict[str, Any]:
    if one.parts:
        needed = tuple(part.name for part in one.parts if part.required)
        return {"type": "array", "maxItems": 1000, "items": described(one.parts, needed)}
    shape = _SHAPES[one.read]
    return shape if one.required else {**shape, "type": [*shape["type"], "null"]}


_SHAPES: dict[Reader, dict[str, Any]] = {}


def _shaped(read: Reader, *types: str, **more: Any) -> Reader:
    _SHAPES[read] = {"type": list(types), **more}
    return read


# Readers of single values


def text(limit: int) -> Reader:
    """Words on one line."""
    return _shaped(lambda value: plain(value, limit), "string", "integer", maxLength=limit)


def plain(value: Any, limit: int) -> str:
    """Words on one line, trimmed; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(_("must be text, in quotes"))
    found: str = value.strip()
    if not found.isprintable():
        _refuse_controls(found)
    if len(found) > limit:
        raise ValueError(
            _("has %(length)s characters; %(limit)s are possible") % {"length": len(found), "limit": limit}
        )
    return found


def _refuse_controls(found: str) -> None:
    for letter in found:
        if unicodedata.category(letter) == "Cs":
            raise ValueError(_("holds a character that is not UTF-8. Save the file as UTF-8."))
        if unicodedata.category(letter) == "Cc" or letter in OVERRIDES:
            raise ValueError(_("holds the control character U+%(code)04X") % {"code": ord(letter)})


def amount(value: Any) -> Decimal | None:
    """A sum such as 12.50; its currency stands in a field of its own."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        value = str(value)
    word = plain(value, 40)
    if not word:
        return None
    if not AMOUNT.fullmatch(word):
        raise ValueError(_("“%(value)s” is not an amount: write 12.50") % {"value": shown(word)})
    return Decimal(word)


def in_minor(value: Decimal | None, currency: str, field: str) -> int:
    """The sum in minor units. Raises Bad."""
    try:
        minor = money.to_minor(value or Decimal(0), currency)
    except ValueError:
        words = _("%(value)s has more decimal places than %(currency)s knows")
        raise Bad(field, words % {"value": value, "currency": currency}) from None
    if minor > MOST_MINOR:
        raise Bad(field, _("%(value)s is too much to be true") % {"value": value})
    return minor


def whole(value: Any) -> int | None:
    """A number of things: at least one."""
    word = plain(value, 12)
    if not word:
        return None
    if not (word.isascii() and word.isdecimal() and 1 <= int(word) <= 1_000_000):
        raise ValueError(_("“%(value)s” is not a whole number from 1 to 1000000") % {"value": shown(word)})
    return int(word)


def yes_or_no(value: Any) -> bool | None:
    """True or false, or nothing."""
    if isinstance(value, bool):
        return value
    word = plain(value, 10).lower()
    if word in ("", "true", "yes", "1", "false", "no", "0"):
        return word in ("true", "yes", "1") if word else None
    raise ValueError(_("“%(value)s” is neither true nor false") % {"value": shown(word)})


def moment(value: Any) -> datetime | None:
    """A moment with its time zone."""
    word = plain(value, 40)
    if not word:
        return None
    try:
        read = datetime.fromisoformat(word)
        if read.tzinfo is None:
            raise ValueError
        read = read.astimezone(UTC)
    except (ValueError, OverflowError):
        words = _("“%(value)s” is not a moment with its time zone: write 2026-11-18T10:00:00Z")
        raise ValueError(words % {"value": shown(word)}) from None
    if not 1990 <= read.year <= 2200:
        raise ValueError(_("“%(value)s” lies outside the years 1990 to 2200") % {"value": shown(word)})
    return read


def country(value: Any) -> str:
    """An ISO 3166 code."""
    word = plain(value, 10).upper()
    if word and not _is_country(word):
        raise ValueError(_("“%(value)s” is not a country code of ISO 3166, such as DE") % {"value": shown(word)})
    return word


def currency(value: Any) -> str:
    """An ISO 4217 code."""
    word = plain(value, 10).upper()
    if word and word not in _currencies():
        raise ValueError(_("“%(value)s” is not a currency code of ISO 4217, such as EUR") % {"value": shown(word)})
    return word


def time_zone(value: Any) -> str:
    """A name of the time zone database."""
    word = plain(value, 50)
    if word and word not in _time_zones():
        raise ValueError(_("“%(value)s” is not a time zone, such as Europe/Berlin") % {"value": shown(word)})
    return word


def one_of(*known: str) -> Reader:
    """One of some words, in any case."""

    def _read(value: Any) -> str:
        word = plain(value, 40)
        found = next((one for one in known if one.lower() == word.lower()), "")
        if word and not found:
            names = {"value": shown(word), "known": ", ".join(known)}
            raise ValueError(_("“%(value)s” is not one of: %(known)s") % names)
        return found

    return _shaped(_read, "string", enum=["", None, *known])


language = one_of(*languages.LANGUAGES)


def mail(value: Any) -> str:
    """A mail address; its case never matters."""
    word = plain(value, 254).lower()
    if word:
        try:
            validate_email(word)
        except ValidationError:
            # Not repeated: answers are kept for a while, and a person may be erased meanwhile.
            raise ValueError(_("is not a mail address")) from None
    return word


def tags(value: Any) -> list[str]:
    """Words to tell merchants apart by: a list, or in one cell with semicolons between them."""
    words = value.split(";") if isinstance(value, str) else value or []
    if not isinstance(words, list) or len(words) > 50:
        raise ValueError(_("must be a list of at most 50 words"))
    return sorted({word for one in words if (word := plain(one, 40))})


def address(limit: int, *schemes: str, local: bool = False) -> Reader:
    """A web address; `local` allows a path on this server too."""
    validate = URLValidator(schemes=list(schemes))

    def _read(value: Any) -> str:
        word = plain(value, limit)
        if not word or (local and re.fullmatch(r"/[^/\\\s][^\\\s]*", word)):
            return word
        try:
            validate(word)
        except ValidationError:
            names = {"value": shown(word), "scheme": schemes[0]}
            raise ValueError(_("“%(value)s” is not an address that begins with %(scheme)s://") % names) from None
        return word

    return _shaped(_read, "string", maxLength=limit)


def shown(value: object, most: int = 40) -> str:
    """A value from a file, fit to be printed: short, and nothing that a terminal would obey."""
    word = "".join(letter if letter.isprintable() else "?" for letter in str(value)[: most + 1])
    return word if len(word) <= most else word[: most - 1] + "…"


_shaped(tags, "array", "string", items={"type": "string", "maxLength": 40}, maxItems=50)
_shaped(amount, "string", "number", examples=["12.50"])
_shaped(whole, "integer", "string", minimum=1, maximum=1_000_000)
_shaped(yes_or_no, "boolean", "string")
_shaped(moment, "string", format="date-time")
_shaped(country, "string", examples=["DE"])
_shaped(currency, "string", examples=["EUR"])
_shaped(time_zone, "string", examples=["Europe/Berlin"])
_shaped(mail, "string", maxLength=254)

# Asked for every row, and always the same

_is_country = lru_cache(1000)(countries.is_known)
_currencies = cache(list_currencies)
_time_zones = cache(zoneinfo.available_timezones)
