"""What a program sends: query, urlencoded body and multipart body, merged.

A name may come more than once: its last value counts, and the body counts as later than the query. Names that
nobody asks for are ignored, whatever they hold. Text is never repaired: bytes that are not of their encoding are
refused.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from marketdesk.api.envelope import Refusal
from marketdesk.api.v2 import errors
from marketdesk.lib import ids

# Encodings in which ASCII is ASCII, so that names and ids can be read in any of them.
_ENCODINGS = {
    codecs.lookup(name).name
    for name in (
        *("utf-8", "ascii", "latin-1", "iso8859-15", "cp1252", "cp1251", "koi8-r"),
        *("gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
    )
}


@dataclass(frozen=True)
class _Value:
    raw: bytes
    encoding: str = "utf-8"


class Parameters:
    """The parameters of one call, by name."""

    def __init__(self, query: Mapping[str, _Value], body: Mapping[str, _Value]) -> None:
        self._query, self._body, self._all = query, body, {**query, **body}

    @classmethod
    def of(cls, request: HttpRequest) -> "Parameters":
        """Read a request. Raises Refusal where its body is no form that can be read."""
        query = _values(QueryDict(request.META.get("QUERY_STRING", ""), encoding="latin-1"))
        return cls(query, _body(request) if request.method == "POST" else {})

    def get(self, name: str) -> str:
        """A parameter as it was sent; empty where it was not."""
        value = self._all.get(name)
        if value is None:
            return ""
        try:
            return value.raw.decode(value.encoding)
        except UnicodeDecodeError:
            raise errors.bad_parameter(f"The parameter '{name}' is not {value.encoding.upper()} text") from None

    def text(self, name: str) -> str:
        """A parameter that must be there."""
        text = self.get(name)
        if not text:
            raise errors.missing(name)
        return text

    def public_id(self, name: str) -> str:
        """A parameter that must be an id."""
        text = self.text(name).strip()
        if not re.fullmatch(ids.PATTERN, text):
            raise errors.bad_id(text)
        return text

    def number(self, name: str, default: int, least: int, most: int | None = None) -> int:
        """A whole number within bounds; the default where it is absent or empty."""
        text = self.get(name).strip()
        if not text:
            return default
        bounds = f"from {least} to {most}" if most else f"of {least} or more"
        if not re.fullmatch("[0-9]{1,18}", text) or int(text) < least or (most is not None and int(text) > most):
            raise errors.bad_parameter(f"The parameter '{name}' must be a whole number {bounds}")
        return int(text)

    def mark(self, name: str) -> str:
        """A mark that we made ourselves; whatever else stands there is none."""
        return _plain(self._all.get(name))

    def token(self, name: str) -> str:
        """The token in a field of the body: an empty one is none, and one that is no text is merely unknown."""
        return _plain(self._body.get(name))

    def query_token(self, name: str) -> str:
        """The same of the query."""
        return _plain(self._query.get(name))


def _plain(value: _Value | None) -> str:
    return value.raw.decode("utf-8", "replace").strip() if value else ""


def _values(fields: QueryDict, encoding: str = "utf-8") -> dict[str, _Value]:
    """The last value of each name. The fields were read as latin-1, which keeps every byte."""
    return {name: _Value(str(fields[name]).encode("latin-1", "replace"), encoding) for name in fields}


def _body(request: HttpRequest) -> dict[str, _Value]:
    raw = request.body
    if request.content_type == "multipart/form-data":
        return _values(_multipart(request, raw), _encoding(request))
    if request.content_type in {"application/x-www-form-urlencoded", ""}:
        return _values(QueryDict(raw, encoding="latin-1"), _encoding(request))
    return {}


def _multipart(request: HttpRequest, raw: bytes) -> QueryDict:
    """The fields of a multipart body. Files are read over: no call takes one."""
    try:
        fields, _files = MultiPartParser(request.META, BytesIO(raw), [], "latin-1").parse()
    except (MultiPartParserError, ValueError, LookupError) as broken:
        raise Refusal(errors.BAD_PARAMETER, "The multipart body could not be read") from broken
    return fields


def _encoding(request: HttpRequest) -> str:
    named = (request.content_params or {}).get("charset", "utf-8")
    try:
        encoding = codecs.lookup(named).name
    except (LookupError, ValueError):
        encoding = ""
    if encoding not in _ENCODINGS:
        raise errors.bad_parameter(f"The encoding {named[:50]} is not known here: send UTF-8")
    return encoding
