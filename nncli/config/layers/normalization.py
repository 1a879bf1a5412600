"""Layers that keep values in a steady range while training."""

from typing import ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import LayerSection, ShapeError
from nncli.config.layers.windows import demand_image
from nncli.config.section import Positive, Shape


class BatchNormalization(LayerSection):
    """Normalizes over the batch; four numbers a channel, two of them trained (Ioffe and Szegedy, 2015)."""

    EXAMPLE: ClassVar[str] = (
        "- conv2d: {filters: 4, activation: linear}\n- batch_normalization\n- activation: {activation: relu}"
    )

    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(0.99, ge=0.0, lt=1.0, description="of the running mean and variance")
    epsilon: float = Field(0.001, gt=0.0, description="added to the variance")
    synchronized: bool = Field(
        False, description="whether several workers (`train --workers`) normalize over the batch of all of them"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def parameter_count(self, input_shape: Shape) -> int:
        """gamma, beta, and the moving mean and variance."""
        return 4 * input_shape[-1]


class GroupNormalization(LayerSection):
    """Normalizes each image over its height, width and a group of channels: no batch is needed (Wu and He, 2018)."""

    EXAMPLE: ClassVar[str] = "- conv2d: {filters: 8}\n- group_normalization: {groups: 4}"

    kind: Literal["group_normalization"] = "group_normalization"
    groups: Positive = Field(description="groups of channels; as many as channels normalizes each channel alone")
    epsilon: float = Field(0.001, gt=0.0, description="added to the variance")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (height, width, channels). Raises ShapeError for groups that do not divide the channels."""
        demand_image(input_shape)
        channels = input_shape[-1]
        if channels % self.groups:
            raise ShapeError(
                f"{channels} channels do not divide into {self.groups} groups; take a divisor of {channels}"
            )
        return input_shape

    def parameter_count(self, input_shape: Shape) -> int:
        """gamma and beta."""
        return 2 * input_shape[-1]


class LayerNormalization(LayerSection):
    """Normalizes over the values of one example (Ba et al., 2016)."""

    EXAMPLE: ClassVar[str] = "- dense: {units: 16}\n- layer_normalization"

    kind: Literal["layer_normalization"] = "layer_normalization"
    epsilon: float = Field(0.001, gt=0.0, description="added to the variance")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def parameter_count(self, input_shape: Shape) -> int:
        """gamma and beta."""
        return 2 * input_shape[-1]
