"""The floor of an epoch: the operations it must compute, and the bytes of examples it must read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measuring.peak import Peak
from measuring.task import Task
from nncli.config import layers as sections
from nncli.config.section import product
from nncli.config.stack import StackRow, stack_layers


@dataclass(frozen=True)
class Floor:
    """The operations of an epoch, and the bytes of its examples, which are read once in the form nncli stores them.

    Weights, gradients and activations are not counted in the bytes: for these networks, they fit in the processor's
    caches.
    """

    operations: float
    bytes: float

    def seconds(self, peak: Peak) -> float:
        """The time at the machine's peak: that of computing or of reading, whichever is longer."""
        return max(self.operations / peak.operations, self.bytes / peak.bytes)


def floor_of(task: Task) -> Floor:
    """The floor of one epoch of a training task."""
    rows = stack_layers(task.config, task.facts.inputs.shape)
    products = [count for row in rows if (count := multiply_adds(row))]
    # The forward pass, the gradient of the weights and that of the inputs, which the first layer does not need.
    total = 3 * sum(products) - products[0]
    example = sum(array[:1].nbytes for array in task.train.inputs.values()) + task.train.targets[:1].nbytes
    return Floor(2.0 * total * len(task.train), float(example * len(task.train)))


def multiply_adds(row: StackRow) -> int:
    """The multiply-adds of a layer's matrix products for one example; 0 if it has none."""
    for kind, count in _COUNTS.items():
        if isinstance(row.layer, kind):
            return count(row, row.layer)
    return 0


def _dense(row: StackRow, layer: Any) -> int:
    return row.input_shape[-1] * product(row.output_shape)


def _convolution(row: StackRow, layer: Any) -> int:
    return product(layer.kernel_size) * row.input_shape[-1] * product(row.output_shape)


def _gru(row: StackRow, layer: Any) -> int:
    (steps, width), units = row.input_shape, row.output_shape[-1]
    return steps * 3 * units * (width + units)


def _patches(row: StackRow, layer: Any) -> int:
    return product(layer.patch_size) * row.input_shape[-1] * product(row.output_shape)


def _transformer_block(row: StackRow, layer: Any) -> int:
    """Query, key, value and output projections; attention scores and weighted sums; the two layers of the MLP."""
    places, width = row.input_shape
    mlp: int = 2 * width * layer.mlp_units
    return places * (4 * width * width + 2 * places * width + mlp)


_COUNTS: dict[type[sections.LayerSection], Callable[[StackRow, Any], int]] = {
    sections.Dense: _dense,
    sections.Conv2D: _convolution,
    sections.Gru: _gru,
    sections.Patches: _patches,
    sections.TransformerBlock: _transformer_block,
}
