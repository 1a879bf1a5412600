"""A model as a `.tflite` or `.keras` file or a SavedModel; does not depend on run folders and leaves no file behind."""

import contextlib
import errno
import io
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.process.graphs import trace
from nncli.engine.process.silence import held_stderr
from nncli.errors import ExportError, NncliError

# Recurrent layers are unrolled: every time step adds operations to the file.
MAX_STEPS = 256
_ROOM = "try again; is there room, and in the folder for temporary files?"


def to_tflite(model: keras.Model) -> bytes:
    """The model for LiteRT: signature `serving_default`, inputs by their Keras names, any number of examples.

    `Interpreter(model_content=...).get_signature_runner()` takes the inputs by name and returns one output, float32
    (n, outputs). Takes 0.2 to 3 seconds. Recurrent layers are unrolled, as the format has no loop that allows a
    variable number of examples. Raises ExportError if an operation is not supported by the format, and for sequences
    longer than MAX_STEPS or of variable length.
    """
    with telling_failure(".tflite", "predictions can use Keras instead, which takes a few seconds longer to start"):
        return _convert(unroll(model), [])


def to_int8_tflite(model: keras.Model, calibration: Mapping[str, np.ndarray] | None) -> bytes:
    """The same with 8-bit integers inside; inputs and outputs stay as in `to_tflite`.

    `calibration` has rows by input name, a few hundred of the training set: the ranges of all values between the layers
    are measured on them, and weights and values become int8 (post-training integer quantization). Without it only the
    weights become int8, those of kernels with at least 1,024 of them, and values are computed in float32 (dynamic range
    quantization). Raises ExportError as `to_tflite` does.
    """
    examples = [] if calibration is None else _examples(calibration)
    with telling_failure(".tflite with int8", "export it without --int8"):
        return _convert(unroll(model), examples, quantized=True)


def _examples(inputs: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Each row as a batch of its own."""
    rows = len(next(iter(inputs.values())))
    return [{name: np.ascontiguousarray(array[row : row + 1]) for name, array in inputs.items()} for row in range(rows)]


@contextlib.contextmanager
def telling_failure(what: str, hint: str) -> Iterator[None]:
    """Keeps quiet what converters write to both streams, from Python and from C++; what matters is in the exception.

    Raises ExportError for a model that cannot be converted, and NncliError where a file could not be written meanwhile:
    that says nothing of the model.
    """
    with held_stderr(give_out=False), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        # Converters raise many undocumented types (ConverterError, ValueError, RuntimeError ...).
        except Exception as error:  # from TensorFlow, MLIR and Python alike
            if (reason := _reason_of_system(error)) is not None:
                raise NncliError(f"{what} cannot be written: {reason}", hint=_ROOM) from error
            raise ExportError(f"the model cannot be converted to {what}: {_first_line(error)}", hint=hint) from error


def _reason_of_system(error: Exception) -> str | None:
    """Why a call of the system failed, None for any other error.

    TensorFlow has no errors of the system, and puts their words behind the file: `/tmp/x; No space left on device`.
    """
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    return next((reason for reason in map(os.strerror, errno.errorcode) if f"; {reason}" in str(error)), None)


def _convert(model: keras.Model, examples: list[dict[str, np.ndarray]], *, quantized: bool = False) -> bytes:
    """Like `TFLiteConverter.from_keras_model` in two thirds of the time: it saves only this one function."""
    specs = {tensor.name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    function = tf.function(
        lambda **inputs: {"output_0": model([inputs[tensor.name] for tensor in model.inputs], training=False)},
        autograph=False,
    )
    serve = trace(function, **specs)
    module = tf.Module()
    module.variables_of_model = [variable.value for variable in model.variables]  # what is saved with the function
    with _temporary_folder() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        if quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if examples:
            converter.representative_dataset = lambda: (("serving_default", example) for example in examples)
            # Operations without an int8 version, such as the test for NaN, stay in float32.
            sets = tf.lite.OpsSet
            converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS_INT8, sets.TFLITE_BUILTINS]
        return bytes(converter.convert())


@contextlib.contextmanager
def _temporary_folder() -> Iterator[str]:
    """A folder that also takes the temporary files that TensorFlow and Keras leave in the system's, and is cleared.

    What cannot be cleared stays: it is no reason to lose what was made.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="nncli-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        try:
            yield folder
        finally:
            tempfile.tempdir = before


def to_keras(model: keras.Model) -> bytes:
    """The model as a `.keras` file without loss and optimizer, which any Keras 3 can load."""
    with _temporary_folder() as folder:
        path = Path(folder) / "model.keras"
        try:
            _without_compilation(model).save(path)
        except (ValueError, TypeError, NotImplementedError) as error:  # a layer that cannot be described
            raise ExportError(
                f"the model cannot be written as .keras: {_first_line(error)}",
                hint="give each layer of your own a `get_config` that returns all its arguments",
            ) from error
        return path.read_bytes()


def to_saved_model(model: keras.Model, folder: Path) -> None:
    """Writes a SavedModel, for TensorFlow Serving, into `folder`, which must not exist.

    The signatures `serving_default` and `serve` take the inputs by their Keras names and return `output_0`, float32
    (n, outputs). Raises ExportError.
    """
    bare = _without_compilation(model)
    with telling_failure("a SavedModel", "export it as .keras"):
        bare([tf.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in bare.inputs])  # Keras wants it called once
        with _temporary_folder():
            bare.export(str(folder), format="tf_saved_model", verbose=False)


def predict_saved_model(folder: Path, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The predictions of a SavedModel, float32 (n, outputs), through its signature `serving_default`."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    tensors = {name: tf.convert_to_tensor(np.ascontiguousarray(array)) for name, array in inputs.items()}
    return np.asarray(serve(**tensors)["output_0"])


def _without_compilation(model: keras.Model) -> keras.Model:
    """The same layers and weights without what `compile` added, which could not be loaded without nncli."""
    return keras.Model(model.inputs, model.outputs if len(model.outputs) > 1 else model.outputs[0], name=model.name)


def unroll(model: keras.Model) -> keras.Model:
    """The same network and weights, uncompiled, with recurrent layers unrolled where the number of steps is known."""
    model = _without_compilation(model)

    def copied(layer: Any) -> Any:
        options = layer.get_config()
        known = isinstance(layer, keras.layers.RNN) and layer.input.shape[1]
        if known and known <= MAX_STEPS:
            options["unroll"] = True
        return type(layer).from_config(options)

    if not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
        return model
    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def _first_line(error: Exception) -> str:
    """The first line of the error message, without the source location that the converter puts before it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.rsplit(": error: ", maxsplit=1)[-1][:300]
