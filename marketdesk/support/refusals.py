"""What an administrator tried and could not save: written down for those who look it up later."""

import logging
from collections.abc import Iterable

from marketdesk.support.entrance import AgentRequest

log = logging.getLogger(__name__)


def record(request: AgentRequest, what: str, problems: Iterable[object]) -> None:
    """Who could not change what, and why; nothing where nothing is wrong."""
    if words := [str(one) for one in problems]:
        log.warning("%s could not change the %s: %s", request.actor.who, what, words)
