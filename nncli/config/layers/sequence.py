"""Layers that read a sequence step by step, and the one that looks values up: lstm, gru, embedding."""

from typing import ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import ActivationName, KernelLayer, ShapeError
from nncli.config.layers.windows import demand_sequence
from nncli.config.section import Positive, Shape

_AS_SEQUENCE = "- reshape: {target_shape: [8, 8]}\n"


class _Recurrent(KernelLayer):
    units: Positive = Field(description="size of the state")
    activation: ActivationName = Field("tanh", description="of the state, whatever hidden_activation is")
    return_sequences: bool = Field(False, description="return the state after every step, not only the last")
    use_bias: bool = Field(True, description="whether to add biases")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(units,), or (steps, units)."""
        demand_sequence(input_shape)
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)


class Lstm(_Recurrent):
    """Long short-term memory: gates decide what is kept from step to step (Hochreiter and Schmidhuber, 1997)."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- lstm: {{units: 8}}"

    kind: Literal["lstm"] = "lstm"

    def parameter_count(self, input_shape: Shape) -> int:
        """Four gates, each with weights for the input and for what is carried, and a bias."""
        return 4 * self.units * (input_shape[-1] + self.units + self.use_bias)


class Gru(_Recurrent):
    """Gated recurrent unit: an lstm with fewer gates (Cho et al., 2014)."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- gru: {{units: 8, return_sequences: true}}\n- gru: {{units: 8}}"

    kind: Literal["gru"] = "gru"

    def parameter_count(self, input_shape: Shape) -> int:
        """Three gates, each with weights for the input and for what is carried, and two biases."""
        return 3 * self.units * (input_shape[-1] + self.units + 2 * self.use_bias)


class Embedding(KernelLayer):
    """Looks up a learned vector for each value: between 0 and 1, as pixels are, rounded to one of the levels.

    Whole numbers never reach a layer: pixels are scaled to 0 to 1 and categories are encoded at the input. With as
    many levels as pixels have values (256, digits 17), each value of a pixel has a vector of its own.
    """

    EXAMPLE: ClassVar[str] = (
        "- reshape: {target_shape: [64]}\n- embedding: {input_dim: 17, output_dim: 4}\n- global_average_pooling1d"
    )

    kind: Literal["embedding"] = "embedding"
    input_dim: Positive = Field(description="levels between 0 and 1; what is outside counts as the nearest")
    output_dim: Positive = Field(description="numbers that stand for a level")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(steps, output_dim) from (steps,); (height, width, output_dim) from (height, width)."""
        if len(input_shape) > 2:
            steps = input_shape[0] * input_shape[1]
            raise ShapeError(
                f"takes (steps,) or (height, width) and got {input_shape}; "
                f"put `- reshape: {{target_shape: [{steps * input_shape[2]}]}}` before it"
            )
        return (*input_shape, self.output_dim)

    def parameter_count(self, input_shape: Shape) -> int:
        """A row of output_dim numbers for each level."""
        return self.input_dim * self.output_dim
