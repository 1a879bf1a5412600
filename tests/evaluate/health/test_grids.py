"""The grids of the layers hold what health.jsonl has, whatever that is."""

import math
from typing import Any

import numpy as np
import pytest

from nncli.evaluate.health.grids import layer_grids


def record(epoch: int, *layers: dict[str, Any]) -> dict[str, Any]:
    return {"epoch": epoch, "layers": list(layers)}


def test_a_measure_that_some_layer_has_is_a_grid_of_layers_and_epochs() -> None:
    first = record(0, {"layer": "dense", "gradient": 1e-5, "dead": 0.25}, {"layer": "output", "gradient": 0.1})
    second = record(4, {"layer": "dense", "gradient": None, "dead": 0.5}, {"layer": "output", "gradient": math.inf})
    gradient, dead = layer_grids([first, second])
    assert (gradient.title, dead.title) == ("gradient norm", "dead units (relu)")
    assert gradient.epochs == [0, 4] and gradient.layers == ["dense", "output"]
    assert np.isnan(gradient.values[:, 1]).all(), "what is infinite has no place on a scale"
    assert (gradient.limits, gradient.ends) == ((-5, -1), ("10⁻⁵", "10⁻¹"))
    assert gradient.shares_of_layers == {"dense": [0.0, None], "output": [pytest.approx(1.0), None]}
    assert dead.shares_of_layers == {"dense": [0.25, 0.5]}, "a layer without the measure has no row"
    assert dead.ends == ("0 %", "100 %")


def test_small_differences_look_small_on_a_scale_of_at_least_three_powers_of_ten() -> None:
    [grid] = layer_grids(
        [record(0, {"layer": "output", "gradient": 0.2}), record(1, {"layer": "output", "gradient": 0.3})]
    )
    low, high = grid.shares_of_layers["output"]
    assert low is not None and high is not None
    assert grid.limits == (-3, 0) and high - low < 0.1


def test_of_many_layers_evenly_spaced_ones_are_taken() -> None:
    [grid] = layer_grids([record(0, *({"layer": f"dense_{place}", "gradient": 0.1} for place in range(100)))])
    assert grid.layers == [f"dense_{place}" for place in range(0, 100, 3)]


def test_of_nothing_there_is_no_grid() -> None:
    assert layer_grids([]) == []
    assert layer_grids([record(0)]) == []
    assert layer_grids([record(0, {"layer": "output", "gradient": None})]) == []
