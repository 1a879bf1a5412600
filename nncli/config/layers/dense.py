"""Dense layers and the layers that only pass values on: the neuron of the lecture, a = g(w·x + b)."""

from typing import Literal

from pydantic import Field

from nncli.config.layers.contract import ActivationName, LayerSection, ShapeError, WeightedLayer
from nncli.config.section import Positive, Shape, product


class Dense(WeightedLayer):
    """Every unit sees every value: a = g(w·x + b)."""

    kind: Literal["dense"] = "dense"
    units: Positive = Field(description="neurons; each sees every value")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(units,), from a flat input."""
        if len(input_shape) != 1:
            raise ShapeError(f"takes a flat input and got {input_shape}; put `- flatten` before it")
        return (self.units,)

    def parameter_count(self, input_shape: Shape) -> int:
        """One weight for each input of each unit, and a bias for each unit."""
        return self.units * (input_shape[-1] + self.use_bias)


class Output(LayerSection):
    """The output layer, a dense one whose units and activation are chosen from the task when left out."""

    kind: Literal["output"] = "output"
    units: Positive | None = Field(None, description="as many as the task needs when left out")
    activation: ActivationName | None = Field(None, description="the one that fits the loss and the task when left out")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(units,); an output is resolved into a dense layer before anyone asks."""
        if self.units is None:
            raise ShapeError("has no units before the task is known")
        return Dense(units=self.units).output_shape(input_shape)

    def parameter_count(self, input_shape: Shape) -> int:
        """As a dense layer's."""
        return Dense(units=self.units or 1).parameter_count(input_shape)


class Activation(LayerSection):
    """An activation as a layer of its own."""

    kind: Literal["activation"] = "activation"
    activation: ActivationName = Field(description="applied to each value")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Dropout(LayerSection):
    """Sets a random part of its inputs to zero while training (Srivastava et al., 2014)."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0.0, lt=1.0, description="share of the values that are set to zero in training")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Flatten(LayerSection):
    """An image or a grid becomes one row of numbers."""

    kind: Literal["flatten"] = "flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height * width * channels,)."""
        return (product(input_shape),)
