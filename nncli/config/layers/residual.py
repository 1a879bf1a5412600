"""The residual block: layers inside a layer, with a way around them."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_serializer, field_validator
from pydantic_core import PydanticCustomError

from nncli.config.layer_section import LayerSection, ShapeError
from nncli.config.section import FromList, Shape

if TYPE_CHECKING:
    from nncli.config.layers import Layer


class Residual(LayerSection):
    """x + layers(x): the layers inside learn only what to change (He et al., 2015, arXiv:1512.03385).

    A dense layer inside needs a flat input: no flatten is put in here.
    """

    EXAMPLE: ClassVar[str] = (
        "- conv2d: {filters: 8}\n"
        "- residual:\n"
        "    layers:\n"
        "      - conv2d: {filters: 8, padding: same}\n"
        "      - conv2d: {filters: 8, padding: same, activation: linear}\n"
        "- activation: {activation: relu}"
    )

    kind: Literal["residual"] = "residual"
    layers: Annotated[tuple["Layer", ...], Field(min_length=1), FromList] = Field(
        description="the layers of the block; without a projection the output must have the shape of the input"
    )
    projection: bool = Field(False, description="project the input to the shape of the output where they differ")

    @field_validator("layers")
    @classmethod
    def _no_output_inside(cls, layers: tuple[LayerSection, ...]) -> tuple[LayerSection, ...]:
        if any(layer.kind == "output" for layer in layers):
            raise PydanticCustomError("output_inside", "an output layer can only be the last one of the network")
        return layers

    @field_serializer("layers")
    def _as_written(self, layers: tuple[LayerSection, ...]) -> list[dict[str, Any]]:
        return [
            {layer.kind: layer.model_dump(mode="json", exclude={"kind"}, exclude_defaults=True, exclude_none=True)}
            for layer in layers
        ]

    def kinds(self) -> tuple[str, ...]:
        """Its own kind, and those of the layers inside it."""
        return (self.kind, *(kind for layer in self.layers for kind in layer.kinds()))

    def described(self) -> str:
        """The layers inside, by kind."""
        inside = " → ".join(layer.kind for layer in self.layers)
        return f"x + ({inside}){', projection' if self.projection else ''}"

    def output_shape(self, input_shape: Shape) -> Shape:
        """That of the last layer inside."""
        output = self._inner_shapes(input_shape)[-1]
        if output == input_shape:
            return output
        if not self.projection:
            raise ShapeError(
                f"adds its input {input_shape} to the output {output} of its layers, and they must be equal; "
                "use `padding: same` and as many filters or units as come in, or `projection: true`"
            )
        _strides_between(input_shape, output)
        return output

    def projection_strides(self, input_shape: Shape) -> Shape | None:
        """How far the projection moves along each axis but the last; None where none is needed.

        Raises ShapeError where no step gives the output's shape.
        """
        output = self._inner_shapes(input_shape)[-1]
        return None if output == input_shape else _strides_between(input_shape, output)

    def parameter_count(self, input_shape: Shape) -> int:
        """Those of the layers inside, and of the projection's kernel."""
        shapes = [input_shape, *self._inner_shapes(input_shape)]
        inside = sum(layer.parameter_count(shape) for layer, shape in zip(self.layers, shapes[:-1], strict=True))
        projected = self.projection and shapes[-1] != input_shape
        return inside + (input_shape[-1] * shapes[-1][-1] if projected else 0)

    def _inner_shapes(self, input_shape: Shape) -> list[Shape]:
        """The shape after each layer inside."""
        shapes, shape = [], input_shape
        for index, layer in enumerate(self.layers):
            try:
                shape = layer.output_shape(shape)
            except ShapeError as error:
                raise ShapeError(f"has inside, as layers[{index}], a {layer.kind} that {error}") from None
            shapes.append(shape)
        return shapes


def _strides_between(start: Shape, end: Shape) -> Shape:
    """The steps along each axis but the last by which a kernel that is 1 wide gets from one shape to the other."""
    if len(start) == len(end):
        strides = tuple(-(-size // wanted) for size, wanted in zip(start[:-1], end[:-1], strict=True))
        reached = tuple(-(-size // step) for size, step in zip(start[:-1], strides, strict=True))
        if reached == end[:-1]:
            return strides
    raise ShapeError(f"cannot project {start} to {end}; use `padding: same`, and strides to make images smaller")
