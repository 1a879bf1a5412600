"""Pooling over images and sequences: windows, or everything, become one value a channel; no weights."""

from typing import ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import LayerSection
from nncli.config.layers.windows import Padding, Pair, demand_image, demand_sequence, windowed
from nncli.config.section import Positive, Shape

_AS_SEQUENCE = "- reshape: {target_shape: [8, 8]}\n"


class _Pooling2D(LayerSection):
    pool_size: Pair = Field((2, 2), description="height and width of the window")
    strides: Pair | None = Field(None, description="step of the window; pool_size when left out")
    padding: Padding = Field("valid", description="same pads the edges")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, channels), by default half as high and wide."""
        demand_image(input_shape)
        strides = self.strides or self.pool_size
        return (*windowed(input_shape, self.pool_size, strides, self.padding), input_shape[-1])


class MaxPooling2D(_Pooling2D):
    """The largest value of each window."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 4}\n- max_pooling2d: {pool_size: 2}"

    kind: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2D(_Pooling2D):
    """The mean of each window."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 4}\n- average_pooling2d: {pool_size: 2}"

    kind: Literal["average_pooling2d"] = "average_pooling2d"


class _Pooling1D(LayerSection):
    pool_size: Positive = Field(2, description="steps in the window")
    strides: Positive | None = Field(None, description="step of the window; pool_size when left out")
    padding: Padding = Field("valid", description="same pads the end")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(steps, features), by default half as long."""
        demand_sequence(input_shape)
        strides = self.strides or self.pool_size
        return (*windowed(input_shape, [self.pool_size], [strides], self.padding), input_shape[-1])


class MaxPooling1D(_Pooling1D):
    """The largest value of each window along a sequence."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- max_pooling1d: {{pool_size: 2}}"

    kind: Literal["max_pooling1d"] = "max_pooling1d"


class AveragePooling1D(_Pooling1D):
    """The mean of each window along a sequence."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- average_pooling1d: {{pool_size: 2}}"

    kind: Literal["average_pooling1d"] = "average_pooling1d"


class _GlobalPooling2D(LayerSection):
    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels,)."""
        demand_image(input_shape)
        return (input_shape[-1],)


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel over the whole image."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 8}\n- global_average_pooling2d"

    kind: Literal["global_average_pooling2d"] = "global_average_pooling2d"


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel over the whole image."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 8}\n- global_max_pooling2d"

    kind: Literal["global_max_pooling2d"] = "global_max_pooling2d"


class _GlobalPooling1D(LayerSection):
    def output_shape(self, input_shape: Shape) -> Shape:
        """(features,)."""
        demand_sequence(input_shape)
        return (input_shape[-1],)


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each feature over the whole sequence; ends a transformer."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- conv1d: {{filters: 8}}\n- global_average_pooling1d"

    kind: Literal["global_average_pooling1d"] = "global_average_pooling1d"


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest value of each feature over the whole sequence."""

    EXAMPLE: ClassVar[str] = f"{_AS_SEQUENCE}- conv1d: {{filters: 8}}\n- global_max_pooling1d"

    kind: Literal["global_max_pooling1d"] = "global_max_pooling1d"
