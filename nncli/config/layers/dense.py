"""Dense layers and the layers that only pass values on: the neuron of the lecture, a = g(w·x + b)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import ActivationName, LayerSection, ShapeError, WeightedLayer
from nncli.config.section import FromList, Positive, Shape, product

Size = Annotated[int, Field(ge=-1, lt=2**31)]


class Dense(WeightedLayer):
    """Every unit is connected to every input: a = g(w·x + b)."""

    EXAMPLE: ClassVar[str] = "- dense: {units: 16, activation: relu, kernel_regularizer: {l2: 0.001}}"

    kind: Literal["dense"] = "dense"
    units: Positive = Field(description="units; each is connected to every input")

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

    EXAMPLE: ClassVar[str] = "- dense: {units: 16, activation: linear}\n- activation: {activation: tanh}"

    kind: Literal["activation"] = "activation"
    activation: ActivationName = Field(description="applied to each value")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Dropout(LayerSection):
    """Sets a random fraction of its inputs to zero in training (Srivastava et al., 2014)."""

    EXAMPLE: ClassVar[str] = "- dense: {units: 16}\n- dropout: {rate: 0.2}"

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0.0, lt=1.0, description="fraction of the inputs set to zero in training")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class GaussianNoise(LayerSection):
    """Adds Gaussian noise to each value in training."""

    EXAMPLE: ClassVar[str] = "- gaussian_noise: {stddev: 0.1}"

    kind: Literal["gaussian_noise"] = "gaussian_noise"
    stddev: float = Field(ge=0.0, le=1.0, description="standard deviation of the noise")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Flatten(LayerSection):
    """An image or a sequence becomes one row of numbers; added automatically before a dense layer."""

    kind: Literal["flatten"] = "flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height * width * channels,), or (steps * features,)."""
        return (product(input_shape),)


class Reshape(LayerSection):
    """The same values in another shape: the rows of an image as a sequence, a table's row as one of single numbers."""

    EXAMPLE: ClassVar[str] = "- reshape: {target_shape: [8, 8]}\n- conv1d: {filters: 8}"

    kind: Literal["reshape"] = "reshape"
    target_shape: Annotated[tuple[Size, ...], FromList, Field(min_length=1, max_length=4)] = Field(
        description="shape without the batch dimension; one size may be -1, which is then inferred"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The target shape, with the inferred size for -1."""
        total, known = product(input_shape), product([size for size in self.target_shape if size != -1])
        unknown = self.target_shape.count(-1)
        if unknown > 1 or 0 in self.target_shape:
            raise ShapeError(f"has {list(self.target_shape)}; give sizes from 1, and -1 at most once")
        if total % known or (total != known and not unknown):
            raise ShapeError(
                f"makes {list(self.target_shape)} and got {input_shape}, {total} values; "
                "use sizes whose product is that number, or -1 for one of them"
            )
        return tuple(total // known if size == -1 else size for size in self.target_shape)
