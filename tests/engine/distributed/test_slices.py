"""Shares of a batch: every row once, and a sum of gradients that is the mean over the batch."""

import numpy as np
import pytest

from nncli.engine.distributed.slices import share_out


@pytest.mark.parametrize(("rows", "workers"), [(32, 2), (33, 2), (7, 3), (3, 3), (1, 4), (2, 3)])
def test_the_sum_over_the_workers_is_the_mean_over_the_batch(rows: int, workers: int) -> None:
    values = np.random.default_rng(rows).normal(size=rows)
    slices = share_out(rows, workers)
    # As Keras has it: the mean over a slice, divided by the number of workers.
    parts = [values[each.start : each.start + each.size].mean() / workers * each.factor for each in slices]
    assert len(slices) == workers
    assert sum(parts) == pytest.approx(values.mean())
    counted = [values[each.start : each.start + each.size] for each in slices if each.counts]
    np.testing.assert_array_equal(np.concatenate(counted), values)


def test_equal_slices_are_not_multiplied() -> None:
    assert {each.factor for each in share_out(32, 4)} == {1.0}
