"""How the numbers of a table enter a network: standardized, as ranks, or with a value for each bin."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.config.facts import TableInput
from nncli.config.sections import Data
from nncli.data.dataset import Dataset

ROWS = 300
RANDOM = np.random.default_rng(0)
LONG = np.round(np.exp(RANDOM.normal(size=ROWS)), 3)
FEW = np.arange(ROWS) % 4


def load(path: Path, **numbers: Any) -> Dataset:
    lines = [f"{LONG[i] if i % 11 else ''},{FEW[i]},{i % 2}" for i in range(ROWS)]
    path.write_text("\n".join(["long,few,y", *lines]) + "\n")
    section = Data.model_validate({"source": "csv", "path": str(path), "target": "y", "numbers": numbers})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def encoded(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """What enters the first layer for rows of numbers."""
    import keras

    from nncli.model.inputs import make_inputs

    inputs, tensor = make_inputs(dataset.facts)
    result: np.ndarray = keras.Model(list(inputs.values()), tensor)({"numbers": rows.astype(np.float32)}).numpy()
    return result


def test_bins_have_as_many_training_rows_each_and_few_values_are_bins_of_their_own(tmp_path: Path) -> None:
    dataset = load(tmp_path / "t.csv", encoding="piecewise_linear", bins=10)
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    long, few = inputs.numbers
    values = dataset.train.inputs["numbers"][:, 0]
    counts, _ = np.histogram(values[~np.isnan(values)], long.edges)
    assert len(long.edges) == 11 and counts.max() - counts.min() <= 2
    assert few.edges == (0.0, 1.0, 2.0, 3.0)
    assert inputs.shape == (10 + 3 + 1,)


def test_each_bin_holds_what_of_it_lies_below_the_number(tmp_path: Path) -> None:
    dataset = load(tmp_path / "t.csv", encoding="piecewise_linear", bins=10)
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    edges = np.array(inputs.numbers[0].edges)
    rows = np.array([[edges[3], 1.5], [-5.0, -1.0], [1e30, 99.0], [np.nan, 2.0]])
    result = encoded(dataset, rows)
    np.testing.assert_allclose(result[0, :10], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(result[0, 10:13], [1, 0.5, 0], atol=1e-6)
    np.testing.assert_array_equal(result[1], np.zeros(14))
    np.testing.assert_array_equal(result[2], [1] * 13 + [0])
    median = np.clip((inputs.numbers[0].median - edges[:-1]) / np.diff(edges), 0, 1)
    np.testing.assert_allclose(result[3, :10], median, atol=1e-5)
    assert result[3, 13] == 1.0, "the indicator of a missing number"


def test_quantile_is_the_rank_among_the_training_rows(tmp_path: Path) -> None:
    dataset = load(tmp_path / "t.csv", encoding="quantile", bins=50)
    result = encoded(dataset, dataset.train.inputs["numbers"])
    assert result.shape[1] == 3
    values = dataset.train.inputs["numbers"][:, 0]
    present = ~np.isnan(values)
    ranks = values[present].argsort().argsort() / (present.sum() - 1)
    np.testing.assert_allclose(result[present, 0], ranks, atol=0.03)


def test_the_standardized_number_can_stand_beside_its_bins(tmp_path: Path) -> None:
    both = load(tmp_path / "t.csv", encoding="piecewise_linear", bins=10, with_standard=True)
    bins = load(tmp_path / "t.csv", encoding="piecewise_linear", bins=10)
    plain = load(tmp_path / "t.csv")
    assert both.facts.inputs.shape == (10 + 3 + 2 + 1,)
    rows = np.array([[1.0, 2.0], [np.nan, 0.0]])
    expected = [encoded(bins, rows)[:, :13], encoded(plain, rows)[:, :2], encoded(bins, rows)[:, 13:]]
    np.testing.assert_array_equal(encoded(both, rows), np.concatenate(expected, axis=1))


def test_standard_is_what_it_always_was(tmp_path: Path) -> None:
    plain, named = load(tmp_path / "t.csv"), load(tmp_path / "t.csv", encoding="standard")
    assert plain.facts == named.facts and plain.facts.inputs.shape == (3,)
    rows = np.array([[1.0, 2.0]])
    mean, deviation = plain.facts.inputs.numbers[0].mean, plain.facts.inputs.numbers[0].deviation
    assert encoded(plain, rows)[0, 0] == pytest.approx((1.0 - mean) / deviation, rel=1e-5)


def test_a_column_of_one_training_value_is_zero(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{'' if i % 2 else 7},{i % 5},{i % 2}\n" for i in range(60)))
    section = Data.model_validate(
        {"source": "csv", "path": str(path), "target": "y", "numbers": {"encoding": "piecewise_linear"}}
    )
    dataset = data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)
    result = encoded(dataset, np.array([[7.0, 1.0], [np.nan, 1.0]]))
    assert np.isfinite(result).all() and result.shape[1] == dataset.facts.inputs.shape[0]
