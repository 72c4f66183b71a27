"""Pages behind a prefix of the address: the same views, whose links all stay behind it."""

from django.http import HttpRequest
from django.urls import get_script_prefix, set_script_prefix


def enter(request: HttpRequest, prefix: str) -> None:
    """Serve what stands behind a prefix of the address; every link on its page stays behind it. The prefix holds for
    this thread until the next request begins."""
    request.path_info = "/" + request.path_info.removeprefix(prefix).lstrip("/")
    set_script_prefix(get_script_prefix().rstrip("/") + prefix + "/")
