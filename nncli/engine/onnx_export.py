"""A model as the bytes of an `.onnx` file, through tf2onnx, and its predictions through ONNX Runtime.

Both packages are optional (the extra `onnx`).
"""

import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nncli.engine.export import telling_failure, unroll
from nncli.errors import ExportError, how_to_install

OUTPUT_NAME = "output_0"
# The newest version of ONNX's operators that tf2onnx is tested with.
OPSET = 18
_INSTALL = f"{how_to_install('onnx')}; or choose another --format"
_INT64 = 7  # onnx.TensorProto.INT64


def to_onnx(model: keras.Model) -> bytes:
    """The model for ONNX Runtime and others: inputs by their Keras names, any number of examples, one output.

    The output is called `output_0`, float32 (n, outputs). Raises ExportError without tf2onnx, and if an operation is
    not supported by the format.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError:
        raise ExportError("the format onnx needs the package tf2onnx", hint=_INSTALL) from None
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    with telling_failure(".onnx", "export it as .tflite, .keras or saved_model"):
        graph, inputs, output = _freeze(unroll(model))
        proto, _ = tf2onnx.convert.from_graph_def(
            graph,
            name=model.name,
            input_names=list(inputs),
            output_names=[output],
            opset=OPSET,
            custom_op_handlers={"Erfc": (_write_erfc, []), "OneHot": (_write_one_hot, [])},
            tensors_to_rename={**inputs, output: OUTPUT_NAME},
        )
        onnx.checker.check_model(proto)  # what tf2onnx does not know, it copies with no more than a line in its log
        return bytes(proto.SerializeToString())


def predict_onnx(content: bytes, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The predictions of an `.onnx` file, float32 (n, outputs). Raises ExportError without ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError:
        raise ExportError("checking an .onnx file needs the package onnxruntime", hint=_INSTALL) from None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [outputs] = session.run([OUTPUT_NAME], {name: np.ascontiguousarray(array) for name, array in inputs.items()})
    return np.asarray(outputs)


def _freeze(model: keras.Model) -> tuple[Any, dict[str, str], str]:
    """The graph with its weights as constants, its inputs with the names they are to have, and its output.

    `tf2onnx.convert.from_function` takes the constants of a Normalization layer for inputs.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype, name=tensor.name) for tensor in model.inputs]
    function = tf.function(lambda *inputs: model(list(inputs), training=False), autograph=False, input_signature=specs)
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    names = {tensor.name: spec.name for tensor, spec in zip(frozen.inputs, specs, strict=True)}
    return frozen.graph.as_graph_def(), names, frozen.outputs[0].name


def _write_erfc(graph: Any, node: Any, name: str, _: Any) -> None:
    """erfc(x) = 1 - erf(x), in Keras's gelu; ONNX has only erf."""
    kind, shape, outputs = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0]), node.output
    one = graph.make_const(f"{name}_one", np.array(1.0, np.float32)).output[0]
    erf = graph.make_node("Erf", node.input, name=f"{name}_erf", dtypes=[kind], shapes=[shape]).output[0]
    graph.remove_node(name)
    graph.make_node("Sub", [one, erf], name=name, outputs=outputs, dtypes=[kind], shapes=[shape])


def _write_one_hot(graph: Any, node: Any, name: str, _: Any) -> None:
    """One-hot by comparison: index -1, a missing or unseen category, gives zeros, which in ONNX is the last place."""
    kind, shape, outputs = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0]), node.output
    index, depth = node.input[0], int(node.inputs[1].get_tensor_value())
    places = graph.make_const(f"{name}_places", np.arange(depth, dtype=np.int64)).output[0]
    last = graph.make_const(f"{name}_axis", np.array([-1], np.int64)).output[0]
    whole = graph.make_node("Cast", [index], attr={"to": _INT64}, name=f"{name}_whole").output[0]
    column = graph.make_node("Unsqueeze", [whole, last], name=f"{name}_column").output[0]
    equal = graph.make_node("Equal", [column, places], name=f"{name}_equal").output[0]
    graph.remove_node(name)
    graph.make_node("Cast", [equal], attr={"to": kind}, name=name, outputs=outputs, dtypes=[kind], shapes=[shape])
