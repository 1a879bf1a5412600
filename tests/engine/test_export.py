"""The exported bytes, read back by the runtimes they are for."""

import errno
import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.engine.process import environment

environment.prepare(threads=2)

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from nncli.engine.export import (  # noqa: E402
    predict_saved_model,
    to_int8_tflite,
    to_keras,
    to_saved_model,
    to_tflite,
)
from nncli.engine.prediction import predict  # noqa: E402
from nncli.errors import ExportError, NncliError  # noqa: E402

layers = keras.layers


def table_model() -> keras.Model:
    keras.utils.set_random_seed(4)
    numbers = keras.Input((3,), name="numbers")
    categories = keras.Input((2,), dtype="int32", name="categories")
    embedded = layers.Flatten()(layers.Embedding(5, 2)(categories))
    scaled = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])(numbers)
    hidden = layers.BatchNormalization()(layers.Dense(4, activation="gelu")(layers.Concatenate()([scaled, embedded])))
    return keras.Model([numbers, categories], layers.Dense(2, activation="softmax")(hidden))


def table_inputs(examples: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(examples)
    return {
        "numbers": generator.normal(size=(examples, 3)).astype(np.float32),
        "categories": generator.integers(0, 5, (examples, 2)).astype(np.int32),
    }


def image_model() -> keras.Model:
    keras.utils.set_random_seed(4)
    image = keras.Input((8, 8, 1), dtype="uint8", name="image")
    tensor = layers.Conv2D(3, 3, activation="relu")(layers.Rescaling(1 / 255)(image))
    return keras.Model([image], layers.Dense(2)(layers.Dropout(0.5)(layers.Flatten()(layers.MaxPooling2D()(tensor)))))


def run_tflite(content: bytes, inputs: dict[str, np.ndarray]) -> np.ndarray:
    runner: Any = Interpreter(model_content=content).get_signature_runner("serving_default")
    assert set(runner.get_input_details()) == set(inputs)
    [output] = runner(**inputs).values()
    return np.asarray(output)


def test_two_inputs_go_by_name_into_a_tflite_model_of_any_batch_size() -> None:
    model = table_model()
    content = to_tflite(model)
    for examples in (1, 7):
        inputs = table_inputs(examples)
        np.testing.assert_allclose(run_tflite(content, inputs), predict(model, inputs), atol=1e-6)


def test_images_stay_bytes_in_a_tflite_model() -> None:
    model = image_model()
    inputs = {"image": np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)}
    np.testing.assert_allclose(run_tflite(to_tflite(model), inputs), predict(model, inputs), atol=1e-5)


def test_the_converter_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    to_tflite(image_model())
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU])
def test_a_recurrent_network_is_exported_step_by_step_for_any_batch_size(kind: Any) -> None:
    keras.utils.set_random_seed(4)
    sequence = keras.Input((5, 2), name="sequence")
    model = keras.Model([sequence], layers.Dense(1)(kind(4)(kind(3, return_sequences=True)(sequence))))
    content = to_tflite(model)
    for examples in (1, 7):
        inputs = {"sequence": np.random.default_rng(0).normal(size=(examples, 5, 2)).astype(np.float32)}
        np.testing.assert_allclose(run_tflite(content, inputs), predict(model, inputs), atol=1e-5)
    assert not any(layer.unroll for layer in model.layers if isinstance(layer, keras.layers.RNN))


def test_sequences_of_any_length_are_refused_with_a_short_reason_and_in_silence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sequence = keras.Input((None, 2), name="sequence")
    model = keras.Model([sequence], layers.Dense(1)(layers.LSTM(3)(sequence)))
    with pytest.raises(ExportError, match=r"\.tflite") as caught:
        to_tflite(model)
    assert "\n" not in caught.value.message and len(caught.value.message) < 400
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_keras_file_loads_without_the_loss_it_was_trained_with(tmp_path: Path) -> None:
    class OwnLoss(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    model = table_model()
    model.compile("adam", OwnLoss())
    content = to_keras(model)
    assert "config.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    (tmp_path / "model.keras").write_bytes(content)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs = table_inputs(4)
    np.testing.assert_array_equal(predict(loaded, inputs), predict(model, inputs))


@pytest.mark.parametrize("failing", ["mkdir", "rmdir"])
def test_temporary_files_neither_stay_nor_stop_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(path: str, *arguments: Any, **options: Any) -> None:
        if Path(path).name.startswith("nncli-" if failing == "rmdir" else "assets"):  # ours; one that Keras makes
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
        known(path, *arguments, **options)

    known = getattr(os, failing)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, failing, fail)
    if failing == "rmdir":
        assert to_keras(image_model())
    else:
        with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
            to_keras(image_model())
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        tf.errors.ResourceExhaustedError(None, None, "/tmp/nncli-1/saved_model.pb; Too many open files"),
    ],
)
def test_a_file_that_cannot_be_written_says_nothing_of_the_model(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(NncliError, match=r"\.tflite cannot be written: Too many open files") as caught:
        to_tflite(image_model())
    assert not isinstance(caught.value, ExportError)


def test_an_int8_model_takes_the_same_inputs_and_predicts_nearly_the_same() -> None:
    model = image_model()
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1)).astype(np.uint8)
    content = to_int8_tflite(model, {"image": images})
    found, expected = run_tflite(content, {"image": images}), predict(model, {"image": images})
    assert found.dtype == np.float32
    spread = float(expected.max() - expected.min())
    np.testing.assert_allclose(found, expected, atol=spread / 20)
    assert not np.array_equal(found, run_tflite(to_tflite(model), {"image": images}))
    kinds = {np.dtype(tensor["dtype"]).name for tensor in Interpreter(model_content=content).get_tensor_details()}
    assert "int8" in kinds


def test_without_calibration_only_large_kernels_become_int8() -> None:
    keras.utils.set_random_seed(4)
    numbers = keras.Input((64,), name="numbers")
    model = keras.Model([numbers], layers.Dense(1)(layers.Dense(64, activation="relu")(numbers)))
    inputs = {"numbers": np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)}
    content = to_int8_tflite(model, None)
    assert len(content) < 0.5 * len(to_tflite(model))
    np.testing.assert_allclose(run_tflite(content, inputs), predict(model, inputs), atol=0.1)


def test_a_saved_model_takes_its_inputs_by_name(tmp_path: Path) -> None:
    model = table_model()
    to_saved_model(model, tmp_path / "model")
    for examples in (1, 7):
        inputs = table_inputs(examples)
        found = predict_saved_model(tmp_path / "model", inputs)
        np.testing.assert_allclose(found, predict(model, inputs), atol=1e-6)
