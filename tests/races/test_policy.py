"""Administrators change the policy at once: the first wins, the others are told."""

from collections import Counter
from dataclasses import replace
from functools import partial

from marketdesk.policy import promises
from marketdesk.policy.models import PolicyChange
from tests.races.conftest import RACERS, Arena, race


def test_of_those_who_saw_the_same_policy_one_changes_it(arena: Arena) -> None:
    by = arena.cast.sofia
    seen = promises.edition(by.at)

    answers = race(
        *(
            partial(promises.change, {"reply_hours": 24 + n}, reason=f"Race {n}.", by=replace(by, key=""), seen=seen)
            for n in range(RACERS)
        )
    )

    assert Counter(type(one).__name__ for one in answers) == {"PolicyChange": 1, "PolicyMoved": RACERS - 1}
    assert PolicyChange.objects.filter(reason__startswith="Race").count() == 1
