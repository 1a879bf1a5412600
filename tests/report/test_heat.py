"""Heat maps: a cell for each value in its shade, none for what is missing, and never more than a page can hold."""

import re
from typing import Any

import pytest

from nncli.report.heat import MOST_CELLS, HeatMap, lay_out_heat


def cells_of(drawn: dict[str, Any]) -> list[tuple[int, float, float, float]]:
    """Shade, left, top and width of each cell."""
    pattern = r"M([\d.]+) ([\d.]+)h([\d.]+)v16h-[\d.]+z"
    return [
        (step, *map(float, found.groups())) for step, path in drawn["shades"] for found in re.finditer(pattern, path)
    ]


def test_a_cell_lies_in_the_row_of_its_layer_and_has_the_shade_of_its_share() -> None:
    heat = HeatMap("norm", [0, 1], {"dense_1": [0.0, 0.55], "output": [None, 1.0]}, ("low", "high"))
    [drawn] = lay_out_heat([heat])
    cells = {(step, top): (left, width) for step, left, top, width in cells_of(drawn)}
    first, second = (y - 12 for y, _ in drawn["layers"])
    assert set(cells) == {(1, first), (6, first), (10, second)}
    assert cells[6, first] == cells[10, second], "both are of the second epoch"
    assert cells[6, first][0] == pytest.approx(sum(cells[1, first]))
    assert [name for _, name in drawn["layers"]] == ["dense_1", "output"]
    assert [epoch for _, epoch in drawn["epochs"]] == [0, 1]
    assert [text for _, _, text in drawn["ends"]] == ["low", "high"]


def test_the_maps_of_a_page_have_at_most_2000_cells_with_the_first_epoch_and_the_last() -> None:
    epochs = list(range(0, 3000, 3))
    heat = HeatMap("norm", epochs, {f"dense_{layer}": [0.5] * 1000 for layer in range(30)}, ("", ""))
    drawn = lay_out_heat([heat, heat])
    cells = [cell for each in drawn for cell in cells_of(each)]
    assert MOST_CELLS - 60 < len(cells) <= MOST_CELLS
    assert [drawn[0]["epochs"][place][1] for place in (0, -1)] == [0, 2997]


def test_a_long_name_is_cut_and_one_epoch_is_enough() -> None:
    [drawn] = lay_out_heat([HeatMap("norm", [0], {"residual_block_12_convolution": [0.2]}, ("", ""))])
    assert drawn["layers"][0][1] == "residual_bl…lution"
    assert len(cells_of(drawn)) == 1
