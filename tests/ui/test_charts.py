"""Charts: everything stands where its number says, in both reading directions, and a gap stays a gap."""

from fractions import Fraction

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from marketdesk.lib import percent
from marketdesk.ui import charts
from marketdesk.ui.charts import TALL, TOP, Chart, Column, Limit, Point

LATE = [Limit(5, "Normal below 5%", "good", zone_above=False), Limit(45, "Severe above 45%", "danger", zone_above=True)]
CSAT = [Limit(85, "Normal above 85%", "good", zone_above=True), Limit(60, "Severe below 60%", "danger", False)]


def late(*values: int | None) -> Chart:
    points = [
        Point(f"day {day}", None if value is None else Fraction(value), f"day {day}: {value}")
        for day, value in enumerate(values)
    ]
    return charts.rates(points, LATE, percent.show)


def height(value: float, ceiling: float, floor: float = 0) -> str:
    return f"{TOP + TALL * (ceiling - value) / (ceiling - floor):.1f}"


def places(chart: Chart) -> list[tuple[str, str]]:
    return [*((dot.x, dot.y) for dot in chart.dots), *((text.x, text.y) for text in chart.texts)]


def test_a_rate_stands_at_its_height_in_the_middle_of_its_step() -> None:
    chart = late(0, 25, 50)

    assert [(dot.x, dot.y) for dot in chart.dots] == [
        ("16.667%", height(0, 60)),
        ("50.000%", height(25, 60)),
        ("83.333%", height(50, 60)),
    ]


def test_both_lines_are_drawn_and_named_however_good_the_rates_are() -> None:
    chart = late(1, 2, 1)

    assert [(line.y1, line.kind) for line in chart.strokes if "limit" in line.kind] == [
        (height(5, 50), "limit good"),
        (height(45, 50), "limit danger"),
    ]
    assert {"Normal below 5%", "Severe above 45%"} <= {text.words for text in chart.texts}


def test_the_zones_reach_from_the_lines_to_the_rims() -> None:
    normal, severe = late(1).zones

    assert (normal.y, float(normal.height)) == (height(5, 50), TALL * 5 / 50)
    assert (float(severe.y), float(severe.height)) == (TOP, TALL * 5 / 50)


def test_good_that_is_high_is_drawn_close_up() -> None:
    chart = charts.rates([Point("today", Fraction(90), "")], CSAT, percent.show, falls=True)

    assert [text.words for text in chart.scale] == ["50%", "60%", "70%", "80%", "90%", "100%"]
    assert chart.dots[0].y == height(90, 100, 50)


def test_where_there_is_no_rate_the_line_has_a_gap() -> None:
    chart = late(4, 8, None, 6, None, 7, 9)

    lines = [(line.x1, line.x2) for line in chart.strokes if line.kind == "line"]
    assert lines == [("7.143%", "21.429%"), ("78.571%", "92.857%")]
    assert len(chart.dots) == 5
    assert [step.spot is None for step in chart.steps] == [False, False, True, False, True, False, False]


def test_the_last_rate_is_said_beside_its_dot_and_a_missing_one_is_not() -> None:
    assert [text.words for text in late(4, 8).texts if text.kind == "value"] == ["8%"]
    assert not [text for text in late(4, None).texts if text.kind == "value"]


@pytest.mark.parametrize("values", [(3, 4, 2, 3, 4, 5), (44, 46, 47, 46, 48, 45), (30, 60, 50, 40, 44, 46)])
def test_the_words_of_the_lines_keep_clear_of_the_rates_beside_them(values: tuple[int, ...]) -> None:
    chart = late(*values)

    for text in chart.texts:
        if text.kind in {"good", "danger"}:
            beside = chart.dots[:3] if text.anchor == "start" else chart.dots[-3:]
            assert all(abs(float(dot.y) - (float(text.y) - 4)) > 9 for dot in beside)


@pytest.mark.parametrize(("values", "led"), [((44, 46, 42, 48, 43, 47), True), ((30, 30, 30, 30, 30, 30), False)])
def test_from_words_that_must_stand_farther_off_a_stroke_leads_to_their_line(
    values: tuple[int, ...], led: bool
) -> None:
    chart = late(*values)

    words = next(text for text in chart.texts if text.kind == "danger")
    leaders = [(line.x1, line.y1, line.y2) for line in chart.strokes if line.kind == "leader danger"]
    assert leaders == ([(words.x, height(45, 50), words.y)] if led else [])


def test_a_right_to_left_reader_gets_the_mirror_image() -> None:
    straight = places(late(0, 25, 50))
    with translation.override("ar"):
        mirrored = places(late(0, 25, 50))

    for (here, y), (there, same_y) in zip(straight, mirrored, strict=True):
        assert float(here.rstrip("%")) + float(there.rstrip("%")) == pytest.approx(100)
        assert y == same_y


def test_the_marked_part_of_a_column_stands_at_its_foot() -> None:
    chart = charts.columns([Column("Mon", 10, "", marked=2), Column("Tue", 0, "")], str)

    marked, rest = chart.columns
    assert (marked.kind, rest.kind) == ("marked", "")
    assert float(marked.y) + float(marked.height) == pytest.approx(TOP + TALL, abs=0.1)
    assert float(rest.y) + float(rest.height) == pytest.approx(float(marked.y), abs=0.1)
    assert float(rest.height) == pytest.approx(4 * float(marked.height), abs=0.3)


def test_columns_of_right_to_left_readers_stay_inside() -> None:
    with translation.override("ar"):
        chart = charts.columns([Column("Mon", 1, ""), Column("Tue", 2, "")], str)

    first, last = chart.columns
    assert float(first.x.rstrip("%")) > 50 > float(last.x.rstrip("%")) > 0


@pytest.mark.parametrize("most", [0, 1, 3, 17, 240, 99_999])
def test_the_scale_has_few_round_numbers_and_ends_above_the_tallest(most: int) -> None:
    chart = charts.columns([Column("Mon", most, "")], str)

    assert 2 <= len(chart.scale) <= 6
    assert all(float(column.y) >= TOP for column in chart.columns)


@pytest.mark.parametrize("days", [0, 1, 7, 30, 90])
def test_few_words_stand_below_however_many_days_there_are(days: int) -> None:
    chart = late(*[3] * days)

    for left_out, most in (("wide-only", 3), ("phone-only", 4)):
        below = [text.words for text in chart.texts if "quiet" in text.kind and left_out not in text.kind]
        assert below == sorted(set(below), key=lambda words: int(words.split()[1]))
        assert len(below) == min(most, days)


def test_the_drawing_is_for_the_eye_and_no_stop_for_the_keyboard() -> None:
    chart = charts.rates([Point("1 <b>", Fraction(3), "1 <b>: 3%", "/ledger?a=1&b=2")], LATE, percent.show)

    drawn = render_to_string("ui/chart.html", {"chart": chart})

    assert 'class="chart" aria-hidden="true"' in drawn
    assert '<a href="/ledger?a=1&amp;b=2" tabindex="-1"' in drawn
    assert "1 &lt;b&gt;: 3%" in drawn
    assert "style=" not in drawn
