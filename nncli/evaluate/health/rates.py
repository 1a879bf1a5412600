"""A learning rate by the losses of a range test; does not depend on how they were measured."""

from collections.abc import Sequence

import numpy as np

# The weight of the past in the average of the losses: about the last ten batches count.
_PAST = 0.9
# The rate is this many times smaller than the one where the smoothed loss is least.
BELOW_LEAST = 10.0
# A loss that falls by less than this share shows no rate.
_FALL = 0.02


def smooth(losses: Sequence[float]) -> np.ndarray:
    """The exponential moving average of the losses, without the bias of its start (Kingma and Ba, 2015), (n,)."""
    averages, average = [], 0.0
    for count, loss in enumerate(losses, 1):
        average = _PAST * average + (1 - _PAST) * loss
        averages.append(average / (1 - _PAST**count))
    return np.asarray(averages)


def choose_rate(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """A tenth of the rate at which the smoothed loss is least, to two digits; None if the loss hardly falls.

    At the least loss the steps are as large as they can be without doing harm; a tenth of it is far enough from there
    (the fastai library's rule). Only finite losses count.
    """
    finite = [loss for loss in losses if np.isfinite(loss)]
    if len(finite) < 3:
        return None
    smoothed = smooth(finite)
    least = int(smoothed.argmin())
    start = float(smoothed[: max(1, min(least, len(smoothed) // 10))].mean())
    if smoothed[least] > (1 - _FALL) * start:
        return None
    return float(f"{rates[least] / BELOW_LEAST:.1e}")
