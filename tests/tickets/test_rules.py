"""Who may do what, when: every cell of the table, against what the help page and the decisions say."""

from dataclasses import dataclass

import pytest

from marketdesk.journal.models import Audience
from marketdesk.people.party import Party
from marketdesk.tickets import rules
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.rules import Category, Desk, Facts, Need, State, Verb

# One line: party, verb, categories, desks, moves, needs. A move is `from>to`; `from>to@desk` changes the desk too.
# States: m with the merchant, c with the customer, s with support, x closed, z closed for good.
TABLE = """
merchant  reply             any       any       m>c                                                        # M72 M73
merchant  reply             any       any       c>c s>s                                       shared       # D24
merchant  resolve           question  any       m>x                                                        # M74 M76
merchant  close             question  merchant  m>x c>x                                                    # M107
merchant  close             purchase  merchant  m>x c>x                                       answered     # D25
merchant  refund            purchase  merchant  m>x c>x                                                    # M57 M58
merchant  appeal            purchase  merchant  m>s@platform c>s@platform                                  # M77 D26
merchant  reopen            any       merchant  x>c                                  reopenable trading   # D16 D8
merchant  mark_returned     purchase  any       m>m c>c s>s x>x z>z                           shared       # D28

customer  reply             any       merchant  c>m                                                        # M81 D23
customer  reply             any       platform  c>s                                                        # D23
customer  reply             any       any       m>m s>s                                                    # D1
customer  close             any       any       m>x c>x s>x                                                # D21
customer  reopen            any       merchant  x>m                                           reopenable   # D16
customer  reopen            any       platform  x>s                                           reopenable   # D16
customer  end_links         any       any       m>m c>c s>s x>x z>z

support   reply             any       any       m>c s>c c>c                                                # M78 D3
support   note              any       any       m>m c>c s>s x>x z>z
support   assign            any       any       m>m c>c s>s
support   take_over         any       merchant  m>s@platform c>s@platform                                  # D3
support   hand_back         any       any       s>m@merchant                                               # D1
support   refund            purchase  any       m>x c>x s>x
support   close             any       any       m>x c>x s>x
support   close_for_good    any       any       m>z c>z s>z x>z                                            # D16
support   reopen            any       any       x>s@platform
support   mark_returned     purchase  any       m>m c>c s>s x>x z>z                                        # D28
support   end_links         any       any       m>m c>c s>s x>x z>z
support   refund_succeeded  any       any       m>m c>c s>s x>x z>z                                        # D17
support   refund_failed     any       any       m>m c>c s>s z>z x>s@platform                               # D17

clock     mark_late         any       any       m>m                                           overdue      # M45
clock     take_over         purchase  any       m>s@platform                                  overdue      # M48 D14
clock     remind            any       any       c>c                                                        # D20
clock     close             any       any       c>x                                                        # D20
clock     refund_succeeded  any       any       m>m c>c s>s x>x z>z                                        # D17
clock     refund_failed     any       any       m>m c>c s>s z>z x>s@platform                               # D17
"""
STATES = {
    "m": State.WITH_MERCHANT,
    "c": State.WITH_CUSTOMER,
    "s": State.WITH_SUPPORT,
    "x": State.CLOSED,
    "z": State.CLOSED_FOR_GOOD,
}
QUESTIONS = [Category.PRE_PURCHASE, Category.POST_CUSTOMER_SUPPORT]
CATEGORIES = {"any": [*QUESTIONS, Category.POST_PURCHASE], "question": QUESTIONS, "purchase": [Category.POST_PURCHASE]}
DESKS = {"any": [Desk.MERCHANT, Desk.PLATFORM], "merchant": [Desk.MERCHANT], "platform": [Desk.PLATFORM]}
# What is not said to everyone (D26; notes and assignments are the platform's own).
AUDIENCES = {
    Verb.APPEAL: Audience.STAFF,
    Verb.MARK_LATE: Audience.STAFF,
    Verb.NOTE: Audience.PLATFORM,
    Verb.ASSIGN: Audience.PLATFORM,
    Verb.END_LINKS: Audience.PLATFORM,
}
EVERY_NEED = frozenset(Need)

Cell = tuple[str, str, State, Desk, Category]


@dataclass(frozen=True)
class Outcome:
    """What the requirements say of a cell."""

    to: State
    to_desk: Desk
    needs: frozenset[Need]


def _read_table() -> dict[Cell, Outcome]:
    cells: dict[Cell, Outcome] = {}
    for line in filter(None, TABLE.splitlines()):
        party, verb, categories, desks, *rest = line.partition("#")[0].split()
        needs = frozenset(Need(word) for word in rest if ">" not in word)
        for move in (word for word in rest if ">" in word):
            was, _, after = move.partition(">")
            to, _, new_desk = after.partition("@")
            for desk in DESKS[desks]:
                for category in CATEGORIES[categories]:
                    cell = (verb, party, STATES[was], desk, category)
                    assert cell not in cells, f"two lines for {cell}"
                    cells[cell] = Outcome(STATES[to], Desk(new_desk) if new_desk else desk, needs)
    return cells


