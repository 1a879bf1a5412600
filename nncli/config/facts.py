"""What is known about a data set: shapes, columns, classes, statistics of its training set.

`DataFacts` is the frozen value between the rooms: `data` makes it, the rules and the builder read it, and `inputs.json`
in a run folder is nothing but it, so that an input always becomes an array in the same way. It does not depend on
arrays or files.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from nncli.config.section import FromList, Names, Section, Shape
from nncli.config.text_format import TextFormat

# Up to this many known values a category becomes one-hot; above, it becomes an embedding (DESIGN.md, section 3).
ONE_HOT_LIMIT = 16


def _one_value_each(spellings: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    seen: dict[str, str] = {}
    for value, others in spellings.items():
        for text in (value, *others):
            if text in seen:
                where = f"under {seen[text]} and under {value}" if seen[text] != value else f"twice under {value}"
                raise PydanticCustomError("spelling", "listed twice", {"spelling": text, "where": where})
            seen[text] = value
    return spellings


# A value and its other spellings.
Spellings = Annotated[dict[str, Names], AfterValidator(_one_value_each)]

# How an image of another aspect becomes one of the model's size (data.images.decoding).
Resize = Literal["pad", "crop", "stretch"]
# How drawings become images like those of the training set (data.images.ink).
Prepare = Literal["ink"]


class Task(StrEnum):
    """What is predicted (the lecture's choice of the output layer hangs on it)."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"
    POSITIVE_REGRESSION = "positive_regression"

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number and not a class or label."""
        return self in (Task.REGRESSION, Task.POSITIVE_REGRESSION)


class ImageInput(Section):
    """Images as uint8 (or float32) arrays of (height, width, channels)."""

    kind: Literal["image"] = "image"
    height: int
    width: int
    channels: int
    dtype: Literal["uint8", "float32"] = "uint8"
    scale: float = Field(description="what the model's first layer multiplies by: 1/255, digits 1/16")
    border: float | None = Field(
        None, description="median of the border's pixels in the training set, to notice inverted images"
    )
    resize: Resize | None = Field(
        None,
        description="how another aspect is fitted; older runs do not say it: they pad grey images and stretch others",
    )
    prepare: Prepare | None = Field(
        None, description="ink: a drawing is found, scaled and centred as those of the training set were"
    )

    @property
    def shape(self) -> Shape:
        """The shape of one image in the order Keras calls channels_last."""
        return (self.height, self.width, self.channels)


# How numbers enter the network: (x - mean) / deviation; their rank among the training rows; a part for each bin.
NumberEncoding = Literal["standard", "quantile", "piecewise_linear"]


class NumberColumn(Section):
    """A numeric column; the statistics are those of its present values in the training set."""

    kind: Literal["number"] = "number"
    name: str
    mean: float
    deviation: float = Field(description="standard deviation, 1.0 for a constant column")
    median: float
    has_missing: bool = Field(False, description="whether training rows lack it: then an indicator is added")
    minimum: float | None = Field(None, description="the smallest value; None in runs of earlier versions")
    maximum: float | None = None
    edges: Annotated[tuple[float, ...], FromList] = Field(
        (), description="of the bins of an encoding that has some, in ascending order"
    )


class CategoryColumn(Section):
    """A column of names; index i + 1 stands for vocabulary[i], index 0 for missing or unseen."""

    kind: Literal["category"] = "category"
    name: str
    vocabulary: Annotated[tuple[str, ...], FromList]

    @property
    def width(self) -> int:
        """How many numbers the column becomes: one-hot of the known values, or an embedding."""
        known = len(self.vocabulary)
        return known if known <= ONE_HOT_LIMIT else min(50, round(known**0.5) + 1)


# What numbers that are dates count: years, the digits of 20241231, or seconds and their parts since 1970.
DateUnit = Literal["year", "yyyymmdd", "s", "ms", "us", "ns"]
DatePart = Literal["year", "month", "weekday", "hour"]
# The parts that come round again enter as points on a circle.
_ROUND = ("month", "weekday", "hour")


class DateColumn(Section):
    """A column of dates or times and how its cells are read; numbers are made of its `parts`."""

    kind: Literal["date"] = "date"
    name: str
    has_days: bool = Field(True, description="false for times of the day without a date")
    day_first: bool | None = Field(
        None, description="whether 03/04/2024 is the third of April; None where training had no such date"
    )
    unit: DateUnit | None = Field(None, description="what its numbers count, where dates are numbers")
    parts: Annotated[tuple[DatePart, ...], FromList] = Field((), description="those that vary in the training set")

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the numbers that are made of it, the same order as its parts."""
        return tuple(name for part in self.parts for name in self.names_of(part))

    def names_of(self, part: DatePart) -> tuple[str, ...]:
        """The names of the numbers that a part becomes: itself, or its sine and cosine."""
        name = f"{self.name}.{part}"
        return (f"{name}.sin", f"{name}.cos") if part in _ROUND else (name,)


class TableInput(TextFormat):
    """Rows of a table as two arrays: `numbers` float32 (rows, n) with NaN for missing, `categories` int32 (rows, m)."""

    kind: Literal["table"] = "table"
    numbers: Annotated[tuple[NumberColumn, ...], FromList] = ()
    categories: Annotated[tuple[CategoryColumn, ...], FromList] = ()
    dates: Annotated[tuple[DateColumn, ...], FromList] = Field(
        (), description="columns of dates; the numbers made of them are among `numbers`, by the names that they have"
    )
    number_encoding: NumberEncoding = "standard"
    with_standard: bool = Field(False, description="whether the standardized numbers stand beside encoded ones")
    values: Spellings = Field(default_factory=dict, description="other spellings of values, as in the config")
    kept: dict[str, Names] = Field(
        default_factory=dict, description="words for a missing value that are values of a column, by the column's name"
    )
    columns: Annotated[tuple[str, ...], FromList] = Field(
        (), description="all the columns of the file the model was trained on, in order"
    )

    @property
    def text_format(self) -> TextFormat:
        """How the text of a table is read, as at training."""
        return TextFormat(**{name: getattr(self, name) for name in TextFormat.model_fields})

    @property
    def shape(self) -> Shape:
        """The shape of one row after encoding: numbers, indicators of missing ones, categories."""
        indicators = sum(column.has_missing for column in self.numbers)
        numbers = len(self.numbers)
        if self.number_encoding == "piecewise_linear":
            numbers = sum(max(1, len(column.edges) - 1) for column in self.numbers)
        if self.with_standard:
            numbers += len(self.numbers)
        return (numbers + indicators + sum(column.width for column in self.categories),)


Input = Annotated[ImageInput | TableInput, Field(discriminator="kind")]


class Target(Section):
    """What is predicted: its task, the names of its columns and classes, statistics of the training set."""

    task: Task
    columns: Annotated[tuple[str, ...], FromList] = Field(description="target columns; one label each for multilabel")
    classes: Annotated[tuple[str, ...], FromList] = Field(
        (), description="class names in the order of the outputs; (negative, positive) for binary; empty otherwise"
    )
    minimum: Annotated[tuple[float, ...], FromList] = Field((), description="per column, regression only")
    mean: Annotated[tuple[float, ...], FromList] = Field(
        (), description="per column: of the numbers (regression), or the rate of each label (multilabel, binary)"
    )
    median: Annotated[tuple[float, ...], FromList] = Field((), description="per column, regression only")
    deviation: Annotated[tuple[float, ...], FromList] = Field((), description="per column, regression only")
    class_counts: Annotated[tuple[int, ...], FromList] = Field((), description="rows of each class in training")
    distinct: Annotated[tuple[int, ...], FromList] = Field(
        (), description="different values in training per column, regression only"
    )
    thresholds: Annotated[tuple[float, ...], FromList] = Field(
        (),
        description="above which probability the positive class (binary) or each label is predicted; one half if empty",
    )
    untested: Annotated[tuple[str, ...], FromList] = Field((), description="classes without a row in the test set")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes; of the labels or target columns where there are no classes."""
        return self.classes or self.columns

    @property
    def outputs(self) -> int:
        """How many output units the task needs (DESIGN.md, section 5)."""
        if self.task is Task.MULTICLASS:
            return len(self.classes)
        return 1 if self.task is Task.BINARY else len(self.columns)


class PixelColumns(TextFormat):
    """The columns of a table that are the pixels of its images, row by row, and how such a table is read."""

    names: Annotated[tuple[str, ...], FromList]
    columns: Annotated[tuple[str, ...], FromList] = Field(description="all the columns of the file, in order")

    @property
    def text_format(self) -> TextFormat:
        """How the text of a table is read, as at training."""
        return TextFormat(**{name: getattr(self, name) for name in TextFormat.model_fields})


class DataFacts(Section):
    """Everything the rules and the builder need to know of a data set."""

    source: str = Field(description="where the data truly came from, a fallback included")
    inputs: Input
    target: Target
    rows: dict[str, int] = Field(description="rows in each part: train, validation, test")
    name_pattern: str | None = Field(None, description="the pattern of the files' names that their classes stand in")
    pixels: PixelColumns | None = Field(None, description="where the images are rows of a table")
    twins: Annotated[tuple[str, ...], FromList] = Field(
        (), description="columns that say the same as the target, row by row"
    )

    def to_bytes(self) -> bytes:
        """The content of inputs.json."""
        return (self.model_dump_json(indent=2) + "\n").encode()
