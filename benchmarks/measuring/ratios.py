"""The arithmetic of a comparison: ratios of the turns' seconds, with median, minimum and maximum."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spread:
    """The median, minimum and maximum of some numbers."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one number."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass
class Measured:
    """The measurements of one contender: the seconds of its counted turns, and the score of its result."""

    seconds: list[float] = field(default_factory=list)
    score: float | None = None
    detail: str = ""
    failure: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One line of the table: the time of a contender relative to nncli."""

    name: str
    measured: Measured
    ratio: Spread | None
    at_least: float | None

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the required ratio; None if none is required or nothing was measured."""
        if self.at_least is None or self.ratio is None:
            return None
        return self.ratio.median >= self.at_least


def compare(name: str, other: Measured, own: Measured, at_least: float | None = None) -> Comparison:
    """The ratios turn by turn, as turns of the same round are slowed alike when the machine is busy."""
    ratios = [theirs / ours for theirs, ours in zip(other.seconds, own.seconds, strict=False)]
    return Comparison(name, other, Spread.of(ratios) if ratios else None, at_least)


def fastest(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The comparison with the smallest median ratio; None if nothing was measured."""
    known = [comparison for comparison in comparisons if comparison.ratio is not None]
    return min(known, key=lambda comparison: comparison.ratio.median if comparison.ratio else 0.0, default=None)
