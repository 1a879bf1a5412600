"""Dotted keys: looked up, flattened, and compared with what a person wrote."""

import pytest

from nncli.pipeline.runs.keys import MISSING, equals, flatten, look_up

CONFIG = {
    "optimizer": {"name": "adam", "learning_rate": 0.001},
    "model": {"layers": [{"dense": {"units": 50}}, "output"]},
    "metrics": ["accuracy"],
    "seed": None,
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer.name", "adam"),
        ("optimizer", "adam"),
        ("model.layers[0].dense.units", 50),
        ("model.layers.0.dense.units", 50),
        ("model.layers[1]", "output"),
        ("seed", None),
        ("model.layers[2]", MISSING),
        ("optimizer.momentum", MISSING),
        ("seed.x", MISSING),
    ],
)
def test_a_dotted_key_leads_to_its_value(key: str, value: object) -> None:
    assert look_up(CONFIG, key) is value or look_up(CONFIG, key) == value


def test_nested_values_become_dotted_keys_that_lead_back() -> None:
    flat = flatten(CONFIG)
    assert flat["model.layers[0].dense.units"] == 50 and flat["metrics"] == ["accuracy"]
    assert all(look_up(CONFIG, key) == value for key, value in flat.items())


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        (0.001, "1e-3", True),
        (50, "50", True),
        (50, "fifty", False),
        (True, "true", True),
        (True, "1", False),
        (1, "true", False),
        (None, "null", True),
        ("adam", "adam", True),
        ("adam", "adamw", False),
    ],
)
def test_values_are_compared_as_yaml_means_them(value: object, text: str, same: bool) -> None:
    assert equals(value, text) is same
