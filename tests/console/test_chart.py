"""A chart is plain ASCII and no wider than it may be."""

import pytest

from nncli.console.chart import chart


@pytest.mark.parametrize("width", [40, 80])
def test_a_chart_fits_and_has_its_extremes_at_the_ends(width: int) -> None:
    lines = chart([2.0 - place / 100 for place in range(150)], width, top=5.0, mark=0.5)
    assert len(lines) == 10
    assert all(line.isascii() and len(line) <= width for line in lines)
    assert lines[0].split()[1].startswith("*") and lines[-1].endswith("*")
    assert sum("|" in line for line in lines) >= 8


def test_what_is_far_above_is_cut_off() -> None:
    assert float(chart([1.0, 2.0, 900.0], 40, top=4.0)[0].split()[0]) == 4.0
