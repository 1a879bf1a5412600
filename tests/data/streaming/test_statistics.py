"""Statistics in blocks against NumPy on the whole column."""

import numpy as np
import pytest

from nncli.data.streaming.statistics import BLOCK, measure_columns


def columns() -> np.ndarray:
    generator = np.random.default_rng(0)
    rows = BLOCK + 12_345
    made = np.stack(
        [
            generator.normal(5, 3, rows),
            generator.exponential(1e-6, rows),
            -generator.integers(0, 4, rows),
            np.full(rows, 7.5),
            np.where(generator.random(rows) < 0.3, np.nan, generator.normal(0, 1e6, rows)),
            np.full(rows, np.nan),
        ],
        axis=1,
    )
    return made.astype(np.float32)


@pytest.mark.parametrize("rows", [1, 2, 101, None])
def test_statistics_in_blocks_are_those_of_numpy(rows: int | None) -> None:
    matrix = columns()[:rows]
    measured = measure_columns(lambda: (matrix[i : i + BLOCK] for i in range(0, len(matrix), BLOCK)), matrix.shape[1])
    for index, found in enumerate(measured):
        values = matrix[:, index].astype(np.float64)
        known = values[~np.isnan(values)]
        assert (found.count, found.missing) == (len(known), len(values) - len(known))
        if not len(known):
            assert (found.mean, found.deviation, found.median, found.minimum) == (0.0, 1.0, 0.0, None)
            continue
        assert found.median == np.median(known)
        assert (found.minimum, found.maximum) == (known.min(), known.max())
        assert found.mean == pytest.approx(known.mean(), rel=1e-12)
        assert found.deviation == pytest.approx(known.std() if known.std() > 0 else 1.0, rel=1e-9)
