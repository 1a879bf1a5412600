"""Curves of characters: where the dots are, what the axis says, whatever the numbers are."""

import math

import numpy as np
import pytest

from nncli.console.drawing.curves import Curve, axis_end, draw_curves


def draw(*values: list[float], width: int = 60, rows: int = 8, epochs: int = 0, braille: bool = False) -> list[str]:
    """The lines without styles, the curves drawn with a and b."""
    curves = [Curve(f"curve {sign}", each, "cyan", sign) for each, sign in zip(values, "ab", strict=False)]
    lines = draw_curves(curves, width, rows, epochs=epochs or len(values[0]), braille=braille)
    return ["".join(text for text, _ in line) for line in lines]


def heights(lines: list[str], sign: str) -> dict[int, float]:
    """The mean row of a sign in each column, counted from the bottom."""
    rows = [line[9:] for line in lines[:-1]]
    found = {x: [len(rows) - 1 - y for y, row in enumerate(rows) if row[x : x + 1] == sign] for x in range(60)}
    return {x: float(np.mean(each)) for x, each in found.items() if each}


def test_a_falling_line_falls_evenly_from_its_first_to_its_last_value() -> None:
    lines = draw([10.0 - number / 2 for number in range(20)], width=49)
    found = heights(lines, "a")
    assert sorted(found) == list(range(40)), "the line has no gaps"
    expected = np.interp(np.arange(40), [0, 39], [7, 0])
    assert np.abs(np.array([found[x] for x in range(40)]) - expected).max() <= 0.51
    assert lines[0].startswith("      10 ") and lines[-2].startswith("     0.5 ")


def test_values_over_a_wide_range_are_drawn_on_a_logarithmic_scale() -> None:
    values = [10.0 ** (-number / 5) for number in range(20)]
    found = heights(draw(values, width=49), "a")
    assert np.abs(np.array([found[x] for x in range(40)]) - np.interp(np.arange(40), [0, 39], [7, 0])).max() <= 0.51
    assert "curve a 0.0001585, log" in draw(values)[-1]
    assert ", log" not in draw([value + 1 for value in values])[-1]


def test_braille_has_eight_dots_a_character_at_their_places() -> None:
    assert draw([0.0, 1.0], width=9 + 7, rows=2, braille=True) == [], "eight columns are needed"
    [top, bottom, _] = draw([0.0, 1.0], width=9 + 9, rows=2, braille=True)
    # 18 dots across, 8 down: from the lower left (bit 0x40) to the upper right (bit 0x08).
    assert top.startswith("       1 ") and bottom.startswith("       0 ")
    assert ord(bottom[9]) - 0x2800 & 0x40 and ord(top[-1]) - 0x2800 & 0x08
    dots = sum(bin(ord(sign) - 0x2800).count("1") for sign in (top + bottom) if ord(sign) >= 0x2800)
    assert dots == 18


@pytest.mark.parametrize("width", [18, 31, 40, 80, 120])
@pytest.mark.parametrize("braille", [True, False])
def test_no_line_is_wider_than_the_room_whatever_the_values_are(width: int, braille: bool) -> None:
    generator = np.random.default_rng(3)
    for values in (
        [1e-12, 1e12],
        [math.nan, 1.0, math.inf, 2.0],
        [3.0] * 7,
        [-5.0, -1e-9],
        generator.lognormal(size=5000).tolist(),
    ):
        lines = draw(values, values[::-1], width=width, braille=braille)
        assert len(lines) == 9 and max(map(len, lines)) <= width
        assert lines[-1].startswith(" " * 9 + "1 ") and lines[-1].endswith(f" {max(len(values), 2):,}")


def test_nothing_is_drawn_of_one_epoch_or_of_no_numbers() -> None:
    assert draw([1.0], epochs=30) == draw([math.nan] * 4) == []


def test_the_axis_doubles_when_it_is_full_and_ends_with_the_training() -> None:
    ends = [axis_end(done, 300) for done in (1, 10, 11, 20, 21, 160, 161, 300)]
    assert ends == [10, 10, 20, 20, 40, 160, 300, 300]
    assert axis_end(3, 5) == 5 and axis_end(7, 5) == 7, "a run that was extended"
    half = draw([2.0, 1.0, 2.0, 1.0, 2.0], width=49, epochs=30)
    assert max(heights(half, "a")) == round(4 / 9 * 39)


def test_the_second_curve_lies_above_the_first_and_both_have_their_styles() -> None:
    curves = [Curve("loss", [1.0, 2.0], "cyan", "."), Curve("val_loss", [1.0, 2.0], "yellow", "o")]
    lines = draw_curves(curves, 40, 4, epochs=2, braille=False)
    drawn = [(text, style) for line in lines[:-1] for text, style in line[1:] if text.strip()]
    assert {style for _, style in drawn} == {"yellow"} and {sign for text, _ in drawn for sign in text} == {"o"}
    assert [style for _, style in lines[-1] if style] == ["cyan", "yellow"]
