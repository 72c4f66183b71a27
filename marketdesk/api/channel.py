"""What the server answers by itself (a header too large, a request without sense) leaves in the envelope too: a
client takes anything else for success. The server does not always know whose request it was, so everybody gets it, and
beside it the problem that the Platform API's clients read. A person who sends too much to a page gets a page."""

import io
import json
import logging
import secrets

from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from marketdesk.api.envelope import Refusal
from marketdesk.api.middleware import is_for_programs, marked
from marketdesk.api.platform.problems import Problem

log = logging.getLogger(__name__)

TOO_LARGE = 413
LOOKS_ONLY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"


class EnvelopedError(ErrorTask):  # type: ignore[misc]
    """A refusal of the server's own."""

    def execute(self) -> None:
        path = getattr(self.request, "path", "")
        is_page = self.request.error.code == TOO_LARGE and path and not is_for_programs(path)
        response = self._page(path) if is_page else self._envelope()
        marked(response, secrets.token_hex(12))
        self.status = f"{response.status_code} {response.reason_phrase}"
        self.response_headers.extend(response.items())
        self.set_close_on_finish()
        self.content_length = len(response.content)
        self.write(response.content)

    def _envelope(self) -> HttpResponse:
        error = self.request.error
        code = 1000 if error.code == 400 else error.code
        words = f"{error.reason}."
        response = Refusal(code, words, status=error.code).response()
        problem = Problem(error.code, "unreadable" if error.code < 500 else "failed", words).response()
        response.content = json.dumps(json.loads(response.content) | json.loads(problem.content))
        return response

    def _page(self, path: str) -> HttpResponse:
        """What a person reads, in the language of their browser."""
        told = {f"HTTP_{name}": self.request.headers.get(name, "") for name in ("COOKIE", "ACCEPT_LANGUAGE")}
        request = WSGIRequest({"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.input": io.BytesIO(), **told})
        try:
            close_old_connections()
            with translation.override(translation.get_language_from_request(request)):
                response = render(request, "413.html", status=TOO_LARGE)
        except Exception:
            log.exception("the page that says that a request is too large could not be drawn")
            return self._envelope()
        response.headers["Content-Security-Policy"] = LOOKS_ONLY
        return response


class WholeAnswer(WSGITask):  # type: ignore[misc]
    """An answer that is there as a whole: its head and its words are sent together, not one after the other."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        is_whole = not self.wrote_header and self.complete and self.has_body and len(data) == self.content_length
        if not is_whole:
            super().write(data)
            return
        self.wrote_header, self.content_bytes_written = True, len(data)
        self.channel.write_soon(self.build_response_header() + data)


class EnvelopedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose every answer a program can read."""

    task_class = WholeAnswer
    error_task_class = EnvelopedError
