"""Encoded rows, written as CSV and encoded again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.facts import CategoryColumn, DataFacts, DateColumn, NumberColumn, TableInput, Target, Task
from nncli.data.inputs.reading import read_inputs
from nncli.data.tables.rewriting import can_rewrite, rewrite_rows


def table(**options: Any) -> TableInput:
    numbers = tuple(NumberColumn(name=name, mean=0.0, deviation=1.0, median=0.0) for name in ("a, b", "c"))
    categories = (CategoryColumn(name="kind", vocabulary=('so "called"', "x;y", "z\n2")),)
    options = {"missing": ("", "NA"), **options}
    return TableInput(numbers=numbers, categories=categories, columns=("a, b", "c", "kind"), **options)


@pytest.mark.parametrize("options", [{}, {"delimiter": ";"}, {"delimiter": "\t"}, {"encoding": "utf-16"}])
def test_rows_come_back_bit_for_bit(options: dict[str, Any], tmp_path: Path) -> None:
    columns = table(**options)
    numbers = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    numbers[:4, 0] = np.array([1e-30, 3.4e38, -0.1, np.nan], np.float32)
    numbers[:3, 1] = np.array([16777216.0, 1 / 3, np.nan], np.float32)
    inputs = {"numbers": numbers, "categories": np.arange(50, dtype=np.int32).reshape(-1, 1) % 4}
    path = tmp_path / "rows.csv"
    path.write_bytes(rewrite_rows(inputs, columns))
    target = Target(task=Task.REGRESSION, columns=("y",))
    facts = DataFacts(source="iris", inputs=columns, target=target, rows={})
    batches = list(read_inputs([str(path)], facts, stdin=None))  # type: ignore[arg-type]
    assert [failure.message for batch in batches for failure in batch.failures] == []
    for name, array in inputs.items():
        np.testing.assert_array_equal(np.concatenate([batch.inputs[name] for batch in batches]), array)


def test_tables_that_lose_something_are_not_rewritten() -> None:
    assert can_rewrite(table())
    assert not can_rewrite(table(dates=(DateColumn(name="day", parts=("year",)),)))
    assert not can_rewrite(table(header=False))
    assert not can_rewrite(table(decimal=","))
    assert not can_rewrite(table(skip=1)) and not can_rewrite(table(comment="#"))
    assert not can_rewrite(table(delimiter="whitespace"))
