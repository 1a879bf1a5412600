"""Rows at the end of a table that sum it up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.profile.profiling import profile_table

ROWS = 60
CELLS = [("north", "south", "west")[index % 3] for index in range(ROWS)]


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, last: Sequence[str]) -> Path:
    rows = [f"{CELLS[i]},{i % 7 + 0.5},{i % 2}" for i in range(ROWS)]
    path.write_text("\n".join(["region,size,y", *rows, *last]) + "\n")
    return path


TOTAL = sum(index % 7 + 0.5 for index in range(ROWS))


@pytest.mark.parametrize(
    "last",
    [["Total,,30"], ["Summe,,"], [f"Gesamt:,{TOTAL},0"], ["Grand total,,30", f"Mean,{TOTAL / ROWS},0"], ["Moyenne,,1"]],
    ids=["total", "German", "sum alone", "two rows", "French"],
)
def test_a_summary_at_the_end_is_dropped_and_said(tmp_path: Path, last: list[str]) -> None:
    path = write(tmp_path / "t.csv", last)
    dataset = load(path)
    assert sum(dataset.facts.rows.values()) == ROWS
    [note] = [note for note in dataset.notes if "`summary: keep`" in note]
    assert str(ROWS + 1) in note
    assert any(finding.rule == "summary" for finding in profile_table(path, ["y"]).findings)


def test_the_config_can_keep_it(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", ["Total,,1"]), summary="keep")
    assert sum(dataset.facts.rows.values()) == ROWS + 1


@pytest.mark.parametrize("last", [["north,,1"], ["Total,3.5,1"], ["Total,,1", "south,1.5,0"]])
def test_other_rows_at_the_end_are_none(tmp_path: Path, last: list[str]) -> None:
    dataset = load(write(tmp_path / "t.csv", last))
    assert sum(dataset.facts.rows.values()) == ROWS + len(last)


def test_a_value_that_comes_more_often_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["Total,,1"])
    path.write_text(path.read_text().replace("north", "Total", 1))
    assert sum(load(path).facts.rows.values()) == ROWS + 1


def test_a_number_column_with_the_word_in_it_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("size,c,y\n" + "".join(f"{i % 9}.5,{CELLS[i]},{i % 2}\n" for i in range(ROWS)) + "Total,,\n")
    assert [column.name for column in load(path).facts.inputs.numbers] == ["size"]
