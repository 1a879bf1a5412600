"""How the text of a table is written: what separates cells, what the numbers look like, which lines are data."""

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nncli.config.section import Names, Section

WHITESPACE = "whitespace"
Delimiter = Annotated[str, Field(pattern=rf"^(.|\t|{WHITESPACE})$")]
Decimal = Literal[".", ","]
Thousands = Literal["", ",", ".", " ", "'", "_"]


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name).incrementaldecoder  # noqa: B018  some codecs, such as base64, decode no text
        "".encode(name)
    except (LookupError, TypeError):
        known = ["utf-8", "latin-1", "cp1252", "utf-16"]
        raise PydanticCustomError("unknown_name", "unknown encoding", {"got": name, "known": known}) from None
    return name


class TextFormat(Section):
    """How a table's text is read, in training and prediction alike; the defaults are those of plain CSV."""

    delimiter: Delimiter = Field(",", description="between the cells of a CSV: one character, or `whitespace`")
    header: bool = Field(True, description="whether the first row of a CSV names the columns")
    encoding: Annotated[str, AfterValidator(_known_encoding)] = Field(
        "utf-8", description="of the file's text, such as latin-1, cp1252 or utf-16"
    )
    skip: int = Field(0, ge=0, lt=10_000, description="lines above the header (or the first row) that are not data")
    comment: Annotated[str, Field(min_length=1, max_length=8)] | None = Field(
        None, description="lines that begin with this are skipped"
    )
    decimal: Decimal = Field(".", description="the decimal mark of numbers")
    thousands: Thousands = Field("", description="the mark separates groups of three digits")
    missing: Names = Field((), description='cells that mean "no value"')

    @field_validator("thousands")
    @classmethod
    def _not_the_decimal_mark(cls, thousands: Thousands, info: ValidationInfo) -> Thousands:
        if thousands and thousands == info.data.get("decimal"):
            raise PydanticCustomError("same_marks", "the decimal mark too", {"got": thousands})
        return thousands

    @property
    def has_plain_numbers(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self.decimal == "." and not self.thousands
