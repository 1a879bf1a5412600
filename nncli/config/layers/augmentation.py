"""Random changes of images in training, so that every epoch sees other ones; outside of training they do nothing."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import LayerSection
from nncli.config.layers.windows import demand_image
from nncli.config.section import Shape

_Factor = Annotated[float, Field(ge=0.0, lt=1.0)]
_BEFORE_CONVOLUTION = "\n- conv2d: {filters: 4}"


class RandomFlip(LayerSection):
    """Mirrors each image with a chance of one half while training; wrong for digits and text."""

    EXAMPLE: ClassVar[str] = f"- random_flip: {{mode: horizontal}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_flip"] = "random_flip"
    mode: Literal["horizontal", "vertical", "both"] = Field(
        "horizontal", description="left and right, top and bottom, or each of the two by a chance of its own"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (height, width, channels)."""
        demand_image(input_shape)
        return input_shape


class _Augmentation(LayerSection):
    XLA_RUNS_IT: ClassVar[bool] = False

    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = Field(
        "constant", description="what comes in at the edge: zeros, the edge, its mirror image, the other side"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (height, width, channels)."""
        demand_image(input_shape)
        return input_shape


class RandomTranslation(_Augmentation):
    """Shifts each image by a random distance while training."""

    EXAMPLE: ClassVar[str] = f"- random_translation: {{height_factor: 0.1, width_factor: 0.1}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_translation"] = "random_translation"
    height_factor: _Factor = Field(0.1, description="at most so far up or down, as a share of the height")
    width_factor: _Factor = Field(0.1, description="at most so far to a side, as a share of the width")


class RandomRotation(_Augmentation):
    """Turns each image by a random angle while training."""

    EXAMPLE: ClassVar[str] = f"- random_rotation: {{factor: 0.03}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_rotation"] = "random_rotation"
    factor: _Factor = Field(0.03, description="at most so far either way, as a share of a full turn")


class RandomZoom(_Augmentation):
    """Makes each image larger or smaller at random while training."""

    EXAMPLE: ClassVar[str] = f"- random_zoom: {{height_factor: 0.1}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_zoom"] = "random_zoom"
    height_factor: _Factor = Field(0.1, description="at most so much nearer or farther, as a share")
