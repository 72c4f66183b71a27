"""Rules that can never decide anything, because earlier ones take everything that fits them, alone or together.

Every question is a cell of a space: its issue, country, value and so on, each one of the values that the rules mention
or "anything else". A rule is a few boxes of cells. What is left of it after the boxes of the earlier rules are cut
away is what can reach it. What the policy says (countries, sums, gates) counts as unknown, since it can change, unless
a policy is given.

A merchant may have several tags, but no rule asks for one to be missing: what reaches a rule by a tag reaches it as
well with that tag alone. So the tag is one more value, or none; and any two of them can meet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from marketdesk.lib.countries import EUROPE
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.routing import AFTER, BEFORE, CONDITIONS, GROUPS, IN_EUROPE, Question, RoutingRule
from marketdesk.tickets.rules import Category

# The possible values of each dimension, one bit for each.
Box = tuple[int, ...]
NOW = datetime(2000, 1, 1, tzinfo=UTC)
ELSE = "\0anything else"


@dataclass(frozen=True)
class Cell:
    """One value of a dimension, shown as a question under a policy."""

    question: Question
    policy: Policy


@dataclass(frozen=True)
class Shadow:
    """A rule that nothing reaches, and the fewest earlier rules that take everything from it; none where it
    contradicts itself."""

    code: str
    by: tuple[str, ...]


def hidden(rules: Sequence[RoutingRule], issues: Mapping[str, str], policy: Policy | None = None) -> list[Shadow]:
    """The rules but the last that can never match. `issues` are the categories of the issue types by code; with a
    policy it is asked of today: with its values, and without issue types that may come."""
    space = _Space(rules, issues, policy)
    earlier: list[tuple[str, list[Box]]] = []
    found = []
    for rule in rules:
        if not rule.active:
            continue
        boxes = space.boxes(rule)
        if rule is not rules[-1] and not _left(boxes, [box for _code, all_ in earlier for box in all_]):
            found.append(Shadow(rule.code, tuple(_fewest(boxes, earlier))))
        earlier.append((rule.code, boxes))
    return found


def overlaps(rules: Sequence[RoutingRule], issues: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each rule but the last: the earlier ones that take some of what fits it, and send it elsewhere."""
    space = _Space(rules, issues, None)
    boxes = {rule.code: [box[:-1] for box in space.boxes(rule)] for rule in rules if rule.active}  # but for their tags
    found: dict[str, list[str]] = {}
    for place, rule in enumerate(rules[:-1]):
        for other in rules[:place]:
            if rule.active and other.active and rule.to != other.to and _meet(boxes[rule.code], boxes[other.code]):
                found.setdefault(rule.code, []).append(other.code)
    return found


def _fewest(boxes: list[Box], earlier: list[tuple[str, list[Box]]]) -> list[str]:
    """Codes of rules that together cover the boxes, none of which can be spared."""
    needed = [(code, theirs) for code, theirs in earlier if _meet(boxes, theirs)]
    for one in list(needed):
        fewer = [other for other in needed if other is not one]
        if not _left(boxes, [box for _code, theirs in fewer for box in theirs]):
            needed = fewer
    return [code for code, _theirs in needed]


def _meet(ones: Iterable[Box], others: Sequence[Box]) -> bool:
    return any(_common(one, other) for one in ones for other in others)


def _common(one: Box, other: Box) -> bool:
    return all(a & b for a, b in zip(one, other, strict=True))


def _left(boxes: Iterable[Box], cut: Sequence[Box]) -> bool:
    """Whether any cell is in one of the boxes and in none of those that are cut away."""
    return any(_survives(box, cut) for box in boxes)


def _survives(box: Box, cut: Sequence[Box]) -> bool:
    in_the_way = [one for one in cut if _common(box, one)]
    if not in_the_way:
        return True
    first, rest = in_the_way[0], in_the_way[1:]
    inside = list(box)
    for place, bits in enumerate(first):
        outside = inside[place] & ~bits
        if outside and _survives((*inside[:place], outside, *inside[place + 1 :]), rest):
            return True
        inside[place] &= bits
    return False


