"""The envelope: every answer under /api/ is one line of JSON that says a code, a message and the data."""

import json
from typing import Any

from django.http import HttpResponse

Json = Any


class Refusal(Exception):
    """Raised wherever a call cannot be answered; becomes the envelope with its code and HTTP status.

    Where the wire format names no code of its own, the code is the HTTP status.
    """

    def __init__(
        self, code: int, message: str, *, status: int = 400, data: Json = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.headers = code, status, headers or {}
        self.data: Json = {} if data is None else data

    def response(self) -> HttpResponse:
        said = {"message": str(self), "code": self.code, "data": self.data}
        return _response(written(said), self.status, self.headers)


def success(data: Json, paging: dict[str, str] | None = None) -> HttpResponse:
    """Code 0. `paging` is for lists; it stands there only when there is a page to name."""
    return told(written(data), paging)


def told(data: str, paging: dict[str, str] | None = None) -> HttpResponse:
    """The same, of data that is written already."""
    beside = f',"paging":{written(paging)}' if paging else ""
    return _response(f'{{"message":"","code":0,"data":{data}{beside}}}', 200, {})


def body(data: Json) -> dict[str, Json]:
    """The envelope of a success."""
    return {"message": "", "code": 0, "data": data}


def written(said: Json) -> str:
    """As it goes over the wire."""
    # ASCII with \u escapes is UTF-8 and one line for every client, those that guess an encoding included.
    return json.dumps(said, separators=(",", ":"))


def _response(text: str, status: int, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="application/json; charset=utf-8", headers=headers)
