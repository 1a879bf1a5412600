"""The layers of a config in PyTorch: the same shapes and operations, with PyTorch's default initialization."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from measuring.task import Task
from nncli.config import layers as sections
from nncli.config.stack import StackRow, stack_layers

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
}


def make_network(task: Task) -> nn.Module:
    """The layers of the config in sequence; the outputs are logits, or scaled numbers. Raises ValueError."""
    rows = stack_layers(task.config, task.facts.inputs.shape)
    modules: list[nn.Module] = []
    if len(task.facts.inputs.shape) == 3 and isinstance(rows[0].layer, sections.Conv2D):
        modules.append(ChannelsFirst())
    for row in rows:
        modules.append(_make_layer(row))
        # PyTorch's cross-entropy takes logits and includes the final softmax.
        if row is not rows[-1] and row.activation and not isinstance(row.layer, _WITH_OWN_ACTIVATION):
            modules.append(_ACTIVATIONS[row.activation]())
    return nn.Sequential(*modules)


def _make_layer(row: StackRow) -> nn.Module:
    for kind, make in _MAKERS.items():
        if isinstance(row.layer, kind):
            return make(row)
    raise ValueError(f"the layer {row.layer.kind} is not implemented in PyTorch in this benchmark")


class ChannelsFirst(nn.Module):
    """(batch, height, width, channels) to (batch, channels, height, width)."""

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """Reorders the axes for the convolutions that follow."""
        return tensor.permute(0, 3, 1, 2)


class Reshaped(nn.Module):
    """Reshapes each example."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._shape = shape

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """(batch, ...) to (batch, *shape)."""
        return tensor.reshape(len(tensor), *self._shape)


class LastOutput(nn.Module):
    """A recurrent layer that returns only the output of the last step."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """(batch, steps, features) to (batch, units)."""
        outputs: torch.Tensor = self.layer(tensor)[0]
        return outputs[:, -1]


class MeanOverPlaces(nn.Module):
    """Global average pooling."""

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """(batch, positions, features) to (batch, features)."""
        return tensor.mean(dim=1)


class Patches(nn.Module):
    """An image as embedded patches with learned position embeddings."""

    def __init__(self, row: StackRow) -> None:
        super().__init__()
        layer: Any = row.layer
        height, width, channels = row.input_shape
        self._down, self._across = layer.patch_size
        self._grid = (height // self._down, width // self._across)
        self.embed = nn.Linear(self._down * self._across * channels, layer.units, bias=False)
        self.positions = nn.Parameter(torch.randn(self._grid[0] * self._grid[1], layer.units) * 0.02)

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """(batch, height, width, channels) to (batch, patches, units)."""
        rows, columns = self._grid
        grid = tensor.reshape(len(tensor), rows, self._down, columns, self._across, -1).transpose(2, 3)
        embedded: torch.Tensor = self.embed(grid.reshape(len(tensor), rows * columns, -1))
        return embedded + self.positions


class TransformerBlock(nn.Module):
    """Pre-norm: x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, row: StackRow) -> None:
        super().__init__()
        layer: Any = row.layer
        width = row.input_shape[-1]
        self.first_norm, self.second_norm = (nn.LayerNorm(width, eps=layer.epsilon) for _ in range(2))
        self.attention = nn.MultiheadAttention(width, layer.num_heads, batch_first=True)
        activation = _ACTIVATIONS[row.activation or layer.activation]()
        self.mlp = nn.Sequential(nn.Linear(width, layer.mlp_units), activation, nn.Linear(layer.mlp_units, width))

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        """(batch, positions, features) to a tensor of the same shape."""
        normal = self.first_norm(tensor)
        tensor = tensor + self.attention(normal, normal, normal, need_weights=False)[0]
        changed: torch.Tensor = tensor + self.mlp(self.second_norm(tensor))
        return changed


def _convolution(row: StackRow) -> nn.Module:
    layer: Any = row.layer
    return nn.Conv2d(row.input_shape[-1], layer.filters, layer.kernel_size, layer.strides, padding=layer.padding)


_WITH_OWN_ACTIVATION = (sections.Gru, sections.TransformerBlock)
_MAKERS: dict[type[sections.LayerSection], Callable[[StackRow], nn.Module]] = {
    sections.Dense: lambda row: nn.Linear(row.input_shape[-1], row.output_shape[-1]),
    sections.Conv2D: _convolution,
    sections.MaxPooling2D: lambda row: nn.MaxPool2d(row.layer.pool_size),  # type: ignore[attr-defined]
    sections.Flatten: lambda row: nn.Flatten(),
    sections.Dropout: lambda row: nn.Dropout(row.layer.rate),  # type: ignore[attr-defined]
    sections.Reshape: lambda row: Reshaped(row.output_shape),
    sections.Gru: lambda row: LastOutput(nn.GRU(row.input_shape[-1], row.output_shape[-1], batch_first=True)),
    sections.Patches: Patches,
    sections.TransformerBlock: TransformerBlock,
    sections.LayerNormalization: lambda row: nn.LayerNorm(row.input_shape[-1], eps=row.layer.epsilon),  # type: ignore[attr-defined]
    sections.GlobalAveragePooling1D: lambda row: MeanOverPlaces(),
}
