"""Columns of dates and times: found in many formats, and learned from as numbers."""

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.config.facts import TableInput
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.inputs import load_labelled, read_inputs
from nncli.data.profile.profiling import profile_table
from nncli.errors import DataError

ROWS = 120
MOMENTS = [datetime(2022, 1, 30, 0, 5) + timedelta(hours=37 * index) for index in range(ROWS)]


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, style: str, changed: dict[int, str] | None = None) -> Path:
    cells = [moment.isoformat() if style == "iso" else moment.strftime(style) for moment in MOMENTS]
    for row, text in (changed or {}).items():
        cells[row] = text
    path.write_text("day;x;y\n" + "".join(f"{cell};{i % 7}.5;{i % 2}\n" for i, cell in enumerate(cells)))
    return path


def inputs_of(dataset: Dataset) -> TableInput:
    assert isinstance(dataset.facts.inputs, TableInput)
    return dataset.facts.inputs


DAYS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%d.%m.%y"]
MINUTES = ["iso", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%SZ"]


@pytest.mark.parametrize("style", [*DAYS, *MINUTES])
def test_a_date_in_any_usual_format_gives_the_same_arrays(tmp_path: Path, style: str) -> None:
    plain = "%Y-%m-%d" if style in DAYS else "%Y-%m-%d %H:%M"
    ours = load(write(tmp_path / "a.csv", style), delimiter=";")
    theirs = load(write(tmp_path / "b.csv", plain), delimiter=";")
    assert [column.name for column in inputs_of(ours).numbers] == [column.name for column in inputs_of(theirs).numbers]
    np.testing.assert_array_equal(ours.train.inputs["numbers"], theirs.train.inputs["numbers"])
    hours = [column.name for column in inputs_of(ours).numbers if "hour" in column.name]
    assert hours == ([] if style in DAYS else ["day.hour.sin", "day.hour.cos"])


def test_the_parts_are_what_they_say(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", "%Y-%m-%d %H:%M"), delimiter=";")
    names = [column.name for column in inputs_of(dataset).numbers]
    columns = dict(zip(names, dataset.train.inputs["numbers"].T, strict=True))
    moments = [MOMENTS[row] for row in dataset.train.rows]
    np.testing.assert_allclose(columns["day.days"], [(m - datetime(1970, 1, 1)) / timedelta(days=1) for m in moments])
    turns = np.array([(moment.month - 1) / 12 for moment in moments])
    np.testing.assert_allclose(columns["day.month.cos"], np.cos(2 * np.pi * turns), atol=1e-6)
    turns = np.array([moment.weekday() / 7 for moment in moments])
    np.testing.assert_allclose(columns["day.weekday.sin"], np.sin(2 * np.pi * turns), atol=1e-6)
    assert "day.year" not in names, "all rows are of 2022"
    assert any(note.startswith("day: read as a date: days, month, weekday, hour (`columns") for note in dataset.notes)


@pytest.mark.parametrize("style", ["%H:%M", "%H:%M:%S", "%I:%M %p"])
def test_a_time_is_its_hour_and_not_one_of_many_names(tmp_path: Path, style: str) -> None:
    dataset = load(write(tmp_path / "t.csv", style), delimiter=";")
    assert [column.name for column in inputs_of(dataset).numbers] == ["day.hour.sin", "day.hour.cos", "x"]
    assert not inputs_of(dataset).categories


def test_day_and_month_are_told_apart_by_the_whole_column_or_the_doubt_is_said(tmp_path: Path) -> None:
    assert inputs_of(load(write(tmp_path / "a.csv", "%m/%d/%Y"), delimiter=";")).dates[0].format == "%m/%d/%Y"
    path = tmp_path / "b.csv"
    path.write_text("day;x;y\n" + "".join(f"0{1 + i % 9}/0{1 + i % 7}/2024;{i % 5};{i % 2}\n" for i in range(ROWS)))
    dataset = load(path, delimiter=";")
    assert inputs_of(dataset).dates[0].format == "%d/%m/%Y"
    assert any("`dates: {day: '%m/%d/%Y'}` if not" in note for note in dataset.notes)
    settled = load(path, delimiter=";", dates={"day": "%m/%d/%Y"})
    assert inputs_of(settled).dates[0].format == "%m/%d/%Y" and not any(
        "if not)" in n and "dates:" in n for n in settled.notes
    )


def test_a_missing_date_is_a_missing_number_and_text_among_dates_is_refused(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", "%Y-%m-%d", {index: "" for index in range(0, ROWS, 5)}), delimiter=";")
    assert inputs_of(dataset).numbers[0].has_missing
    path = write(tmp_path / "u.csv", "%Y-%m-%d", {3: "soon"})
    with pytest.raises(DataError, match=r'column "day" has texts that are not dates as ISO 8601.*: "soon"') as caught:
        load(path, delimiter=";")
    assert "drop: [day]" in str(caught.value.hint)
    assert not inputs_of(load(path, delimiter=";", missing=("", "soon"))).categories


def test_evaluation_and_prediction_read_dates_as_training_did(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "%d.%m.%Y %H:%M")
    dataset = load(path, delimiter=";")
    part = load_labelled(str(path), dataset.facts)
    [batch] = read_inputs([str(path)], dataset.facts, stdin=io.BytesIO())
    np.testing.assert_array_equal(part.inputs["numbers"], batch.inputs["numbers"])
    np.testing.assert_array_equal(part.inputs["numbers"][dataset.test.rows], dataset.test.inputs["numbers"])
    other = write(tmp_path / "u.csv", "%d.%m.%Y %H:%M", {2: "2022-02-01"})
    [batch] = read_inputs([str(other)], dataset.facts, stdin=io.BytesIO())
    assert len(batch.names) == ROWS - 1
    assert batch.failures[0].name.endswith("row 3") and '"2022-02-01"' in batch.failures[0].message
    path.write_text("x;y\n1;0\n")
    [batch] = read_inputs([str(path)], dataset.facts, stdin=io.BytesIO())
    assert 'no column "day"' in batch.failures[0].message


def test_a_test_set_of_its_own_the_config_and_the_profile(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "%Y-%m-%d")
    dataset = load(path, delimiter=";", test=str(write(tmp_path / "u.csv", "%Y-%m-%d")))
    assert dataset.facts.rows["test"] == ROWS
    assert profile_table(path, ["y"]).column("day").kind == "date"
    as_names = load(path, delimiter=";", columns={"day": "category"})
    assert [column.name for column in inputs_of(as_names).categories] == ["day"]
    only = load(path, delimiter=";", features=("day",))
    assert all(column.name.startswith("day.") for column in inputs_of(only).numbers)
    assert inputs_of(only).columns == ("day", "x", "y")
