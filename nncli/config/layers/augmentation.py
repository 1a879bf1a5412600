"""Random changes of images in training, so that every epoch sees different ones; inactive outside training."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import LayerSection
from nncli.config.layers.windows import demand_image
from nncli.config.section import Shape

_Factor = Annotated[float, Field(ge=0.0, lt=1.0)]
_BEFORE_CONVOLUTION = "\n- conv2d: {filters: 4}"


class RandomFlip(LayerSection):
    """Flips each image with probability 0.5 in training; wrong for digits and text."""

    EXAMPLE: ClassVar[str] = f"- random_flip: {{mode: horizontal}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_flip"] = "random_flip"
    mode: Literal["horizontal", "vertical", "both"] = Field(
        "horizontal", description="horizontal, vertical, or both independently"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (height, width, channels)."""
        demand_image(input_shape)
        return input_shape


class _Augmentation(LayerSection):
    XLA_RUNS_IT: ClassVar[bool] = False

    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = Field(
        "constant", description="fill outside the image: zeros, nearest pixel, reflected, wrapped around"
    )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (height, width, channels)."""
        demand_image(input_shape)
        return input_shape


class RandomTranslation(_Augmentation):
    """Shifts each image by a random distance in training."""

    EXAMPLE: ClassVar[str] = f"- random_translation: {{height_factor: 0.1, width_factor: 0.1}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_translation"] = "random_translation"
    height_factor: _Factor = Field(0.1, description="largest shift up or down, as a fraction of the height")
    width_factor: _Factor = Field(0.1, description="largest shift left or right, as a fraction of the width")


class RandomRotation(_Augmentation):
    """Rotates each image by a random angle in training."""

    EXAMPLE: ClassVar[str] = f"- random_rotation: {{factor: 0.03}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_rotation"] = "random_rotation"
    factor: _Factor = Field(0.03, description="largest rotation either way, as a fraction of a full turn")


class RandomZoom(_Augmentation):
    """Zooms each image in or out at random in training."""

    EXAMPLE: ClassVar[str] = f"- random_zoom: {{height_factor: 0.1}}{_BEFORE_CONVOLUTION}"

    kind: Literal["random_zoom"] = "random_zoom"
    height_factor: _Factor = Field(0.1, description="largest zoom in or out, as a fraction")
