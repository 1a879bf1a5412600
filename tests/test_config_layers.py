"""Each layer's own shape and parameter count, held against Keras's over generated inputs."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nncli.config.layers import LAYERS, Layer, ShapeError

ADAPTER: TypeAdapter[Any] = TypeAdapter(Layer)
SIZES = st.integers(1, 9)
PAIRS = st.one_of(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=2, max_size=2))
PADDINGS = st.sampled_from(["valid", "same"])
FLAT = st.tuples(SIZES)
IMAGE = st.tuples(SIZES, SIZES, st.integers(1, 3))
WINDOW = {"pool_size": PAIRS, "strides": st.one_of(st.none(), PAIRS), "padding": PADDINGS}
# kind -> its options, the shapes it is tried on
CASES: dict[str, tuple[dict[str, st.SearchStrategy[Any]], st.SearchStrategy[tuple[int, ...]]]] = {
    "dense": ({"units": SIZES, "use_bias": st.booleans()}, FLAT),
    "activation": ({"activation": st.sampled_from(["relu", "softmax"])}, st.one_of(FLAT, IMAGE)),
    "dropout": ({"rate": st.floats(0, 0.9)}, st.one_of(FLAT, IMAGE)),
    "flatten": ({}, st.one_of(FLAT, IMAGE)),
    "conv2d": (
        {"filters": SIZES, "kernel_size": PAIRS, "strides": PAIRS, "padding": PADDINGS, "use_bias": st.booleans()},
        IMAGE,
    ),
    "max_pooling2d": (WINDOW, IMAGE),
    "average_pooling2d": (WINDOW, IMAGE),
    "global_average_pooling2d": ({}, IMAGE),
    "batch_normalization": ({}, st.one_of(FLAT, IMAGE)),
    "layer_normalization": ({}, st.one_of(FLAT, IMAGE)),
}


def test_every_layer_but_the_output_which_becomes_a_dense_is_compared() -> None:
    assert set(CASES) == set(LAYERS) - {"output"}


@pytest.fixture(scope="module")
def make() -> Any:
    """The builder's table of Keras layers, imported late: the rest of the module needs no TensorFlow."""
    from nncli.model.layers import Placement, make_layer

    return lambda section: make_layer(section, Placement(name="layer", activation="relu", seed=1))


def has_room(layer: Any, shape: tuple[int, ...]) -> bool:
    """Whether Keras gives a shape with at least one value."""
    try:
        return min(layer.compute_output_shape((None, *shape))[1:]) > 0
    except ValueError:
        return False


@pytest.mark.parametrize("kind", CASES)
def test_shape_and_parameters_are_those_of_keras(kind: str, make: Any) -> None:
    options, shapes = CASES[kind]

    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(options), shapes)
    def holds(chosen: dict[str, Any], shape: tuple[int, ...]) -> None:
        section = ADAPTER.validate_python({kind: chosen})
        layer = make(section)
        try:
            expected = section.output_shape(shape)
        except ShapeError:
            assert not has_room(layer, shape), "Keras could take it"
            return
        assert layer.compute_output_shape((None, *shape)) == (None, *expected)
        layer.build((None, *shape))
        assert layer.count_params() == section.parameter_count(shape)

    holds()
