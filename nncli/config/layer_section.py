"""What each layer knows about itself without Keras: its options, its output shape, its parameters."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field

from nncli.config.section import Section, Shape

ActivationName = Literal[
    "linear",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "elu",
    "selu",
    "gelu",
    "silu",
    "leaky_relu",
    "softplus",
    "exponential",
]
ACTIVATIONS: tuple[str, ...] = get_args(ActivationName)

InitializerName = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "zeros",
]


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it; the text says got, expected, fix."""


class Regularizer(Section):
    """A penalty on weights that is added to the loss: l1 * sum(|w|) + l2 * sum(w**2)."""

    l1: float = Field(0.0, ge=0.0, description="adds l1 * sum(|w|) to the loss")
    l2: float = Field(0.0, ge=0.0, description="adds l2 * sum(w**2) to the loss")


_Named = Literal["l1", "l2"]


def _named_regularizer(value: Any) -> Any:
    """`l2` alone stands for Keras's default of 0.01."""
    return {value: 0.01} if value in get_args(_Named) else value


NamedRegularizer = Annotated[
    Regularizer, BeforeValidator(_named_regularizer, json_schema_input_type=_Named | Regularizer)
]


class LayerSection(Section):
    """One entry of `model.layers`; shapes have no batch dimension.

    `EXAMPLE` is what may stand before the output of a network for images of 8 × 8 × 1, one entry a line, to show the
    layer at work; a layer that needs no options and takes an image can leave it out. `XLA_RUNS_IT` is false for a layer
    that XLA has no code for.
    """

    EXAMPLE: ClassVar[str] = ""
    XLA_RUNS_IT: ClassVar[bool] = True

    kind: str

    def kinds(self) -> tuple[str, ...]:
        """Its own kind, and those of the layers inside it."""
        return (self.kind,)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape that leaves the layer. Raises ShapeError where the input cannot be taken."""
        raise NotImplementedError

    def parameter_count(self, input_shape: Shape) -> int:
        """The number of weights, trained or not, as Keras's `count_params` gives it."""
        return 0

    def described(self) -> str:
        """The options that were given, short enough for a table cell."""
        given = self.model_dump(exclude={"kind", "activation"}, exclude_defaults=True)
        flat: dict[str, Any] = {}
        for name, value in given.items():
            flat |= value if isinstance(value, dict) else {name: value}
        return ", ".join(f"{name}={value}" for name, value in flat.items())


class KernelLayer(LayerSection):
    """A layer with one or more kernels: matrices of weights that inputs are multiplied with."""

    kernel_initializer: InitializerName = Field("glorot_uniform", description="how the weights are initialized")
    kernel_regularizer: NamedRegularizer | None = Field(
        None, description="a penalty on large weights: l2 is {l2: 0.01}"
    )


class WeightedLayer(KernelLayer):
    """A layer with a kernel, a bias and an activation; without one it takes `model.hidden_activation`."""

    activation: ActivationName | None = Field(
        None, description="model.hidden_activation when left out; in the output layer, the one that fits the task"
    )
    use_bias: bool = Field(True, description="whether to add a bias")
