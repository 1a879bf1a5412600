"""Convolutions over images and sequences: each neuron sees a part of the layer before, with shared weights."""

from typing import ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import WeightedLayer
from nncli.config.layers.windows import Padding, Pair, demand_image, demand_sequence, windowed
from nncli.config.section import Positive, Shape


class Conv2D(WeightedLayer):
    """Filters that slide over an image; their weights are shared by all positions."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 8, kernel_size: 3, activation: relu}"

    kind: Literal["conv2d"] = "conv2d"
    filters: Positive = Field(description="number of filters")
    kernel_size: Pair = Field((3, 3), description="height and width of a filter")
    strides: Pair = Field((1, 1), description="step of the filter")
    padding: Padding = Field("valid", description="same keeps the size of the image at stride 1")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, filters)."""
        demand_image(input_shape)
        return (*windowed(input_shape, self.kernel_size, self.strides, self.padding), self.filters)

    def parameter_count(self, input_shape: Shape) -> int:
        """A weight for each value in the window of each filter, and a bias for each filter."""
        height, width = self.kernel_size
        return self.filters * (height * width * input_shape[-1] + self.use_bias)


class Conv1D(WeightedLayer):
    """Filters that slide along a sequence; their weights are shared by all steps."""

    EXAMPLE: ClassVar[str] = "- reshape: {target_shape: [8, 8]}\n- conv1d: {filters: 8, kernel_size: 3}"

    kind: Literal["conv1d"] = "conv1d"
    filters: Positive = Field(description="number of filters")
    kernel_size: Positive = Field(3, description="steps that a filter sees")
    strides: Positive = Field(1, description="step of the filter")
    padding: Literal["valid", "same", "causal"] = Field(
        "valid", description="same keeps the length at stride 1; causal does too, and sees no later step"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """(steps, filters)."""
        demand_sequence(input_shape)
        return (*windowed(input_shape, [self.kernel_size], [self.strides], self.padding), self.filters)

    def parameter_count(self, input_shape: Shape) -> int:
        """A weight for each value in the window of each filter, and a bias for each filter."""
        return self.filters * (self.kernel_size * input_shape[-1] + self.use_bias)


class _Depthwise(WeightedLayer):
    kernel_size: Pair = Field((3, 3), description="height and width of a filter")
    # TensorFlow has depthwise convolutions for equal strides only.
    strides: Positive = Field(1, description="step of the window in both directions")
    padding: Padding = Field("valid", description="same keeps the size of the image at stride 1")
    depth_multiplier: Positive = Field(1, description="filters for each channel")

    def _sizes(self, input_shape: Shape) -> Shape:
        demand_image(input_shape)
        return windowed(input_shape, self.kernel_size, (self.strides, self.strides), self.padding)


class DepthwiseConv2D(_Depthwise):
    """Filters that see one channel each: far fewer weights than a conv2d has."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 4}\n- depthwise_conv2d: {kernel_size: 3, padding: same}"

    kind: Literal["depthwise_conv2d"] = "depthwise_conv2d"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, channels * depth_multiplier)."""
        return (*self._sizes(input_shape), input_shape[-1] * self.depth_multiplier)

    def parameter_count(self, input_shape: Shape) -> int:
        """A weight for each position in the window of each filter, and a bias for each filter."""
        height, width = self.kernel_size
        return input_shape[-1] * self.depth_multiplier * (height * width + self.use_bias)


class SeparableConv2D(_Depthwise):
    """A depthwise convolution, then a 1×1 convolution (Chollet, 2017)."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 4}\n- separable_conv2d: {filters: 8}"

    kind: Literal["separable_conv2d"] = "separable_conv2d"
    filters: Positive = Field(description="output channels")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(height, width, filters)."""
        return (*self._sizes(input_shape), self.filters)

    def parameter_count(self, input_shape: Shape) -> int:
        """Those of the depthwise and the 1×1 convolution, and a bias for each filter."""
        height, width = self.kernel_size
        between = input_shape[-1] * self.depth_multiplier
        return height * width * between + self.filters * (between + self.use_bias)
