"""Programs' requests are answered before the pages' middleware runs: no session, no CSRF, no templates, and the
envelope (or the Platform API's problem) on every answer whatever fails."""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, URLResolver, get_resolver
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from marketdesk.api import limits
from marketdesk.api.envelope import Refusal
from marketdesk.api.platform import problems
from marketdesk.api.platform.problems import Problem
from marketdesk.api.v2 import quick
from marketdesk.api.v3 import errors
from marketdesk.tickets.errors import FilesAway

log = logging.getLogger(__name__)

URLCONF = "marketdesk.api.urls"
DOCUMENTATION = "/api/docs"  # pages for people
V3 = "/api/v3/"
# Seconds after which a program may try again when the database was away.
RETRY_AFTER = 5


class ProgramsFirst:
    """Sends `/api/` and `/platform/` to the programs' door, everything else and the documentation on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return answer(request) if is_for_programs(request.path_info) else self.get_response(request)


def is_for_programs(path: str) -> bool:
    if path == DOCUMENTATION or path.startswith(f"{DOCUMENTATION}/"):
        return False
    return path == "/api" or path.startswith("/api/") or is_for_platform(path)


def is_for_platform(path: str) -> bool:
    """Whether it is the marketplace's own program, which reads problems instead of the envelope."""
    return path == "/platform" or path.startswith("/platform/")


def routes() -> URLResolver:
    """The door's own URL table; the tenancy test walks it."""
    return get_resolver(URLCONF)


def answer(request: HttpRequest) -> HttpResponseBase:
    """Answer a program, with the envelope on whatever goes wrong; in English, but API v3 in the language asked for."""
    number, path = _number(request.META), request.path_info
    with translation.override(translation.get_language_from_request(request) if path.startswith(V3) else "en"):
        try:
            response = _view(request)
        except Exception as failure:
            where = f"{request.method} {request.path!r}"
            response = _refusal(failure, where, number, path).response()
        return _told(request, response, number)


Response = TypeVar("Response", bound=HttpResponseBase)


def _told(request: HttpRequest, response: Response, number: str) -> Response:
    for name, value in limits.told(request).items():
        response.headers.setdefault(name, value)
    return marked(response, number, request.path_info)


def at_once(environ: WSGIEnvironment) -> HttpResponse | None:
    """The answer to what programs call all day, before Django has begun; None where it is not for this short path."""
    path = environ.get("PATH_INFO", "")
    if path not in quick.CALLS:
        return None
    request = WSGIRequest(environ)
    response = quick.answer(request)
    return None if response is None else _told(request, response, _number(environ))


def _number(environ: Mapping[str, Any]) -> str:
    """What a program may name to the operator: the number that stands in the log (watched.py)."""
    return environ.get("marketdesk.request") or secrets.token_hex(12)


def marked(response: Response, number: str, path: str = "") -> Response:
    """With the headers that every answer has."""
    if isinstance(response, HttpResponse):  # the server would send it in chunks, which not every old client reads
        response.headers["Content-Length"] = str(len(response.content))
    response.headers["X-Request-Id"] = number
    if path.startswith(V3):
        response.headers["Wish-Request-Id"] = number
        response.headers.setdefault("Content-Language", translation.get_language() or "en")
        patch_vary_headers(response, ["Accept-Language"])
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"  # a legacy client has its token in the address
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
    return response


def _view(request: HttpRequest) -> HttpResponseBase:
    request.get_host()  # refuses a host that is not ours
    match = routes().resolve(request.path_info)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405:  # ninja's own answer to a method that a call does not have
        allowed = response.headers.get("Allow", "")
        if is_for_platform(request.path_info):
            raise problems.wrong_method(allowed)
        words = _("This call answers to %(methods)s.") % {"methods": allowed}
        raise Refusal(405, words, status=405, headers={"Allow": allowed})
    return response


def _refusal(failure: Exception, where: str, number: str, path: str) -> Refusal | Problem:
    """What a failure is on the wire. Logs carry the path, never the query: there may be a token in it."""
    if is_for_platform(path):
        problem = problems.of(failure, number)
        if problem.status >= 500:
            cause = failure if problem.status == 500 else None
            log.error("%s failed (request %s): %s", where, number, failure, exc_info=cause)
        return problem
    if path.startswith(V3):
        failure = errors.of(failure)
    match failure:
        case Refusal():
            return failure
        case Resolver404():
            return Refusal(404, _("There is no such call."), status=404)
        case DisallowedHost():
            return Refusal(400, _("This installation does not answer under that host name."))
        case RequestDataTooBig():
            return Refusal(413, _("The request is too large."), status=413)
        case BadRequest() | SuspiciousOperation() | UnreadablePostError():
            return Refusal(1000, _("The request could not be read."))
        case OperationalError() | InterfaceError() | FilesAway():
            log.error("%s: the database or the storage is away (request %s): %s", where, number, failure)
            return Refusal(
                503,
                _("The service is not available for a moment. Try again."),
                status=503,
                headers={"Retry-After": str(RETRY_AFTER)},
            )
    log.error("%s failed (request %s)", where, number, exc_info=failure)
    words = _("Something went wrong here. Name this number to the operator: %(number)s") % {"number": number}
    return Refusal(500, words, status=500)


def guarded(application: WSGIApplication) -> WSGIApplication:
    """The whole application, behind the short path, and with the envelope even on a request that Django cannot begin
    with: it stumbles over a Content-Type with `charset=base64` before any middleware runs."""

    def guard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            response = at_once(environ)
            if response is None:
                return application(environ, start_response)
            start_response("200 OK", list(response.items()))
            return [response.content]
        except Exception as failure:
            path = str(environ.get("PATH_INFO", ""))
            if not is_for_programs(path):
                raise
            number = _number(environ)
            is_clients_fault = isinstance(failure, (ValueError, LookupError))
            known = BadRequest() if is_clients_fault else failure
            with translation.override("en"):
                response = _refusal(known, f"{environ.get('REQUEST_METHOD')} {path!r}", number, path).response()
                marked(response, number, path)
            start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
            return [response.content]

    return guard
