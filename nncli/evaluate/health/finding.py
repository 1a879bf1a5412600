"""One thing that is wrong with a training, and the records that rules read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Finding:
    """The id of a rule, the `epoch` since which it holds (0: before training), and what was measured, in words."""

    rule: str
    epoch: int
    told: str


def largest(record: Mapping[str, Any], key: str) -> tuple[float, str]:
    """The largest measure of that name in a record of layers, and the layer; 0 if none has it."""
    found = [(float(layer[key]), str(layer["layer"])) for layer in record["layers"] if layer.get(key) is not None]
    return max(found, default=(0.0, ""))


def numbers(history: Records, key: str) -> Iterator[float]:
    """The values of a metric over the epochs that have it."""
    return (float(record[key]) for record in history if record.get(key) is not None)
