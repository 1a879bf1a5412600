"""The paired difference of two variants over seeds, its interval and its tests; does not know what was trained."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.05
# Differences closer than this, relative to the largest, differ by rounding alone.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class PairedDifference:
    """First minus second of each seed. `p`, `interval` and `standard_error` are None where nothing can be said.

    `interval` is the 95 % interval of the mean; `has_spread` is false where every seed gave the same difference.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float | None
    standard_error: float | None
    has_spread: bool
    p: float | None
    interval: tuple[float, float] | None

    def equivalence(self, margin: float) -> float | None:
        """The p value of "they differ by `margin` or more": the larger of two one-sided t tests.

        Schuirmann, A comparison of the two one-sided tests procedure and the power approach for assessing the
        equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.
        """
        if self.standard_error is None:
            return None
        from scipy.special import stdtr

        return float(stdtr(len(self.values) - 1, (abs(self.mean) - margin) / self.standard_error))

    def interval_at(self, level: float) -> tuple[float, float] | None:
        """The two-sided interval of the mean at a level such as 0.9."""
        if self.standard_error is None:
            return None
        from scipy.special import stdtrit

        reach = float(stdtrit(len(self.values) - 1, (1 + level) / 2)) * self.standard_error
        return self.mean - reach, self.mean + reach


def compare_pairs(
    values: Sequence[float], *, overlap: float = 0.0, resolution: float | None = None
) -> PairedDifference:
    """Student's t test of the mean of paired differences, one a seed, against zero.

    `overlap` is 0 where all seeds are measured on one fixed test part: given that part and the training rows, the
    trainings are independent draws, and the test is the plain paired one. It assumes differences that are about
    normal, and its answer holds for further trainings on that split.

    Where each seed draws a new split of one data set, the differences are not independent, since their training sets
    share most rows: the variance of the mean is then s² (1/n + n_test/n_train) in place of s²/n, and `overlap` is
    n_test/n_train, with all rows outside the test part as n_train, validation included. This is the corrected resampled
    t test of Nadeau and Bengio, Inference for the generalization error, Machine Learning 52, 2003. It is a heuristic:
    it takes n_test/(n_test + n_train) for the correlation of two seeds.

    `resolution` is the difference that a single test row makes to a metric that counts rows. Two variants that differ
    by k rows disagree on at least k, each of which could have gone either way, so that the variance is at least k rows;
    s² is not taken to be smaller than that, nor than that of one row. Where every seed gives the same difference,
    nothing is known of the spread: the seeds then count as one, and without a resolution there is no test.
    """
    count, mean = len(values), statistics.fmean(values)
    if count < 2:
        return PairedDifference(tuple(values), mean, None, None, False, None, None)
    deviation = statistics.stdev(values)
    has_spread = deviation > _ROUNDING * max(map(abs, values))
    variance = deviation**2
    if resolution is not None:
        rows = statistics.fmean(map(abs, values)) / resolution
        variance = max(variance, resolution**2 * max(1.0, rows))
    elif not has_spread:
        return PairedDifference(tuple(values), mean, deviation, None, False, None, None)
    error = (variance * ((1 / count if has_spread else 1.0) + overlap)) ** 0.5
    from scipy.special import stdtr  # the distribution of `scipy.stats.t`, without the half second of its import

    p = float(2 * stdtr(count - 1, -abs(mean) / error))
    found = PairedDifference(tuple(values), mean, deviation, error, has_spread, p, None)
    return PairedDifference(tuple(values), mean, deviation, error, has_spread, p, found.interval_at(1 - ALPHA))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values adjusted for their number, in the same order; each at most ALPHA is significant.

    The chance of a single false verdict among all of them is then at most ALPHA, whatever their dependence: Holm, A
    simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
