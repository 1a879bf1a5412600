"""Lessons about architectures, against layers of Keras and SciPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import typer.testing

from nncli.cli import app
from nncli.data.images.samples import draw_digits
from nncli.lessons.architectures.layers import run_forward

Numbers = Callable[..., dict[str, Any]]


def test_the_layers_have_the_shapes_and_parameters_of_a_keras_model(numbers: Numbers) -> None:
    import keras

    told = numbers("layers", units="30,15,2")
    passed = run_forward([64, 30, 15, 2], 32, seed=1)
    model = keras.Sequential([keras.Input((64,)), *(keras.layers.Dense(n, activation="sigmoid") for n in (30, 15, 2))])
    assert told["parameters"] == [layer.count_params() for layer in model.layers]
    assert told["total"] == model.count_params()
    assert [shapes["kernel"] for shapes in told["shapes"]] == [list(layer.kernel.shape) for layer in model.layers]
    model.set_weights([array for pair in zip(passed.kernels, passed.biases, strict=True) for array in pair])
    assert passed.outputs[-1] == pytest.approx(model.predict(passed.outputs[0], verbose=0), abs=1e-5)
    first = model.layers[0](passed.outputs[0]).numpy()
    assert told["first_output"] == pytest.approx(first[0, 0], abs=1e-6)


@pytest.mark.parametrize("kernel", [None, [1, 2, 3, 4], [0.5]])
def test_a_convolution_is_that_of_scipy_and_keras(numbers: Numbers, kernel: list[float] | None) -> None:
    import keras

    chosen = {} if kernel is None else {"kernel": ",".join(map(str, kernel))}
    told = numbers("convolution", digit=5, bias=0.25, row=2, **chosen)
    image, weights = np.array(told["image"]), np.array(told["kernel"])
    z = scipy.signal.correlate2d(image, weights, "valid") + 0.25
    assert np.array(told["z"]) == pytest.approx(z)
    layer = keras.layers.Conv2D(1, weights.shape, activation="relu")
    layer.build((1, 8, 8, 1))
    layer.set_weights([weights[..., None, None], np.array([0.25])])
    assert np.array(told["relu"]) == pytest.approx(layer(image[None, ..., None]).numpy()[0, ..., 0], abs=1e-5)


@pytest.mark.parametrize(("name", "side"), [("digits", 8), ("mnist", 28)])
def test_parameters_of_a_convolution_and_a_dense_layer_are_those_of_keras(
    numbers: Numbers, name: str, side: int
) -> None:
    import keras

    image = keras.Input((side, side, 1))
    convolution = keras.Model(image, keras.layers.Conv2D(16, 3)(image))
    assert numbers("convolution")["parameters"][name]["conv2d"] == convolution.count_params()
    outputs = int(np.prod(convolution.output_shape[1:]))
    # counted without building the layer, whose weights would take 34 MB
    assert numbers("convolution")["parameters"][name]["dense"] == side * side * outputs + outputs


def test_attention_is_one_head_of_keras(numbers: Numbers) -> None:
    import keras

    told = numbers("attention", digit=8, scale=2)
    rows = np.array(told["rows"])
    head = keras.layers.MultiHeadAttention(num_heads=1, key_dim=8, use_bias=False)
    head.build((1, 8, 8), (1, 8, 8))
    identity = np.eye(8)
    head.set_weights([2 * identity[:, None], 2 * identity[:, None], identity[:, None], identity[None]])
    outputs, weights = head(rows[None], rows[None], return_attention_scores=True)
    assert np.array(told["weights"]) == pytest.approx(weights.numpy()[0, 0], abs=1e-5)
    assert np.array(told["outputs"]) == pytest.approx(outputs.numpy()[0], abs=1e-5)
    assert np.array(told["scores"]) == pytest.approx(4 * rows @ rows.T / np.sqrt(8))


@pytest.mark.parametrize("lesson", ["convolution", "attention"])
def test_a_lesson_takes_a_digit_of_ones_own(numbers: Numbers, lesson: str, tmp_path: Path) -> None:
    own = tmp_path / "seven.png"
    own.write_bytes(draw_digits()["seven"])
    told = numbers(lesson, "--image", str(own))
    pixels = np.array(told["image" if lesson == "convolution" else "rows"])
    assert told["name"] == "seven.png" and pixels.shape == (8, 8)
    assert pixels.max() > 0.8 and (pixels[:3].sum() > pixels[-1].sum()), "a 7 has most of its ink above"
    assert not np.array_equal(pixels, numbers(lesson)["image" if lesson == "convolution" else "rows"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["convolution", "--set", "kernel=1,2,3"], "kernel has 3 numbers; expected 1, 4, 9, 16 or 25"),
        (["convolution", "--set", "row=7"], "the kernel fits at rows and columns from 0 to 5"),
        (["convolution", "--set", "digit=11"], "expected a whole number from 0 to 9"),
        (["convolution", "--image", "nowhere.png"], "--image nowhere.png: there is no such file"),
        (["attention", "--image", __file__], "is not a readable image"),
        (["softmax", "--image", "seven.png"], "--image: softmax looks at no image"),
        (["layers", "--set", "units=3.5"], "whole numbers"),
    ],
)
def test_what_these_lessons_cannot_use_is_refused(arguments: list[str], message: str) -> None:
    outcome = typer.testing.CliRunner().invoke(app, ["explain", *arguments])
    assert outcome.exit_code == 2 and message in outcome.stderr and outcome.stdout == ""
