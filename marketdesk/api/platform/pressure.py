"""Back-pressure: when the workers are far behind, the marketplace's programs bring more work later.

People are never asked to wait, nor merchants' programs, whose time to reply runs; nor is what settles something.
"""

from marketdesk.api.platform.problems import Problem
from marketdesk.journal import backlog
from marketdesk.policy import promises

# Seconds after which it is worth asking again.
RETRY_AFTER = 30


def refuse_when_behind() -> None:
    """Raise Problem while more jobs wait than the policy allows. Nothing was done, and the key is free."""
    most = promises.current().waiting_jobs
    if most and backlog.is_longer_than(most):
        words = "More work waits than can be done at once. Send this again later, with the same key."
        raise Problem(503, "busy", words, headers={"Retry-After": str(RETRY_AFTER)})
