"""How far a window can move over an image or a sequence, as TensorFlow counts it; does not depend on layers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nncli.config.layer_section import ShapeError
from nncli.config.section import Positive, Shape


def _pair(value: Any) -> Any:
    """3 stands for [3, 3]."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return tuple(value) if isinstance(value, list) else value


_List = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Pair = Annotated[tuple[Positive, Positive], BeforeValidator(_pair, json_schema_input_type=Positive | _List)]
Padding = Literal["valid", "same"]


def demand_image(shape: Shape) -> None:
    """Raises ShapeError for what is no (height, width, channels)."""
    if len(shape) != 3:
        raise ShapeError(f"takes (height, width, channels) and got {shape}; it has to stand before a flatten or dense")


def demand_sequence(shape: Shape) -> None:
    """Raises ShapeError for what is no (steps, features)."""
    if len(shape) == 3:
        rows, width = shape[0], shape[1] * shape[2]
        raise ShapeError(
            f"takes (steps, features) and got {shape}; put `- reshape: {{target_shape: [{rows}, {width}]}}` before it"
        )
    if len(shape) != 2:
        raise ShapeError(
            f"takes (steps, features) and got {shape}; put it before a flatten or dense, or a reshape before it"
        )


def windowed(shape: Shape, window: Sequence[int], strides: Sequence[int], padding: str) -> Shape:
    """The sizes after a window has passed over all of `shape` but its channels; they are one for each of `window`."""
    sizes = shape[:-1]
    if padding != "valid":
        return tuple(-(-size // stride) for size, stride in zip(sizes, strides, strict=True))
    if any(size < wide for size, wide in zip(sizes, window, strict=True)):
        what = "an image" if len(sizes) == 2 else "a sequence"
        had, got = (values if len(values) > 1 else values[0] for values in (tuple(window), sizes))
        raise ShapeError(f"has a window of {had} on {what} of {got}; use `padding: same` or fewer layers")
    steps = zip(sizes, window, strides, strict=True)
    return tuple((size - wide) // stride + 1 for size, wide, stride in steps)
