"""Statistics in blocks against NumPy on the whole column."""

from fractions import Fraction

import numpy as np
import pytest

from nncli.data.streaming.statistics import exact_sum, measure_columns

BLOCK = 1 << 16


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


@pytest.mark.parametrize("block", [1, 700, 1 << 17])
def test_statistics_do_not_depend_on_where_a_block_ends(block: int) -> None:
    matrix = columns()[:2_500]
    measured = [
        measure_columns(lambda rows=rows: (matrix[i : i + rows] for i in range(0, len(matrix), rows)), matrix.shape[1])  # type: ignore[misc]
        for rows in (97, block)
    ]
    assert measured[0] == measured[1]


def test_statistics_of_many_columns_are_those_of_few() -> None:
    matrix = np.tile(columns()[:999], (1, 12))
    many = measure_columns(lambda: iter([matrix]), matrix.shape[1])
    assert many == measure_columns(lambda: iter([matrix[:, :6]]), 6) * 12


def test_sums_are_not_rounded() -> None:
    values = np.random.default_rng(1).normal(size=3_000) * 10.0 ** (np.arange(3_000) % 60)
    values[::7] *= -1e-30
    assert exact_sum(values.copy()) == sum(map(Fraction, values.tolist()))
    assert exact_sum(np.array([1e16, 1.0, -1e16])) == 1
    assert exact_sum(np.zeros(0)) == 0
