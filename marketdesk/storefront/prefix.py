"""Pages behind a prefix of the address, which says who comes and why: nothing of them needs a cookie."""

from django.http import HttpRequest
from django.urls import set_script_prefix


def enter(request: HttpRequest, prefix: str) -> None:
    """Serve what stands behind a prefix of the address; every link on its page stays behind it."""
    request.path_info = "/" + request.path_info.removeprefix(prefix).lstrip("/")
    set_script_prefix(f"{prefix}/")