EXPECTED = _read_table()


@pytest.mark.parametrize(("verb", "party", "state", "desk", "category"), list(rules.all_cells()), ids="-".join)
def test_every_cell_is_as_the_requirements_say(
    verb: Verb, party: Party, state: State, desk: Desk, category: Category
) -> None:
    expected = EXPECTED.get((verb, party, state, desk, category))
    fitting = [rule for rule in rules.RULES if rule.fits(verb, party, state, desk, category)]
    ready = Facts(category, state, desk, EVERY_NEED)

    if expected is None:
        assert fitting == []
        assert verb not in rules.possible(party, ready)
        with pytest.raises(NotAllowed) as refusal:
            rules.check(verb, party, ready)
        assert refusal.value.reason
        assert len(str(refusal.value)) > 10
        return

    assert len(fitting) == 1, "no two rules fit one cell"
    rule = rules.check(verb, party, ready)
    assert rule is fitting[0]
    assert rule.target(state, desk) == expected.to
    assert (rule.to_desk or desk) == expected.to_desk
    assert rule.needs == expected.needs
    assert rule.audience == AUDIENCES.get(verb, Audience.EVERYONE)
    assert verb in rules.possible(party, ready)
    for need in expected.needs:
        unready = Facts(category, state, desk, EVERY_NEED - {need})
        assert verb not in rules.possible(party, unready)
        with pytest.raises(NotAllowed) as refusal:
            rules.check(verb, party, unready)
        assert refusal.value.reason == need
        assert len(str(refusal.value)) > 10


def test_the_table_has_every_cell() -> None:
    cells = list(rules.all_cells())

    assert len(cells) == len(set(cells)) == len(Verb) * 4 * 5 * 2 * 3
    assert set(EXPECTED) <= set(cells)


def test_every_need_is_asked_somewhere() -> None:
    assert {need for outcome in EXPECTED.values() for need in outcome.needs} == set(Need)


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("desk", Desk)
def test_a_ticket_closed_for_good_never_opens_again(category: Category, desk: Desk) -> None:
    facts = Facts(category, State.CLOSED_FOR_GOOD, desk, EVERY_NEED)

    for party in Party:
        for verb in rules.possible(party, facts):
            assert rules.check(verb, party, facts).target(facts.state, desk) == State.CLOSED_FOR_GOOD


def test_no_rule_leaves_a_ticket_between_the_desks() -> None:
    """With the merchant means at the merchant's desk, with support at the platform's: from such a ticket every
    deed leads to such a ticket."""

    def fits(state: State, desk: Desk) -> bool:
        wanted = {State.WITH_MERCHANT: Desk.MERCHANT, State.WITH_SUPPORT: Desk.PLATFORM}
        return wanted.get(state, desk) == desk

    for (_verb, _party, state, desk, _category), outcome in EXPECTED.items():
        if fits(state, desk):
            assert fits(outcome.to, outcome.to_desk)


@pytest.mark.parametrize(
    ("verb", "party", "state", "desk", "category", "reason"),
    [
        (Verb.RESOLVE, Party.MERCHANT, "m", Desk.MERCHANT, Category.POST_PURCHASE, "category"),
        (Verb.APPEAL, Party.MERCHANT, "m", Desk.MERCHANT, Category.PRE_PURCHASE, "category"),
        (Verb.REPLY, Party.MERCHANT, "x", Desk.MERCHANT, Category.PRE_PURCHASE, "closed"),
        (Verb.REPLY, Party.CUSTOMER, "z", Desk.MERCHANT, Category.PRE_PURCHASE, "closed_for_good"),
        (Verb.REOPEN, Party.CUSTOMER, "z", Desk.MERCHANT, Category.PRE_PURCHASE, "closed_for_good"),
        (Verb.REOPEN, Party.MERCHANT, "x", Desk.PLATFORM, Category.PRE_PURCHASE, "other_desk"),
        (Verb.REOPEN, Party.CUSTOMER, "m", Desk.MERCHANT, Category.PRE_PURCHASE, "open"),
        (Verb.REFUND, Party.MERCHANT, "s", Desk.PLATFORM, Category.POST_PURCHASE, "with_support"),
        (Verb.REFUND, Party.MERCHANT, "c", Desk.PLATFORM, Category.POST_PURCHASE, "with_support"),
        (Verb.RESOLVE, Party.MERCHANT, "c", Desk.MERCHANT, Category.PRE_PURCHASE, "with_customer"),
        (Verb.HAND_BACK, Party.SUPPORT, "m", Desk.MERCHANT, Category.PRE_PURCHASE, "not_now"),
        (Verb.CLOSE, Party.CLOCK, "m", Desk.MERCHANT, Category.PRE_PURCHASE, "not_now"),
    ],
)
def test_a_refusal_says_why(verb: Verb, party: Party, state: str, desk: Desk, category: Category, reason: str) -> None:
    with pytest.raises(NotAllowed) as refusal:
        rules.check(verb, party, Facts(category, STATES[state], desk, EVERY_NEED))

    assert refusal.value.reason == reason
