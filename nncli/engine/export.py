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

# Each step of a recurrent layer becomes operations of its own in the file.
MAX_STEPS = 256


def to_tflite(model: keras.Model) -> bytes:
    """The model for LiteRT: inputs by their Keras names in the signature `serving_default`, any number of examples.

    `Interpreter(model_content=...).get_signature_runner()` takes the inputs by name and gives one output, float32
    (n, outputs). Takes 0.2 to 3 seconds. The steps of recurrent layers are written one after another, as the format has
    no loop for a free number of examples. Raises ExportError where the format has no such operation, and for sequences
    of more than MAX_STEPS or of any length.
    """
    # The converter reports to both streams, from Python and from C++; what matters is in the exception.
    with held_stderr(give_out=False), contextlib.redirect_stdout(io.StringIO()):
        try:
            content = _convert(_unrolled(_bare(model)))
        # The converter raises many kinds (ConverterError, ValueError, RuntimeError ...), none of them documented.
        except Exception as error:  # the converter lets through errors of TensorFlow, MLIR and Python alike
            raise ExportError(
                f"the model cannot be written as .tflite: {_first_line(error)}",
                hint="predictions can go through Keras instead, which takes some seconds longer to start",
            ) from error
    return content


def _convert(model: keras.Model) -> bytes:
    """As `TFLiteConverter.from_keras_model`, in two thirds of its time: saved is this one function and no more."""
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
    """TensorFlow writes source code for a signature into the system's folder and leaves it there; so not there."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def to_keras(model: keras.Model) -> bytes:
    """The model as a `.keras` file without loss and optimizer, so that any Keras 3 can load it."""
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
    """The same layers and weights without what `compile` added, which others could not load."""
    return keras.Model(model.inputs, model.outputs if len(model.outputs) > 1 else model.outputs[0], name=model.name)


def _unrolled(model: keras.Model) -> keras.Model:
    """The same network and weights, its recurrent layers without loops where their number of steps is known."""

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
    """The first line of the error's text, without the place in compiled code that the converter puts before it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.rsplit(": error: ", maxsplit=1)[-1][:300]
