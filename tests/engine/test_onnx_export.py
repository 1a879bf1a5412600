"""The bytes of an `.onnx` file, run by ONNX Runtime."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402

from nncli.engine.onnx_export import predict_onnx, to_onnx  # noqa: E402
from nncli.engine.prediction import predict  # noqa: E402
from nncli.errors import ExportError  # noqa: E402

layers = keras.layers


def table_model() -> keras.Model:
    keras.utils.set_random_seed(4)
    numbers = keras.Input((3,), name="numbers")
    categories = keras.Input((2,), dtype="int32", name="categories")
    missing = keras.ops.isnan(numbers)
    filled = keras.ops.where(missing, np.array([1.0, 2.0, 3.0], "float32"), numbers)
    scaled = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])(filled)
    # Index 0 is a missing category: index -1 of the one-hot, which is to be all zeros.
    known = keras.ops.one_hot(categories[:, 0] - 1, 4)
    embedded = layers.Embedding(5, 2)(categories[:, 1])
    hidden = layers.Dense(4, activation="gelu")(layers.Concatenate()([scaled, known, embedded]))
    return keras.Model([numbers, categories], layers.Dense(2, activation="softmax")(hidden))


def image_model() -> keras.Model:
    keras.utils.set_random_seed(4)
    image = keras.Input((8, 8, 1), dtype="uint8", name="image")
    tensor = layers.Conv2D(3, 3, activation="relu")(layers.Rescaling(1 / 255)(image))
    rows = layers.Reshape((6, 18))(layers.Dropout(0.5)(tensor))
    return keras.Model([image], layers.Dense(2)(layers.GRU(5)(rows)))


def test_a_table_with_missing_numbers_and_unseen_categories_is_predicted_as_in_keras() -> None:
    model = table_model()
    numbers = np.array([[1, 2, 3], [np.nan, 2, 0], [0, np.nan, np.nan]], np.float32)
    inputs: dict[str, Any] = {"numbers": numbers, "categories": np.array([[0, 0], [1, 4], [4, 0]], np.int32)}
    found = predict_onnx(to_onnx(model), inputs)
    np.testing.assert_allclose(found, predict(model, inputs), atol=1e-6)


@pytest.mark.parametrize("examples", [1, 7])
def test_convolutions_and_recurrent_layers_take_any_number_of_images(examples: int) -> None:
    model = image_model()
    images = np.random.default_rng(examples).integers(0, 256, (examples, 8, 8, 1)).astype(np.uint8)
    found = predict_onnx(to_onnx(model), {"image": images})
    np.testing.assert_allclose(found, predict(model, {"image": images}), atol=1e-5)


def test_an_operation_that_the_format_lacks_is_told_in_one_line() -> None:
    class Odd(layers.Layer):
        def call(self, tensor: Any) -> Any:
            import tensorflow as tf

            return tf.math.bessel_i0(tensor)

    number = keras.Input((1,), name="numbers")
    with pytest.raises(ExportError, match=r"cannot be converted to \.onnx") as caught:
        to_onnx(keras.Model([number], Odd()(number)))
    assert "\n" not in caught.value.message
