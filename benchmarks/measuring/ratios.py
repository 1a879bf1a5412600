"""The arithmetic of a comparison: seconds of turns become ratios with median and spread; knows no processes."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spread:
    """The middle, the least and the most of some numbers."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one number."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass
class Measured:
    """What one contender did: the seconds of its counted turns, and how good its result is."""

    seconds: list[float] = field(default_factory=list)
    score: float | None = None
    detail: str = ""
    failure: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One line of the result: how many times as long as nncli something took."""

    name: str
    measured: Measured
    ratio: Spread | None
    at_least: float | None

    @property
    def reached(self) -> bool | None:
        """Whether the median is what was demanded; None where nothing was, or nothing could be measured."""
        if self.at_least is None or self.ratio is None:
            return None
        return self.ratio.median >= self.at_least


def compare(name: str, other: Measured, own: Measured, at_least: float | None = None) -> Comparison:
    """Turn by turn, as a busy moment of the machine slows neighbours in time alike."""
    ratios = [theirs / ours for theirs, ours in zip(other.seconds, own.seconds, strict=False)]
    return Comparison(name, other, Spread.of(ratios) if ratios else None, at_least)


def fastest(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The one with the least median of its ratios; None where nothing was measured."""
    known = [comparison for comparison in comparisons if comparison.ratio is not None]
    return min(known, key=lambda comparison: comparison.ratio.median if comparison.ratio else 0.0, default=None)
