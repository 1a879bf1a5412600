"""What columns of a table are: numbers, categories, dates or pixels, and how the numbers are encoded."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from nncli.config.facts import NumberEncoding
from nncli.config.section import FromList, Section

# The limits keep a slip of the keyboard from asking for gigabytes.
_Side = Annotated[int, Field(ge=1, le=1024)]
# One side for both, or (height, width).
ImageSize = _Side | Annotated[tuple[_Side, _Side], FromList]


def _column_type(value: Any) -> Any:
    """Refuses `text`, from which nncli cannot learn yet, with a message of its own."""
    if value == "text":
        raise PydanticCustomError("text_column", "texts cannot be learned from yet")
    return value


ColumnType = Annotated[Literal["number", "category", "date"], BeforeValidator(_column_type)]


class Numbers(Section):
    """How numeric columns are encoded."""

    encoding: NumberEncoding = Field("standard", description="standard, quantile or piecewise_linear")
    bins: Annotated[int, Field(ge=2, le=256)] = Field(
        32, description="quantile and piecewise_linear: at most this many bins a column, each with as many rows"
    )
    with_standard: bool = Field(False, description="quantile and piecewise_linear: the standardized number as well")


class PixelImage(Section):
    """The images that the columns of a table are the pixels of."""

    shape: Annotated[tuple[_Side, _Side], FromList] = Field(
        description="height and width; the columns are the pixels row by row"
    )
    channels: Literal[1, 3] = Field(1, description="3 for colour: red, green and blue of a pixel side by side")
