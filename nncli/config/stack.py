"""The stack of layers with the shape and the parameters of each, worked out without Keras."""

from collections.abc import Iterator
from dataclasses import dataclass

from nncli.config.layers import Dense, Flatten, LayerSection, Output, ShapeError
from nncli.config.section import Shape, product
from nncli.config.sections import Config


@dataclass(frozen=True)
class StackRow:
    """One layer of the network; `index` is its place in `model.layers`, None for a Flatten that was put in."""

    index: int | None
    layer: LayerSection
    activation: str | None
    input_shape: Shape
    output_shape: Shape
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """Multiplications and additions for one example, about: each weight is used at every place of the output."""
        return self.parameters * product(self.output_shape[:-1])


class StackError(ValueError):
    """The layer at `index` cannot take the shape that reaches it."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def stack_layers(config: Config, input_shape: Shape) -> list[StackRow]:
    """Each layer with what goes in and comes out. Raises StackError at the first that does not fit."""
    return list(_walk(config, input_shape))


def _walk(config: Config, shape: Shape) -> Iterator[StackRow]:
    for index, layer in enumerate(config.model.layers):
        if isinstance(layer, Output) and index + 1 < len(config.model.layers):
            raise StackError(index, "must be the last layer and occur once; use dense here")
        if isinstance(layer, Dense | Output) and len(shape) > 1:
            flat = Flatten().output_shape(shape)
            yield StackRow(None, Flatten(), None, shape, flat, 0)
            shape = flat
        try:
            output = layer.output_shape(shape)
        except ShapeError as error:
            raise StackError(index, str(error)) from None
        count = _parameters(config, index, layer, shape)
        yield StackRow(index, layer, activation_of(config, layer), shape, output, count)
        shape = output


def _parameters(config: Config, index: int, layer: LayerSection, shape: Shape) -> int:
    """The layer's parameters; of members, those that all share and each member's own (nncli.model.layers.members)."""
    members = config.model.members
    if members == 1 or not isinstance(layer, Dense | Output):
        return layer.parameter_count(shape)
    is_first = not any(isinstance(before, Dense) for before in config.model.layers[:index])
    first = members * shape[-1] if is_first else 0
    if index + 1 == len(config.model.layers):
        return members * layer.parameter_count(shape) + first
    own = layer.units * (1 + layer.use_bias) if isinstance(layer, Dense) else 0
    return product(shape) * layer.output_shape(shape)[-1] + members * own + first


def activation_of(config: Config, layer: LayerSection) -> str | None:
    """The activation a layer has in the end: its own, or the one for hidden layers; None where it has none."""
    if "activation" not in type(layer).model_fields:
        return None
    own: str | None = layer.activation  # type: ignore[attr-defined]
    return own or config.model.hidden_activation