class _Space:
    """Every cell that can be, and where the rules lie in it."""

    def __init__(self, rules: Sequence[RoutingRule], issues: Mapping[str, str], policy: Policy | None) -> None:
        self.policy = policy
        self.rules = [rule for rule in rules if rule.active]
        tags = sorted({tag for rule in self.rules for tag in rule.tags})
        self.tags = {tag: place for place, tag in enumerate(tags)}
        self.cells = [
            self._issues(issues),
            self._countries(),
            self._values(),
            self._merchants(),
            self._languages(),
        ]
        self.whole = self._whole()

    def boxes(self, rule: RoutingRule) -> list[Box]:
        """The cells that fit a rule. Merchants and tags are alternatives, so there is a box for either."""
        common = [
            self._bits(0, rule, "category") & self._bits(0, rule, "issue"),
            self._bits(1, rule, "country"),
            self._bits(2, rule, "value"),
            -1,
            self._bits(4, rule, "language"),
        ]
        gates = [2 if rule.gate == BEFORE else -1, 2 if rule.gate == AFTER else -1]
        found = []
        for merchants, tags in self._sellers(rule):
            ours = (*common[:3], merchants, common[4], *gates, tags)
            for whole in self.whole:
                box = tuple(a & b for a, b in zip(ours, whole, strict=True))
                if all(box):
                    found.append(box)
        return found

    def _sellers(self, rule: RoutingRule) -> list[tuple[int, int]]:
        """The alternatives of the condition on merchants: bits of merchants, and of tags."""
        if not (rule.merchants or rule.tags):
            return [(-1, -1)]
        tags = sum(2 << self.tags[tag] for tag in set(rule.tags))
        merchants = self._bits(3, replace(rule, tags=()), "merchant")
        return [(merchants, -1)] * bool(rule.merchants) + [(-1, tags)] * bool(tags)

    def _bits(self, dimension: int, rule: RoutingRule, condition: str) -> int:
        fits = CONDITIONS[condition][1]
        cells = enumerate(self.cells[dimension])
        return sum(1 << place for place, cell in cells if fits(rule, cell.question, cell.policy, NOW))

    def _whole(self) -> list[Box]:
        """Everything: what is asked before buying has no value and no gate."""
        before_buying = [cell.question.category == Category.PRE_PURCHASE for cell in self.cells[0]]
        pre = sum(1 << place for place, is_before in enumerate(before_buying) if is_before)
        others = [(1 << len(cells)) - 1 for cells in self.cells]
        none = next(1 << place for place, cell in enumerate(self.cells[2]) if not cell.question.currency)
        gates = [self._gate("opens_after"), self._gate("closes_after")]
        tags = (2 << len(self.tags)) - 1
        return [
            (pre, others[1], none, others[3], others[4], 1, 1, tags),
            (others[0] & ~pre, *others[1:], *gates, tags),
        ]

    def _gate(self, name: str) -> int:
        """No and yes; only no where the policy has no such gate."""
        return 1 if self.policy and getattr(self.policy, name) is None else 3

    # The dimensions

    def _issues(self, issues: Mapping[str, str]) -> list[Cell]:
        known = [(code, Category(category)) for code, category in issues.items()]
        if self.policy is None:
            named = {one for rule in self.rules for one in rule.issues}
            known = [pair for pair in known if pair[0] in named] + [(ELSE, category) for category in Category]
        return [self._cell(category=category, issue=code) for code, category in known]

    def _countries(self) -> list[Cell]:
        named = {one for rule in self.rules for one in rule.countries} - set(GROUPS)
        if any(IN_EUROPE in rule.countries for rule in self.rules):
            named |= set(EUROPE)
        if self.policy:
            named |= set(self.policy.direct_countries)
            return [self._cell(country=one) for one in [*sorted(named), "", ELSE]]
        either = [self._cell(country=one, direct=[one]) for one in [*sorted(named - {""}), ELSE]]
        return either + [self._cell(country=one) for one in [*sorted(named | {""}), ELSE]]

    def _values(self) -> list[Cell]:
        """Each currency in the stretches between the sums that are mentioned."""
        marks: dict[str, set[int]] = {}
        for rule in self.rules:
            for currency, bounds in rule.sums.items():
                marks.setdefault(currency, {0}).update(sum_ for sum_ in bounds if sum_ is not None)
        for currency, sum_ in (self.policy.high_value if self.policy else {}).items():
            marks.setdefault(currency, {0}).add(sum_)
        marks[ELSE] = {0}
        found = [self._cell()]
        for currency, sums in marks.items():
            for sum_ in sorted(sums):
                found.append(self._cell(currency=currency, total=sum_))
                if self.policy is None:
                    found.append(self._cell(currency=currency, total=sum_, high={currency: sum_}))
        return found

    def _merchants(self) -> list[Cell]:
        named = {one for rule in self.rules for one in rule.merchants}
        return [self._cell(merchant=one) for one in [*sorted(named), ELSE]]

    def _languages(self) -> list[Cell]:
        named = {one for rule in self.rules for one in rule.languages}
        return [self._cell(language=one) for one in [*sorted(named), ELSE]]

    def _cell(
        self,
        *,
        category: Category = Category.POST_CUSTOMER_SUPPORT,
        country: str = "",
        direct: Sequence[str] = (),
        high: Mapping[str, int] | None = None,
        total: int = 0,
        currency: str = "",
        issue: str = "",
        merchant: str = "",
        language: str = "",
    ) -> Cell:
        question = Question(
            category, country, False, total, currency, NOW - timedelta(days=1), issue, merchant, frozenset(), language
        )
        free = Policy(direct_countries=list(direct), high_value=dict(high or {}))
        return Cell(question, self.policy or free)
