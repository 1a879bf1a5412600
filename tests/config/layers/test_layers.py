"""Each layer's own shape and parameter count, held against Keras's over generated inputs."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nncli.config.layers import LAYERS, Layer, ShapeError

ADAPTER: TypeAdapter[Any] = TypeAdapter(Layer)
SIZES = st.integers(1, 9)
SMALL = st.integers(1, 4)
PAIRS = st.one_of(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=2, max_size=2))
PADDINGS = st.sampled_from(["valid", "same"])
FLAT = st.tuples(SIZES)
IMAGE = st.tuples(SIZES, SIZES, st.integers(1, 3))
SEQUENCE = st.tuples(SIZES, st.integers(1, 4))
ANY = st.one_of(FLAT, SEQUENCE, IMAGE)
WINDOW = {"pool_size": PAIRS, "strides": st.one_of(st.none(), PAIRS), "padding": PADDINGS}
WINDOW_1D = {"pool_size": SMALL, "strides": st.one_of(st.none(), SMALL), "padding": PADDINGS}
DEPTHWISE = {
    "kernel_size": PAIRS,
    "strides": SMALL,
    "padding": PADDINGS,
    "depth_multiplier": SMALL,
    "use_bias": st.booleans(),
}
RECURRENT = {"units": SIZES, "return_sequences": st.booleans(), "use_bias": st.booleans()}
INNER = st.lists(
    st.fixed_dictionaries(
        {"conv2d": st.fixed_dictionaries({"filters": st.integers(1, 3), "padding": PADDINGS, "strides": PAIRS})}
    ),
    min_size=1,
    max_size=2,
)
EDGE = {"fill_mode": st.sampled_from(["constant", "reflect"])}
Case = tuple[dict[str, st.SearchStrategy[Any]], st.SearchStrategy[tuple[int, ...]]]
# kind -> its options, the shapes it is tried on
CASES: dict[str, Case] = {
    "dense": ({"units": SIZES, "use_bias": st.booleans()}, FLAT),
    "activation": ({"activation": st.sampled_from(["relu", "softmax"])}, ANY),
    "dropout": ({"rate": st.floats(0, 0.9)}, ANY),
    "gaussian_noise": ({"stddev": st.floats(0, 1)}, ANY),
    "flatten": ({}, ANY),
    "reshape": ({"target_shape": st.lists(st.sampled_from([-1, 1, 2, 3, 4, 6]), min_size=1, max_size=3)}, ANY),
    "conv2d": (
        {"filters": SIZES, "kernel_size": PAIRS, "strides": PAIRS, "padding": PADDINGS, "use_bias": st.booleans()},
        st.one_of(IMAGE, SEQUENCE),
    ),
    "conv1d": (
        {
            "filters": SIZES,
            "kernel_size": SMALL,
            "strides": SMALL,
            "padding": st.sampled_from(["valid", "same", "causal"]),
            "use_bias": st.booleans(),
        },
        st.one_of(SEQUENCE, FLAT),
    ),
    "depthwise_conv2d": (DEPTHWISE, IMAGE),
    "separable_conv2d": ({**DEPTHWISE, "filters": SIZES}, IMAGE),
    "max_pooling2d": (WINDOW, IMAGE),
    "average_pooling2d": (WINDOW, IMAGE),
    "global_average_pooling2d": ({}, IMAGE),
    "global_max_pooling2d": ({}, IMAGE),
    "max_pooling1d": (WINDOW_1D, st.one_of(SEQUENCE, IMAGE)),
    "average_pooling1d": (WINDOW_1D, SEQUENCE),
    "global_average_pooling1d": ({}, st.one_of(SEQUENCE, IMAGE)),
    "global_max_pooling1d": ({}, SEQUENCE),
    "batch_normalization": ({}, ANY),
    "layer_normalization": ({}, ANY),
    "group_normalization": ({"groups": SMALL}, IMAGE),
    "embedding": ({"input_dim": SIZES, "output_dim": SIZES}, st.one_of(FLAT, SEQUENCE)),
    "lstm": (RECURRENT, SEQUENCE),
    "gru": (RECURRENT, st.one_of(SEQUENCE, FLAT)),
    "multi_head_attention": ({"num_heads": SMALL, "key_dim": SMALL, "use_bias": st.booleans()}, SEQUENCE),
    "transformer_block": ({"num_heads": st.integers(1, 2), "mlp_units": SIZES, "dropout": st.floats(0, 0.5)}, SEQUENCE),
    "patches": ({"patch_size": PAIRS, "units": SIZES}, IMAGE),
    "residual": (
        {"layers": INNER, "projection": st.sampled_from([True, True, False])},
        st.tuples(st.integers(5, 9), st.integers(5, 9), st.integers(1, 3)),
    ),
    "random_flip": ({"mode": st.sampled_from(["horizontal", "vertical", "both"])}, IMAGE),
    "random_translation": ({"height_factor": st.floats(0, 0.9), **EDGE}, st.one_of(IMAGE, FLAT)),
    "random_rotation": ({"factor": st.floats(0, 0.9), **EDGE}, IMAGE),
    "random_zoom": ({"height_factor": st.floats(0, 0.9), **EDGE}, IMAGE),
}
# Refused although Keras takes it: augmentation of what is no image, heads that do not divide the features (Keras rounds
# nothing, the block does), a sum of shapes that would be stretched to fit.
STRICTER = {"random_flip", "random_translation", "random_rotation", "random_zoom", "transformer_block", "residual"}


def test_every_layer_but_the_output_which_becomes_a_dense_is_compared() -> None:
    assert set(CASES) == set(LAYERS) - {"output"}


@pytest.fixture(scope="module")
def make() -> Any:
    """A Keras model of one layer for a shape, imported late: the rest of the module needs no TensorFlow."""
    import keras

    from nncli.model.layers.making import make_layer
    from nncli.model.layers.placement import Placement

    def model_of(section: Any, shape: tuple[int, ...]) -> Any:
        tensor = keras.Input(shape)
        return keras.Model(tensor, make_layer(section, Placement(name="layer", activation="relu", seed=1))(tensor))

    return model_of


def takes(make: Any, section: Any, shape: tuple[int, ...]) -> bool:
    """Whether Keras builds the layer, and gives a shape with at least one value."""
    try:
        return min(make(section, shape).output_shape[1:]) > 0
    except (ValueError, ShapeError, ZeroDivisionError, IndexError):
        return False


@pytest.mark.parametrize("kind", CASES)
def test_shape_and_parameters_are_those_of_keras(kind: str, make: Any) -> None:
    options, shapes = CASES[kind]
    compared = []

    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(options), shapes)
    def holds(chosen: dict[str, Any], shape: tuple[int, ...]) -> None:
        section = ADAPTER.validate_python({kind: chosen})
        try:
            expected = section.output_shape(shape)
        except ShapeError as error:
            assert "; " in str(error), "no fix is told"
            assert kind in STRICTER or not takes(make, section, shape), "Keras could take it"
            return
        model = make(section, shape)
        assert model.output_shape == (None, *expected)
        assert model.count_params() == section.parameter_count(shape)
        compared.append(shape)

    holds()
    assert len(compared) >= 4
