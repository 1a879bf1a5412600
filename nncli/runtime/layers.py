"""Every layer's output for one example, read from the exported model; does not depend on TensorFlow or run folders.

LiteRT keeps all tensors of a model when asked to (`experimental_preserve_all_tensors`), so that no second export is
needed. Their names begin with those of the Keras layers that they come from.
"""

import re
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nncli.errors import RunError
from nncli.runtime.quiet import without_delegate_notice

OUTPUT = "output"
# The converter calls the network's last tensor so, whatever its layer.
_LAST = "StatefulPartitionedCall"
# Keras numbers the names of layers once more where it calls them for the export.
_COUNTED = re.compile(r"_\d+$")


@dataclass(frozen=True)
class LayerValues:
    """A layer's name, its output (without the axis of examples), and whether it is the attention of its heads.

    Attention is (heads, queries, keys), each row of which sums to 1.
    """

    name: str
    values: np.ndarray
    is_attention: bool = False


class LayerReader:
    """A model whose tensors can be read; slower than a `Predictor`, and for one example at a time."""

    def __init__(self, model: bytes) -> None:
        """Loads a .tflite file's content. Raises RunError if it is not a valid model."""
        self._interpreter = _load(model)
        self._lock = threading.Lock()
        details = self._interpreter.get_signature_runner().get_input_details()
        self._inputs: dict[str, Any] = {name: each for name, each in details.items()}
        self._tensors = _find_layers(self._interpreter.get_tensor_details())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the layers in the order in which they are computed."""
        return tuple(name for name, _, is_attention in self._tensors if not is_attention)

    def read(self, inputs: Mapping[str, np.ndarray]) -> list[LayerValues]:
        """The output of each layer for the first row of the inputs, (rows, ...) by name."""
        with self._lock:
            for name, details in self._inputs.items():
                self._interpreter.set_tensor(details["index"], np.ascontiguousarray(inputs[name][:1], details["dtype"]))
            self._interpreter.invoke()
            return [
                LayerValues(name, np.array(self._interpreter.get_tensor(index)[0]), is_attention)
                for name, index, is_attention in self._tensors
            ]


def _load(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter  # late, as in `predictor`

    try:
        with without_delegate_notice(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that this takes memory, which is meant here
            interpreter = Interpreter(model_content=model, num_threads=1, experimental_preserve_all_tensors=True)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise RunError(f"the exported model cannot be loaded: {error}", hint="train again") from error
    return interpreter


def _find_layers(tensors: list[dict[str, Any]]) -> list[tuple[str, int, bool]]:
    """Name, index and kind of the last tensor of each layer, in the order of the network."""
    last: dict[str, int] = {}
    attention: dict[str, int] = {}
    for each in sorted(tensors, key=lambda each: each["index"]):
        shape = each["shape_signature"].tolist()
        if not shape or shape[0] != -1 or -1 in shape[1:]:
            continue
        if each["name"].startswith(_LAST):
            last[OUTPUT if OUTPUT not in last else "probabilities"] = each["index"]
            continue
        names = _layers_in(each["name"])
        for name in names:
            last.pop(name, None)  # so that it takes its place in the order again
            last[name] = each["index"]
            if len(shape) == 4 and each["name"].endswith("/Softmax"):
                attention[name] = each["index"]
    # Layers that were fused into one operation have one tensor, which goes by the name of the last of them.
    by_index = {index: name for name, index in last.items()}
    found = [(name, index, False) for index, name in by_index.items()]
    found += [(name, index, True) for name, index in attention.items()]
    return sorted(found, key=lambda each: each[1])


def _layers_in(name: str) -> list[str]:
    """The layers in a tensor's name, such as `digits_1/dense_1_1/MatMul;digits_1/dense_1_1/Relu`, without repeats."""
    paths = [part.split("/") for part in name.split(";")]
    return list(dict.fromkeys(_COUNTED.sub("", path[1]) for path in paths if len(path) > 2))
