"""The web application."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.wsgi import get_wsgi_application

from marketdesk.api.middleware import guarded, is_for_programs
from marketdesk.watched import watched


def read_in_utf8(application: WSGIApplication) -> WSGIApplication:
    """Pages are sent and read in UTF-8, whatever encoding a request claims: Django would decode its address and its
    fields with any codec that Python knows, and stumble over most, or over the half characters that some yield."""

    def read(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not is_for_programs(str(environ.get("PATH_INFO", ""))):
            kind, *claims = str(environ.get("CONTENT_TYPE", "")).split(";")
            boundary = [claim for claim in claims if claim.strip().lower().startswith("boundary=")]
            environ["CONTENT_TYPE"] = ";".join([kind, *boundary])
        return application(environ, start_response)

    return read


def without_body_on_head(application: WSGIApplication) -> WSGIApplication:
    """HEAD is answered with headers alone, which the server leaves to us. On a connection that stays open, whatever
    came behind them would be taken for the next answer."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = application(environ, start_response)
        if environ.get("REQUEST_METHOD") != "HEAD":
            return body
        if hasattr(body, "close"):
            body.close()
        return []

    return answer


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketdesk.settings")
application = watched(without_body_on_head(guarded(read_in_utf8(get_wsgi_application()))))
