"""Parts of an evaluation that would not fit into memory or time for millions of rows, measured on some of them."""

from collections.abc import Callable

import numpy as np

from nncli.config.facts import DataFacts
from nncli.data.dataset import Dataset, Part
from nncli.data.streaming.mapping import spread_rows, thin_dataset
from nncli.evaluate.blocks import MANY
from nncli.evaluate.intervals import Interval, bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure

# Resampling more rows than this takes minutes, and their intervals are narrow.
MOST_RESAMPLED = 500_000
# Other models are fitted to, and compared on, this many rows of streamed data.
_FITTED, _COMPARED = 400_000, 200_000
_FEWEST, _MOST_VALUES = 2_000, 1 << 25


def intervals_of_many(
    facts: DataFacts, part: Part, predictions: np.ndarray, progress: Callable[[str, float], None]
) -> dict[str, Interval | None]:
    """The 95 % interval of each metric; of more than half a million rows, from this many of them.

    The width of such an interval falls with the root of the number of rows: that of the sample is shrunk by it, around
    the metric of all rows.
    """
    target = facts.target
    settings = (target.names, target.thresholds, progress)
    rows = np.arange(len(part))
    if len(part) > MOST_RESAMPLED:
        rows = np.sort(np.random.default_rng(0).choice(len(part), MOST_RESAMPLED, replace=False))
    found = bootstrap_intervals(target.task.value, part.targets[rows], predictions[rows], *settings)
    if len(rows) == len(part):
        return found
    some, whole = (_metrics(facts, part.targets[chosen], predictions[chosen]) for chosen in (rows, slice(None)))
    share = (len(rows) / len(part)) ** 0.5
    shrunk: dict[str, Interval | None] = {}
    for name, interval in found.items():
        own, all_rows = some.get(name), whole.get(name)
        if interval is None or own is None or all_rows is None:
            shrunk[name] = None
        else:
            shrunk[name] = (all_rows - share * (own - interval[0]), all_rows + share * (interval[1] - own))
    return shrunk


def thin_for_pictures(part: Part, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The targets and predictions that are drawn: all, or half a million of more than two million."""
    if len(part) <= MANY:
        return part.targets, predictions
    rows = spread_rows(len(part), MOST_RESAMPLED)
    return part.targets[rows], predictions[rows]


def thin_for_references(own: Dataset, predictions: np.ndarray) -> tuple[Dataset, np.ndarray]:
    """The rows that other models are fitted to and compared on, with the predictions for the latter; all, unless the
    data is streamed."""
    if not own.is_streamed:
        return own, predictions
    # Images have many values in a row, which the other models take as matrices of float64.
    most = max(_FEWEST, _MOST_VALUES // sum(array[:1].size for array in own.train.inputs.values()))
    fitted, compared = min(_FITTED, most), min(_COMPARED, most)
    thinned = thin_dataset(own, train=fitted, validation=compared, test=compared)
    return thinned, predictions[spread_rows(len(own.test), compared)]


def _metrics(facts: DataFacts, targets: np.ndarray, predictions: np.ndarray) -> dict[str, float | None]:
    target = facts.target
    baseline = Baseline(target.class_counts, target.mean)
    measured = measure(target.task.value, targets, predictions, target.names, baseline, target.thresholds)
    found: dict[str, float | None] = measured["metrics"]
    return found
