"""A model as the bytes of a `.tflite` or `.keras` file; does not depend on run folders and leaves no file behind."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.process.silence import held_stderr
from nncli.errors import ExportError

# Recurrent layers are unrolled: every time step adds operations to the file.
MAX_STEPS = 256


def to_tflite(model: keras.Model) -> bytes:
    """The model for LiteRT: signature `serving_default`, inputs by their Keras names, any number of examples.

    `Interpreter(model_content=...).get_signature_runner()` takes the inputs by name and returns one output, float32
    (n, outputs). Takes 0.2 to 3 seconds. Recurrent layers are unrolled, as the format has no loop that allows a
    variable number of examples. Raises ExportError if an operation is not supported by the format, and for sequences
    longer than MAX_STEPS or of variable length.
    """
    # The converter writes to both streams, from Python and from C++; what matters is in the exception.
    with held_stderr(give_out=False), contextlib.redirect_stdout(io.StringIO()):
        try:
            content = _convert(_unrolled(_bare(model)))
        # The converter raises many undocumented types (ConverterError, ValueError, RuntimeError ...).
        except Exception as error:  # from TensorFlow, MLIR and Python alike
            raise ExportError(
                f"the model cannot be converted to .tflite: {_first_line(error)}",
                hint="predictions can use Keras instead, which takes a few seconds longer to start",
            ) from error
    return content


def _convert(model: keras.Model) -> bytes:
    """Like `TFLiteConverter.from_keras_model` in two thirds of the time: it saves only this one function."""
    specs = {tensor.name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    serve = tf.function(
        lambda **inputs: {"output_0": model([inputs[tensor.name] for tensor in model.inputs], training=False)},
        autograph=False,
    ).get_concrete_function(**specs)
    module = tf.Module()
    module.variables_of_model = [variable.value for variable in model.variables]  # what is saved with the function
    with tempfile.TemporaryDirectory(prefix="nncli-") as folder, _temporary_files_in(folder):
        tf.saved_model.save(module, folder, signatures={"serving_default": serve})
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"]).convert())


@contextlib.contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """Redirects temporary files: TensorFlow writes a signature's source code to the system's folder and leaves it."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def to_keras(model: keras.Model) -> bytes:
    """The model as a `.keras` file without loss and optimizer, which any Keras 3 can load."""
    with tempfile.TemporaryDirectory(prefix="nncli-") as folder:
        path = Path(folder) / "model.keras"
        try:
            _bare(model).save(path)
        except (ValueError, TypeError, NotImplementedError) as error:  # a layer that cannot be described
            raise ExportError(
                f"the model cannot be written as .keras: {_first_line(error)}",
                hint="give each layer of your own a `get_config` that returns all its arguments",
            ) from error
        return path.read_bytes()


def _bare(model: keras.Model) -> keras.Model:
    """The same layers and weights without what `compile` added, which could not be loaded without nncli."""
    return keras.Model(model.inputs, model.outputs if len(model.outputs) > 1 else model.outputs[0], name=model.name)


def _unrolled(model: keras.Model) -> keras.Model:
    """The same network and weights with its recurrent layers unrolled where the number of steps is known."""

    def unroll(layer: Any) -> Any:
        options = layer.get_config()
        known = isinstance(layer, keras.layers.RNN) and layer.input.shape[1]
        if known and known <= MAX_STEPS:
            options["unroll"] = True
        return type(layer).from_config(options)

    if not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
        return model
    copy = keras.models.clone_model(model, clone_function=unroll)
    copy.set_weights(model.get_weights())
    return copy


def _first_line(error: Exception) -> str:
    """The first line of the error message, without the source location that the converter puts before it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.rsplit(": error: ", maxsplit=1)[-1][:300]
