"""What every section of a config has in common: strict, frozen, no unknown key, finite numbers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

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


def _from_one_or_list(kind: Any) -> BeforeValidator:
    return BeforeValidator(_tuple_from_one, json_schema_input_type=kind | tuple[kind, ...])


FromList = BeforeValidator(_tuple_from_list)
TrackerName = Literal["tensorboard", "mlflow"]
Names = Annotated[tuple[str, ...], _from_one_or_list(str)]
Trackers = Annotated[tuple[TrackerName, ...], _from_one_or_list(TrackerName)]
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


def problem_of_address(address: str | None) -> str | None:
    """Why an address cannot be used, to follow its name; None for one that can."""
    if address is None:
        return None
    if not address.strip():
        return "is empty; leave it out for a database beside the runs"
    try:
        has_user = "@" in urlsplit(address).netloc
    except ValueError:
        return "is no address"
    if has_user:
        return (
            "has a user in it, and is kept in files that are shown to others; set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD instead"
        )
    return None
