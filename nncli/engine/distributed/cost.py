"""How long a training step of several workers takes: a model of arithmetic and exchange; does not depend on TensorFlow.

A step on b examples takes fixed + b * per_example. A ring of n workers passes 2 (n - 1) messages one after another,
each of 1 / n of the gradient (Patarasuk and Yuan, 2009: Bandwidth optimal all-reduce algorithms).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nncli.errors import UsageError

# More workers have to save at least this share of an epoch to pay.
_WORTH = 0.1
_UNITS = {"Mb": 1e6 / 8, "Gb": 1e9 / 8, "MB": 1e6, "GB": 1e9}


@dataclass(frozen=True)
class StepTime:
    """The seconds of a step: a `fixed` part, and one `per_example`."""

    fixed: float
    per_example: float

    def of(self, examples: float) -> float:
        """The seconds of a step on this many examples."""
        return self.fixed + self.per_example * examples


def fit_step_time(seconds: Mapping[int, float]) -> StepTime:
    """The line through measured steps by their numbers of examples, by least squares; neither part is negative."""
    sizes, times = np.array(list(seconds), float), np.array(list(seconds.values()))
    if len(seconds) == 1:
        return StepTime(0.0, float(times[0] / sizes[0]))
    per_example, fixed = np.polyfit(sizes, times, 1)
    if per_example < 0:
        return StepTime(float(times.mean()), 0.0)
    if fixed < 0:
        return StepTime(0.0, float((sizes @ times) / (sizes @ sizes)))
    return StepTime(float(fixed), float(per_example))


def exchange_seconds(workers: int, size: int, bandwidth: float, message_seconds: float) -> float:
    """The seconds in which the workers add up gradients of `size` bytes at this many bytes a second, where a message
    takes `message_seconds` besides its bytes."""
    messages = 2 * (workers - 1)
    return messages * (message_seconds + size / workers / bandwidth)


def last_that_pays(seconds: Sequence[tuple[int, float]]) -> int:
    """The largest number of workers that still saves a tenth of the time of the best smaller number.

    `seconds` has (workers, seconds an epoch), the smallest number first.
    """
    paying, best = seconds[0]
    for workers, taken in seconds[1:]:
        if taken <= best * (1 - _WORTH):
            paying, best = workers, taken
    return paying


def read_bandwidth(text: str) -> float:
    """Bytes a second of a network as it is written: `10Gb`, `800Mb` (bits), `1.2GB` (bytes). Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(Mb|Gb|MB|GB)(?:/s|ps|it/s)?", text.strip())
    if match is None or float(match[1]) == 0:
        raise UsageError(f"got --network {text}, expected a number of bits a second", hint="--network 10Gb, or 800Mb")
    return float(match[1]) * _UNITS[match[2]]
