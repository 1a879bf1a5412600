"""What every section of a config has in common: strict, frozen, no unknown key, finite numbers."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A part of the config that pydantic checks without any silent conversion."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _tuple_from_list(value: Any) -> Any:
    """YAML has lists and a frozen section has tuples; everything else is left for pydantic to refuse."""
    return tuple(value) if isinstance(value, list) else value


def _tuple_from_one(value: Any) -> Any:
    """A single name stands for a list of one."""
    return (value,) if isinstance(value, str) else _tuple_from_list(value)


FromList = BeforeValidator(_tuple_from_list)
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple_from_one, json_schema_input_type=str | tuple[str, ...])]
# No count in a network or a training is beyond what 32 bits hold; one that is would only fail later, in Keras's words.
Positive = Annotated[int, Field(ge=1, lt=2**31)]
Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]

Shape = tuple[int, ...]


def product(shape: Sequence[int]) -> int:
    """The number of values in an array of that shape."""
    total = 1
    for size in shape:
        total *= size
    return total
