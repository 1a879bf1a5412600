"""Zeros that cannot be and values far from all others are found once a column; flags, counts and long tails are not."""

from pathlib import Path

import numpy as np
import pytest

from nncli.data.profile.profiling import profile_table
from nncli.data.profile.tables.extremes import extreme_findings
from nncli.data.profile.values import Finding
from nncli.data.tables.files.columns import Table, number_column

GENERATOR = np.random.default_rng(1)
SIZES = GENERATOR.normal(5.7, 1.0, 2000).clip(3.7, 10.0)


def examine(values: np.ndarray) -> list[Finding]:
    column = number_column("a", np.asarray(values, np.float64))
    return extreme_findings(column, Table({"a": column}, np.arange(len(values), dtype=np.int64), name="t"))


def changed(values: np.ndarray, changes: dict[int, float]) -> np.ndarray:
    """The values with other ones at some places; the rows are counted from 0."""
    result = values.copy()
    result[list(changes)] = list(changes.values())
    return result


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({5: 0, 9: 0}, (6, 10)),
        ({7: 58.9, 3: 31.8}, (8, 4)),
        ({5: 0, 7: 58.9}, (6, 8)),
        ({4: -500, 8: 500}, (5, 9)),  # each end alone is hidden behind the other in the range of the rest
        ({2: 0.001}, ()),  # near to the rest as numbers go
        ({}, ()),
    ],
)
def test_impossible_and_extreme_values_are_one_finding_with_their_rows(
    changes: dict[int, float], rows: tuple[int, ...]
) -> None:
    findings = examine(changed(SIZES, changes))
    assert [finding.rows for finding in findings] == ([rows] if rows else [])
    assert {finding.rule for finding in findings} <= {"extreme"}


def test_a_finding_says_which_values_stand_where_and_what_the_rest_is() -> None:
    values = changed(np.linspace(10, 20, 1000), {5: 0, 7: 99, 8: 88})
    assert examine(values)[0].what == "is 0 in row 6, and 99, 88 in rows 8, 9; all other values are from 10 to 20"


@pytest.mark.parametrize(
    "values",
    [
        GENERATOR.lognormal(0, 1, 2000),
        GENERATOR.lognormal(0, 2, 2000),
        np.where(GENERATOR.random(2000) < 0.3, 0, GENERATOR.lognormal(3, 1, 2000)),
        np.eye(1, 1000, 77)[0],
        changed(np.zeros(1000), {3: 7, 8: 7}),
        changed((GENERATOR.random(1000) < 0.3) * 1.0, {5: 3}),
        changed(GENERATOR.integers(1, 6, 1000).astype(float), {5: 0}),
        GENERATOR.poisson(1, 1000),
        np.full(1000, 3.0),
        changed(SIZES[:20], {0: 500}),
    ],
    ids=["income", "longer_tail", "many_zeros", "flag", "two_of_a_kind", "count", "rating", "poisson", "same", "few"],
)
def test_flags_counts_ratings_and_long_tails_are_not_accused(values: np.ndarray) -> None:
    assert examine(values) == []


def test_zeros_that_are_more_than_a_few_are_values_of_the_column() -> None:
    assert examine(changed(SIZES, dict.fromkeys(range(20), 0.0)))
    assert not examine(changed(SIZES, dict.fromkeys(range(21), 0.0)))


def test_missing_and_infinite_numbers_are_passed_over() -> None:
    findings = examine(changed(SIZES, {0: np.nan, 1: np.inf, 7: 58.9}))
    assert [finding.rows for finding in findings] == [(8,)]


def test_diamonds_without_a_size_and_of_a_wrong_size_are_found(shared_data: Path) -> None:
    findings = profile_table(shared_data / "csv" / "diamonds.csv", ["price"]).findings
    told = {finding.columns[0]: finding.what for finding in findings if finding.rule == "extreme"}
    assert set(told) == {"x", "y", "z"}
    assert "58.9, 31.8 in rows 24068, 49190" in told["y"] and "31.8 in row 48411" in told["z"]


@pytest.mark.parametrize(("table", "target"), [("titanic", "survived"), ("mpg", "mpg"), ("penguins", "species")])
def test_real_tables_without_such_values_are_not_accused(shared_data: Path, table: str, target: str) -> None:
    findings = profile_table(shared_data / "csv" / f"{table}.csv", [target]).findings
    assert "extreme" not in {finding.rule for finding in findings}
