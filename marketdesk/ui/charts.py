"""Charts, drawn on the server: across in percent and down in pixels, so that words and lines keep their size on every
screen. Pure; the words come ready, and a right-to-left reader gets the mirror image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, zip_longest

from django.utils.translation import get_language_bidi

# Pixels: room for the words of what is pointed at, the drawing, and the words below it.
TOP, TALL, BOTTOM = 24, 180, 24
HEIGHT = TOP + TALL + BOTTOM
# With more steps than this, only single ones and the last get a dot.
MOST_DOTS = 16
# Words below the drawing: on every screen, and on a wide one.
FEW, MANY = 3, 4
# Places between two rates at which their line is looked at.
LOOKS = 6
# How far a word reaches from where it stands: across in percent of a phone's drawing, down in pixels.
WORD_WIDE, WORD_TALL = 45.0, 18.0


@dataclass(frozen=True)
class Point:
    """A step of time with its rate, None where there is none. `words` say it to whoever points at it."""

    label: str
    value: Fraction | None
    words: str
    url: str = ""


@dataclass(frozen=True)
class Limit:
    """A line that means something. `tone` is the class of the zone that it bounds, which lies above or below it."""

    value: int
    words: str
    tone: str
    zone_above: bool


@dataclass(frozen=True)
class Column:
    """A step of time with how many there were, and how many of these are marked."""

    label: str
    whole: float
    words: str
    marked: float = 0
    url: str = ""


@dataclass(frozen=True)
class Stroke:
    """A straight line from place to place."""

    x1: str
    y1: str
    x2: str
    y2: str
    kind: str


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: str
    y: str
    width: str
    height: str
    kind: str


@dataclass(frozen=True)
class Dot:
    """A point on a line."""

    x: str
    y: str
    kind: str = ""


@dataclass(frozen=True)
class Text:
    """A word; `anchor` is the end of it that stands at the place."""

    x: str
    y: str
    words: str
    anchor: str
    kind: str = ""


@dataclass(frozen=True)
class Step:
    """What answers a pointer: a strip over the whole height, what it says, and where it leads."""

    strip: Box
    x: str
    tip: Text
    spot: Dot | None
    url: str


@dataclass
class Chart:
    """Everything that `ui/chart.html` draws, from back to front. `scale` stands beside the drawing."""

    height: int = HEIGHT
    top: int = TOP
    foot: int = TOP + TALL
    scale: list[Text] = field(default_factory=list)
    zones: list[Box] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    columns: list[Box] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def rates(
    points: Sequence[Point], limits: Sequence[Limit], show: Callable[[Fraction | None], str], *, falls: bool = False
) -> Chart:
    """Rates in percent as a line between their limits, the last one said beside it. `falls`: good is high, so that
    the drawing may begin far above nothing."""
    values = [float(point.value) for point in points if point.value is not None]
    known = [*values, *(float(limit.value) for limit in limits)]
    floor = max(0.0, min(known) - 10) // 10 * 10 if falls else 0.0
    ceiling = 100.0 if falls else min(100.0, -(-(max(known) + 1) // 10) * 10)
    frame = _Frame(len(points), floor, max(ceiling, floor + 10))
    chart = Chart()
    for limit in limits:
        chart.zones.append(frame.zone(limit))
    frame.rule(chart, lambda value: show(Fraction(round(value))), step=frame.step(10, 20, 25))
    for limit in limits:
        chart.strokes.append(Stroke("0%", frame.y(limit.value), "100%", frame.y(limit.value), f"limit {limit.tone}"))
    _line(chart, frame, [None if point.value is None else float(point.value) for point in points])
    for limit in limits:
        frame.name_limit(chart, limit, points)
    if points and points[-1].value is not None:
        chart.texts.append(frame.last_words(points, show(points[-1].value)))
    frame.label(chart, [point.label for point in points])
    for place, point in enumerate(points):
        spot = None if point.value is None else Dot(frame.x(place + 0.5), frame.y(float(point.value)))
        chart.steps.append(frame.pointed_at(place, point.words, point.url, spot))
    return chart


def columns(
    columns: Sequence[Column],
    show: Callable[[float], str],
    *,
    limit: Limit | None = None,
    steps: Sequence[int] = (1, 2, 5, 10, 20, 50),
) -> Chart:
    """How many, or how much, step by step as columns; what is marked of each stands at its foot. A limit is drawn
    where it would not make all columns small. `steps` are what the scale may go by."""
    tallest = max((column.whole for column in columns), default=0)
    limit = limit if limit and limit.value <= 3 * tallest else None
    frame = _Frame(len(columns), 0, max(4, tallest * 1.1, limit.value * 1.1 if limit else 0))
    chart = Chart()
    frame.rule(chart, show, step=frame.step(*steps))
    for place, column in enumerate(columns):
        for size, base, kind in ((column.marked, 0, "marked"), (column.whole - column.marked, column.marked, "")):
            if size:
                chart.columns.append(frame.block(place, base, base + size, kind))
    if limit:
        at = frame.y(limit.value)
        chart.strokes.append(Stroke("0%", at, "100%", at, f"limit {limit.tone}"))
        chart.texts.append(Text(frame.x(0), f"{float(at) - 6:.1f}", limit.words, "start", limit.tone))
    if tallest:
        place = max(range(len(columns)), key=lambda one: columns[one].whole)
        y = f"{float(frame.y(tallest)) - 6:.1f}"
        chart.texts.append(Text(frame.x(place + 0.5), y, show(tallest), frame.anchor(place), "value"))
    frame.label(chart, [column.label for column in columns])
    for place, column in enumerate(columns):
        chart.steps.append(frame.pointed_at(place, column.words, column.url))
    return chart


def share(part: int, whole: int) -> str:
    """How long a bar is of the longest, as SVG says it."""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


def _line(chart: Chart, frame: "_Frame", values: list[float | None]) -> None:
    """A stroke from each value to the next; where one is missing the line has a gap, never a bridge."""
    for place, (here, after) in enumerate(zip_longest(values, values[1:])):
        if here is None:
            continue
        before = values[place - 1] if place else None
        if after is not None:
            there = (frame.x(place + 0.5), frame.y(here), frame.x(place + 1.5), frame.y(after))
            chart.strokes.append(Stroke(*there, "line"))
        is_last = place == len(values) - 1
        if is_last or len(values) <= MOST_DOTS or (before is None and after is None):
            chart.dots.append(Dot(frame.x(place + 0.5), frame.y(here), "last" if is_last else ""))


class _Frame:
    """Where things stand: steps across, values between two bounds up."""

    def __init__(self, steps: int, floor: float, ceiling: float) -> None:
        self.steps, self.floor, self.ceiling = max(1, steps), floor, ceiling
        self.is_mirrored = get_language_bidi()

    def x(self, steps: float) -> str:
        share = self.across(steps)
        return f"{100 - share if self.is_mirrored else share:.3f}%"

    def across(self, steps: float) -> float:
        """Where a step stands in the reading direction, in percent."""
        return 100 * steps / self.steps

    def y(self, value: float) -> str:
        return f"{TOP + TALL * (self.ceiling - value) / (self.ceiling - self.floor):.1f}"

    def anchor(self, place: int) -> str:
        """Words at the rims stay inside."""
        across = self.across(place + 0.5)
        return "start" if across < 15 else "end" if across > 85 else "middle"

    def step(self, *steps: int) -> float:
        """The least of these, or of ten, a hundred… times these, that rules at most five lines."""
        size = 1
        while True:
            for step in steps:
                if (self.ceiling - self.floor) / (step * size) <= 5:
                    return step * size
            size *= 10

    def rule(self, chart: Chart, show: Callable[[float], str], step: float) -> None:
        """Hairlines at round values, with these beside them."""
        value = self.floor
        while value <= self.ceiling:
            chart.strokes.append(Stroke("0%", self.y(value), "100%", self.y(value), "rule"))
            y = f"{float(self.y(value)) + 4:.1f}"
            chart.scale.append(Text("0%" if self.is_mirrored else "100%", y, show(value), "end", "quiet"))
            value += step

    def zone(self, limit: Limit) -> Box:
        """The tint above or below a limit."""
        above, below = (self.ceiling, limit.value) if limit.zone_above else (limit.value, self.floor)
        height = float(self.y(below)) - float(self.y(above))
        return Box("0%", self.y(above), "100%", f"{max(0.0, height):.1f}", f"zone {limit.tone}")

    def block(self, place: int, low: float, high: float, kind: str) -> Box:
        """A part of a column: two thirds of its step wide."""
        width = 100 / self.steps
        edge = self.across(place + 1 / 6)
        x = 100 - edge - width * 2 / 3 if self.is_mirrored else edge
        height = float(self.y(low)) - float(self.y(high))
        return Box(f"{x:.3f}%", self.y(high), f"{width * 2 / 3:.3f}%", f"{height:.1f}", kind)

    def name_limit(self, chart: Chart, limit: Limit, points: Sequence[Point]) -> None:
        """A limit's words beside it, rather inside its zone than beyond, where the rates leave room. From words that
        stand farther off, a stroke leads back to their limit."""
        at, outward = float(self.y(limit.value)), 1 if limit.zone_above else -1
        inside, beyond = (at - 6, at + 15) if limit.zone_above else (at + 15, at - 6)
        heights = [inside, *(beyond + outward * WORD_TALL * more for more in range(4))]
        places = [(y, side) for y in heights for side in ("start", "end") if TOP + 10 <= y <= TOP + TALL - 2]
        free = (place for place in places if self._is_free(*place, points))
        y, side = next(free, (inside, "start"))
        x = self.x(0 if side == "start" else self.steps)
        chart.texts.append(Text(x, f"{y:.1f}", limit.words, side, limit.tone))
        if abs(y - beyond) >= WORD_TALL and y != inside:
            chart.strokes.append(Stroke(x, f"{at:.1f}", x, f"{y:.1f}", f"leader {limit.tone}"))

    def _is_free(self, y: float, side: str, points: Sequence[Point]) -> bool:
        """Whether the line of rates passes by where words at one end of the drawing would stand."""
        for here, after in pairwise([*enumerate(points), (len(points), Point("", None, ""))]):
            for part in range(LOOKS):
                (place, start), end = here, after[1].value
                if start.value is None or (part and end is None):
                    break
                value = float(start.value) + (float(end or 0) - float(start.value)) * part / LOOKS
                across = self.across(place + 0.5 + part / LOOKS)
                is_near = across <= WORD_WIDE if side == "start" else across >= 100 - WORD_WIDE
                reach = WORD_TALL * (1.2 if end is None else 0.7)  # the last rate has words of its own
                if is_near and abs(float(self.y(value)) - (y - 4)) < reach:
                    return False
        return True

    def last_words(self, points: Sequence[Point], words: str) -> Text:
        """The last rate beside its dot, on the side that the line does not come from."""
        last, *before = [float(point.value) for point in reversed(points) if point.value is not None]
        at = float(self.y(last))
        near = before[: max(1, len(before) // 6)]
        falls = bool(near) and sum(near) / len(near) > last
        y = at + 20 if (falls and at + 20 < TOP + TALL) or at - 22 < 0 else at - 10
        place = len(points) - 1
        anchor = self.anchor(place)
        return Text(self.x(self.steps if anchor == "end" else place + 0.5), f"{y:.1f}", words, anchor, "value")

    def label(self, chart: Chart, labels: Sequence[str]) -> None:
        """Words below the drawing: the first, the last, and some evenly between; more of them on a wide screen."""
        few, many = _spread(len(labels), FEW), _spread(len(labels), MANY)
        for place in sorted(few | many):
            kind = "quiet" if place in few & many else "quiet phone-only" if place in few else "quiet wide-only"
            y = f"{TOP + TALL + 17}"
            anchor = self.anchor(place)
            at = {"start": 0, "end": self.steps}.get(anchor, place + 0.5)  # room for the words beside them
            chart.texts.append(Text(self.x(at), y, labels[place], anchor, kind))

    def pointed_at(self, place: int, words: str, url: str, spot: Dot | None = None) -> Step:
        """What a step says when it is pointed at, in the row above the drawing."""
        x = self.x(place + 1 if self.is_mirrored else place)
        strip = Box(x, "0", f"{100 / self.steps:.3f}%", f"{TOP + TALL}", "strip")
        at = self.across(place + 0.5)
        anchor = "start" if at < 35 else "end" if at > 65 else "middle"
        edge = {"start": 0, "end": self.steps, "middle": place + 0.5}[anchor]
        return Step(strip, self.x(place + 0.5), Text(self.x(edge), "12", words, anchor, "tip"), spot, url)


def _spread(length: int, wanted: int) -> set[int]:
    """So many places, evenly, from the first to the last."""
    if length <= wanted:
        return set(range(length))
    return {round(one * (length - 1) / (wanted - 1)) for one in range(wanted)}
