"""The layers over the epochs as characters: bars worked out by hand."""

from typing import Any

from nncli.pipeline.training.health.sketch import sketch_layers


def record(epoch: int, **measures: tuple[float, ...]) -> dict[str, Any]:
    values = zip(*measures.values(), strict=True)
    layers = [
        {"layer": f"dense_{place}", **dict(zip(measures, each, strict=True))} for place, each in enumerate(values, 1)
    ]
    return {"epoch": epoch, "layers": layers}


def test_gradients_are_drawn_by_their_logarithm_the_output_first() -> None:
    # Nine powers of ten in eight bars: 1e-8 is the lowest, 1 the highest, 1e-4 just in the upper half.
    health = [record(0, gradient=(1e-8, 1.0)), record(1, gradient=(1e-4, 1.0))]
    assert sketch_layers(health, ["overfitting", "vanishing"], 80) == [
        "gradient norm, logarithmic, from the output down to the input, epochs 0 to 1:",
        "  dense_2  ██  1 to 1",
        "  dense_1  ▁▅  1e-08 to 0.0001",
    ]


def test_shares_are_drawn_between_none_and_all() -> None:
    health = [record(0, dead=(0.0, 0.5)), record(4, dead=(1.0, 0.5))]
    lines = sketch_layers(health, ["dead"], 80)
    assert lines[1:] == ["  dense_2  ▅▅  0.5 to 0.5", "  dense_1  ▁█  0 to 1"]


def test_other_verdicts_one_record_or_no_room_draw_nothing() -> None:
    health = [record(0, gradient=(1e-8, 1.0)), record(1, gradient=(1e-4, 1.0))]
    assert sketch_layers(health, ["overfitting"], 80) == []
    assert sketch_layers(health[:1], ["vanishing"], 80) == []
    assert sketch_layers(health, ["vanishing"], 30) == []


def test_many_layers_are_thinned_and_lines_fit() -> None:
    many = tuple(10.0**-place for place in range(30))
    lines = sketch_layers([record(epoch, gradient=many) for epoch in range(200)], ["vanishing"], 80)
    assert len(lines) == 11 and max(map(len, lines)) <= 80
