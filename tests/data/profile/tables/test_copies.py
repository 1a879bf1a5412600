"""Columns that say the same as each other are found in groups; columns that only seem to are not."""

from pathlib import Path

import numpy as np

from nncli.data.profile.profiling import profile_table
from nncli.data.profile.tables.copies import find_copies
from nncli.data.tables.files.columns import Column, number_column, text_column

CODES = np.random.default_rng(2).integers(0, 3, 90).astype(np.int32)
NUMBERS = np.random.default_rng(3).normal(size=90)


def coded(name: str, codes: np.ndarray) -> Column:
    return text_column(name, codes.astype(np.int32), ["p", "q", "r", "s"])


def test_a_column_in_other_words_is_a_copy_and_groups_hold_all_of_them() -> None:
    columns = [
        number_column("number", CODES + 1.0),
        number_column("length", NUMBERS),
        coded("word", 2 - CODES),
        number_column("again", NUMBERS),
        coded("third", CODES),
    ]
    assert find_copies(columns) == [["number", "word", "third"], ["length", "again"]]


def test_a_coarser_column_and_one_with_another_row_are_no_copies() -> None:
    other = CODES.copy()
    other[4] = (other[4] + 1) % 3
    columns = [coded("a", CODES), coded("coarse", np.minimum(CODES, 1)), coded("other", other)]
    assert find_copies(columns) == []


def test_missing_cells_have_to_be_missing_in_both() -> None:
    gaps = np.where(np.arange(90) == 7, -1, CODES)
    assert find_copies([coded("a", gaps), coded("b", gaps)]) == [["a", "b"]]
    assert find_copies([coded("a", gaps), coded("b", CODES)]) == []


def test_numbers_that_hardly_repeat_are_copies_only_if_they_are_equal() -> None:
    assert find_copies([number_column("a", NUMBERS), number_column("b", np.arange(90.0))]) == []


def test_titanic_has_two_pairs(shared_data: Path) -> None:
    findings = profile_table(shared_data / "csv" / "titanic.csv", ["survived"]).findings
    copies = {finding.columns: finding.fix for finding in findings if finding.rule == "copy"}
    assert copies == {("pclass", "class"): "`drop: [class]`", ("embarked", "embark_town"): "`drop: [embark_town]`"}
