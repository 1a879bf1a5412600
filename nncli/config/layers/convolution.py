"""Convolution and pooling: each neuron sees a part of the layer before."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nncli.config.layers.contract import LayerSection, ShapeError, WeightedLayer
from nncli.config.section import Positive, Shape


def _pair(value: Any) -> Any:
    """3 stands for [3, 3]."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return tuple(value) if isinstance(value, list) else value


_List = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Pair = Annotated[tuple[Positive, Positive], BeforeValidator(_pair, json_schema_input_type=Positive | _List)]
Padding = Literal["valid", "same"]


def _windowed(shape: Shape, window: tuple[int, int], strides: tuple[int, int], padding: str) -> tuple[int, int]:
    """Height and width after a window has passed over an image, as TensorFlow counts them."""
    if len(shape) != 3:
        raise ShapeError(f"takes (height, width, channels) and got {shape}; it has to stand before a flatten or dense")
    if padding == "same":
        return (-(-shape[0] // strides[0]), -(-shape[1] // strides[1]))
    if shape[0] < window[0] or shape[1] < window[1]:
        raise ShapeError(f"has a window of {window} on an image of {shape[:2]}; use `padding: same` or fewer layers")
    return ((shape[0] - window[0]) // strides[0] + 1, (shape[1] - window[1]) // strides[1] + 1)


class Conv2D(WeightedLayer):
    """Filters that slide over an image; their weights are shared by all positions."""

    kind: Literal["conv2d"] = "conv2d"
    filters: Positive = Field(description="filters that slide over the image")
    kernel_size: Pair = Field((3, 3), description="height and width of a filter")
    strides: Pair = Field((1, 1), description="how far a filter moves at a time")
    padding: Padding = Field("valid", description="same keeps the size of the image at stride 1")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, filters)."""
        return (*_windowed(input_shape, self.kernel_size, self.strides, self.padding), self.filters)

    def parameter_count(self, input_shape: Shape) -> int:
        """A weight for each value under the window for each filter, and a bias for each filter."""
        height, width = self.kernel_size
        return self.filters * (height * width * input_shape[-1] + self.use_bias)


class _Pooling(LayerSection):
    pool_size: Pair = Field((2, 2), description="height and width of the window")
    strides: Pair | None = Field(None, description="how far the window moves at a time; as pool_size when left out")
    padding: Padding = Field("valid", description="same lets the window reach over the edge")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, channels), by default half as high and wide."""
        strides = self.strides or self.pool_size
        return (*_windowed(input_shape, self.pool_size, strides, self.padding), input_shape[-1])


class MaxPooling2D(_Pooling):
    """The largest value of each window."""

    kind: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2D(_Pooling):
    """The mean of each window."""

    kind: Literal["average_pooling2d"] = "average_pooling2d"


class GlobalAveragePooling2D(LayerSection):
    """The mean of each channel over the whole image."""

    kind: Literal["global_average_pooling2d"] = "global_average_pooling2d"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels,)."""
        if len(input_shape) != 3:
            raise ShapeError(f"takes (height, width, channels) and got {input_shape}; put it before a flatten or dense")
        return (input_shape[-1],)
