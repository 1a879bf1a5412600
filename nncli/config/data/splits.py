"""How rows are split into sets: by chance, by groups or in order of time, and which fold is the test set."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nncli.config.section import Section

MOST_FOLDS = 100


class SplitRule(Section):
    """What decides which rows go to which set."""

    by: Literal["random", "group", "time"] = Field(
        "random",
        description="random; group keeps rows with the same value together; time puts the latest rows in the test set",
    )
    column: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="group, time: the column with the groups or the dates; it need not be learned from"
    )

    @model_validator(mode="after")
    def _has_a_column(self) -> "SplitRule":
        if self.by == "random" and self.column is not None:
            raise PydanticCustomError("split_column", "by: random takes no column; say by: group or by: time")
        if self.by != "random" and self.column is None:
            what = "dates" if self.by == "time" else "groups"
            raise PydanticCustomError(
                "split_column", "by: {by} needs `column`: the column with the {what}", {"by": self.by, "what": what}
            )
        return self


class Fold(Section):
    """One of several folds of the rows as the test set; `nncli train --folds` trains them all."""

    of: Annotated[int, Field(ge=2, le=MOST_FOLDS)] = Field(description="how many folds the rows are dealt into")
    test: Annotated[int, Field(ge=1, le=MOST_FOLDS)] | Literal["none"] = Field(
        description="the fold that is the test set, counted from 1; none trains on all of them"
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Fold":
        if self.test != "none" and self.test > self.of:
            raise PydanticCustomError(
                "fold_number", "there are {of} folds, got test: {test}", {"of": self.of, "test": self.test}
            )
        return self
