"""The public name of everything that the outside sees: 24 hexadecimal digits, random. And the numbers of rows, where
only those who may see them anyway read one in an address or a form."""

import secrets
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.urls import register_converter

LENGTH = 24
PATTERN = r"[0-9a-f]{24}"


def new_public_id() -> str:
    """A fresh public id; 96 random bits, so nobody guesses another's."""
    return secrets.token_hex(LENGTH // 2)


def row_number(text: str | None) -> int:
    """The number of a row as an address or a form says it. What is none is -1, which no row has; longer ones no
    database takes."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else -1


class PublicIdField(models.CharField):  # type: ignore[type-arg]  # only the stubs' field is generic
    """A unique random id for the outside; the row number stays inside."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"max_length": LENGTH, "unique": True, "default": new_public_id, "editable": False}
        kwargs["validators"] = [RegexValidator(f"^{PATTERN}$")]
        super().__init__(**kwargs)


class PublicIdConverter:
    """`<id:public_id>` in a URL pattern."""

    regex = PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


# Here, where every model comes by: before any URL table is read, and once.
register_converter(PublicIdConverter, "id")
