"""Sketches: marks where the numbers are, bars as long as their values, shades as dark as theirs."""

import numpy as np
import pytest

from nncli.evaluate.plots.panels import Bars, Curves, Drawing, Grid, Line, Panel, Surface
from nncli.lessons.sketch import sketch


def lines_of(*panels: Panel, columns: int = 1, height: int = 8) -> list[str]:
    places = tuple(range(len(panels)))
    return sketch(Drawing("", panels, sketched=places, sketch_columns=columns, sketch_height=height)).splitlines()


def test_a_straight_line_goes_from_corner_to_corner() -> None:
    lines = lines_of(Curves("y over x", "x", (Line("y", [0, 10], [-5, 5]),)), height=5)
    rows = [line.partition("│")[2] for line in lines[1:6]]
    assert lines[0] == "y over x" and lines[1].startswith("      5 │") and lines[5].startswith("     −5 │")
    assert rows[0].endswith("•") and len(rows[0]) == 71 and rows[-1].startswith("•")
    middles = [np.mean([place for place, mark in enumerate(row) if mark == "•"]) for row in rows]
    assert middles == sorted(middles, reverse=True)
    assert lines[-1].split() == ["0", "x", "10"]


def test_each_line_has_its_mark_and_the_first_lies_on_top() -> None:
    lines = lines_of(Curves("both", "x", (Line("dot", [1], [1], "dots"), Line("flat", [0, 2], [1, 1]))), height=3)
    assert lines[0] == "both:  • dot   ∘ flat"
    marks = "".join(lines[1:4])
    assert marks.count("•") == 1 and marks.count("∘") == 70


def test_infinite_values_leave_a_gap_and_a_logarithmic_axis_takes_what_is_above_0() -> None:
    gap = lines_of(Curves("", "x", (Line("y", [0, 1, 2, 3], [0, 1, np.inf, np.nan]),)))
    assert 20 < "".join(gap).count("•") < 40
    powers = lines_of(Curves("", "x", (Line("y", [0, 1, 2], [1e-6, 1, 1e6]),), log_y=True), height=3)
    assert powers[1].startswith("  1e+06 │") and powers[3].startswith("  1e−06 │")
    assert "nothing" in lines_of(Curves("none", "x", (Line("y", [0, 1], [0, 0]),), log_y=True))[0]


def test_bars_are_as_long_as_their_values_and_negative_ones_have_another_shade() -> None:
    lines = lines_of(Bars("z", ("a", "bb"), [4.0, -2.0]))
    assert lines[0] == "z" and lines[1].startswith(" a       4 █") and lines[2].startswith("bb      −2 ░")
    assert lines[1].count("█") == 2 * lines[2].count("░") == 68


def test_a_grid_is_as_dark_as_its_values_or_shows_them() -> None:
    values = np.array([[0.0, 0.3], [0.7, 1.0]])
    assert lines_of(Grid("shades", values))[1:] == ["  ░░", "▓▓██"]
    assert lines_of(Grid("numbers", values, numbers=True))[1:] == ["   0  .3", "  .7 1.0"]
    assert lines_of(Grid("", np.array([[-12.4, 3.0]]), numbers=True))[1:] == ["  −12    3"]


def test_panels_stand_side_by_side_where_they_fit() -> None:
    grid = Grid("grid", np.ones((2, 2)))
    lines = lines_of(grid, grid, grid, columns=3)
    assert len(lines) == 3 and lines[0].split() == ["grid"] * 3 and lines[1].split() == ["████"] * 3
    curve = Curves("curve", "x", (Line("y", [0, 1], [0, 1]),))
    wide = lines_of(curve, curve, columns=2)
    assert max(map(len, wide)) <= 80 and wide[0].split() == ["curve"] * 2


@pytest.mark.parametrize("height", [5, 9])
def test_a_surface_is_light_in_its_valley_and_has_paths_on_it(height: int) -> None:
    x = np.linspace(-1, 1, 41)
    z = np.add.outer(x**2, x**2)
    lines = lines_of(Surface("bowl", "x", "y", x, x, z, (Line("way", [-1, 0], [1, 0], "path"),)), height=height)
    rows = [line.partition("│")[2] for line in lines[1 : height + 1]]
    assert rows[0].startswith("•▓") and rows[0].endswith("▓"), "the way starts in a corner"
    assert rows[height // 2][35] == "•" and rows[height // 2][30] == " "
