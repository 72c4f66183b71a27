"""Colleagues send the same templates at once, and administrators change the same one: nothing is lost, nobody hangs."""

from collections import Counter
from dataclasses import replace
from functools import partial

from marketdesk.lib import whole
from marketdesk.replies import counting, editing
from marketdesk.replies.models import ReplyChange, ReplyTemplate, ReplyUse
from tests.races.conftest import RACERS, Arena, race


def test_each_reply_with_a_template_is_counted_whatever_colleagues_do_at_once(arena: Arena) -> None:
    made = [ReplyTemplate.objects.get_or_create(code=f"race_{n}")[0].pk for n in range(3)]
    tickets = [arena.ticket() for _racer in range(RACERS)]

    def answer(number: int) -> None:
        by = arena.cast.mehmet if number % 2 else arena.cast.merve
        with whole.deed():
            tickets[number].reply("We send another one.", by=replace(by, key=""))
            counting.count(arena.cast.store.pk, made[:: -1 if number % 3 else 1])

    answers = race(*(partial(answer, number) for number in range(RACERS)))

    assert answers == [None] * RACERS
    used = ReplyUse.objects.filter(merchant=arena.cast.store).values_list("times", flat=True)
    assert list(used) == [RACERS] * len(made)


def test_of_those_who_saw_the_same_template_one_changes_it(arena: Arena) -> None:
    code = f"race_of_{arena.number}"
    new = {
        "category": "",
        "issues": [],
        "active": True,
        "texts": {"en": {"title": "Hello", "body": "Hello {customer}"}},
    }
    seen = editing.change(code, new, reason="New.", by=arena.cast.sofia, seen=0).pk

    answers = race(
        *(
            partial(
                editing.change,
                code,
                {**new, "texts": {"en": {"title": f"Hello {n}", "body": "Hello"}}},
                reason="Race.",
                by=replace(arena.cast.sofia, key=""),
                seen=seen,
            )
            for n in range(RACERS)
        )
    )

    assert Counter(type(one).__name__ for one in answers) == {"ReplyChange": 1, "TemplateMoved": RACERS - 1}
    assert ReplyChange.objects.filter(template__code=code, reason="Race.").count() == 1
