"""The heat maps are drawn from whatever the lines of health.jsonl have."""

from typing import Any

import pytest

from nncli.evaluate.plots import health_maps

pytestmark = pytest.mark.drawn


def record(epoch: int, **measures: float | None) -> dict[str, Any]:
    return {"epoch": epoch, "layers": [{"layer": "dense_1", **measures}, {"layer": "output", "gradient": 0.0}]}


def width_of(png: bytes) -> int:
    return int.from_bytes(png[16:20], "big")


def test_a_panel_is_drawn_for_each_measure_that_some_layer_has() -> None:
    one = health_maps([record(0, gradient=0.1), record(1, gradient=float("nan"))])
    three = health_maps(
        [record(0, gradient=0.1, dead=0.5), record(1, gradient=0.2, dead=0.1, update=None), record(2, update=1e-3)]
    )
    assert one is not None and three is not None
    assert one.startswith(b"\x89PNG") and width_of(three) > 2 * width_of(one)


def test_nothing_is_drawn_of_nothing() -> None:
    assert health_maps([]) is None
    assert health_maps([{"epoch": 0, "layers": []}]) is None
