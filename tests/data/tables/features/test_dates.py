"""Dates and times as columns to learn from: how they are read, what becomes of them, at training and prediction."""

import calendar
import datetime
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from nncli import data
from nncli.config.facts import DataFacts, TableInput
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.inputs.reading import load_labelled, read_inputs
from nncli.data.profile.proposal.proposal import propose
from nncli.data.tables.features.date_text import find_order, find_unit, from_numbers, parse_dates, parse_times
from nncli.errors import DataError

ROWS = 120
START = datetime.datetime(2022, 11, 3, 4, 5)
TIMES = [START + datetime.timedelta(hours=37 * row, minutes=7 * row) for row in range(ROWS)]


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": path.suffix[1:], "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, cells: list[str], name: str = "day") -> Path:
    lines = [f'{index % 17}.25,"{cell}",{index % 2}' for index, cell in enumerate(cells)]
    path.write_text("\n".join([f"x,{name},y", *lines]) + "\n")
    return path


def table_of(dataset: Dataset) -> TableInput:
    assert isinstance(dataset.facts.inputs, TableInput)
    return dataset.facts.inputs


def names(dataset: Dataset) -> list[str]:
    return [column.name for column in table_of(dataset).numbers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-31", "2024-12-31T00:00:00"),
        ("2024-12-31T10:05:30", "2024-12-31T10:05:30"),
        ("2024-12-31T10:05:30.5Z", "2024-12-31T10:05:30.5"),
        ("2024-12-31 10:05:30,25+01:00", "2024-12-31T10:05:30.25"),
        ("2024-12-31 10:05 UTC", "2024-12-31T10:05:00"),
        ("2024/12/31", "2024-12-31T00:00:00"),
        ("31.12.2024", "2024-12-31T00:00:00"),
        ("1.2.24 7:05", "2024-02-01T07:05:00"),
        ("31/12/1999", "1999-12-31T00:00:00"),
        ("31/12/70", "1970-12-31T00:00:00"),
        ("31-Dec-2024", "2024-12-31T00:00:00"),
        ("31 december 2024", "2024-12-31T00:00:00"),
        ("Dec 31, 2024", "2024-12-31T00:00:00"),
        ("December 31st, 2024 11:05 PM", "2024-12-31T23:05:00"),
        ("Tue, 31 Dec 2024 12:05 a.m.", "2024-12-31T00:05:00"),
        ("29.02.2024", "2024-02-29T00:00:00"),
    ],
)
def test_a_date_is_read(text: str, expected: str) -> None:
    moments = parse_dates([text], day_first=True)
    read = moments.days[0].astype("datetime64[ms]") + np.timedelta64(round(moments.seconds[0] * 1000), "ms")
    assert read == np.datetime64(expected, "ms")


@pytest.mark.parametrize(
    "text",
    ["29.02.2023", "31.04.2024", "2024-13-01", "2024-00-10", "12/31/2024", "32 Dec 2024", "31 Foo 2024", "1.2", "10:05",
     "2024-12-31 25:00", "2024-12-31 10:61", "2024-12-31 13:05 PM", "2024-12-31x", "", "Total"],
)  # fmt: skip
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert not parse_dates([text], day_first=True).readable[0]


def test_times_are_read_and_only_times() -> None:
    moments = parse_times(["10:05", "10:05:30", "10:05 PM", "12:00 AM", "23:59:59.5", "24:00", "0:00 PM", "2024-01-01"])
    assert moments.seconds[:5].tolist() == [36300, 36330, 79500, 0, 86399.5]
    assert np.isnan(moments.seconds[5:]).all() and np.isnat(moments.days).all()


def test_a_part_above_12_decides_what_comes_first() -> None:
    assert find_order(["01/02/2024", "13/02/2024"]) is True
    assert find_order(["01/02/2024", "02/13/2024"]) is False
    assert find_order(["01/02/2024", "03/04/2024"]) is None
    assert find_order(["2024-01-13", "13.1.2024"]) is None


def test_without_an_order_only_dates_with_one_meaning_are_read() -> None:
    assert parse_dates(["01/02/2024", "13/02/2024", "02/13/2024", "1.2.2024"], day_first=None).readable.tolist() == [
        False, True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "unit", "day"),
    [
        ([1999, 2024], "year", "2024-01-01"),
        ([20240229, 20241231], "yyyymmdd", "2024-12-31"),
        ([0, 1735603200], "s", "2024-12-31"),
        ([1735603200_000, 1735603200_000], "ms", "2024-12-31"),
        ([1735603200_000_000, 1735603200_000_000], "us", "2024-12-31"),
        ([1735603200_000_000_000, 1735603200_000_000_000], "ns", "2024-12-31"),
    ],
)
def test_numbers_count_what_their_size_says(numbers: list[int], unit: str, day: str) -> None:
    values = np.array(numbers, np.float64)
    assert find_unit(values) == unit
    assert from_numbers(values, find_unit(values)).days[-1] == np.datetime64(day)
    assert not from_numbers(np.array([1e300, np.nan, np.inf]), find_unit(values)).readable.any()


FORMS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S.000", "%d.%m.%Y %H:%M", "%d/%m/%Y %I:%M %p",
         "%m/%d/%Y %H:%M", "%d-%b-%Y %H:%M", "%b %d, %Y %I:%M%p"]  # fmt: skip


def test_a_column_gives_the_same_bits_in_whatever_form_it_is_written(tmp_path: Path) -> None:
    datasets = [load(write(tmp_path / "t.csv", [time.strftime(form) for time in TIMES])) for form in FORMS]
    columns = {"x": [index % 17 + 0.25 for index in range(ROWS)], "day": TIMES, "y": [row % 2 for row in range(ROWS)]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    datasets.append(load(tmp_path / "t.parquet"))
    seconds = [str(int(time.replace(tzinfo=datetime.UTC).timestamp())) for time in TIMES]
    datasets.append(load(write(tmp_path / "t.csv", seconds), columns={"day": "date"}))
    for dataset in datasets:
        assert names(dataset) == names(datasets[0])
        for part in ("train", "validation", "test"):
            ours, theirs = (getattr(each, part).inputs["numbers"] for each in (dataset, datasets[0]))
            assert ours.tobytes() == theirs.tobytes()


def test_parts_are_what_the_calendar_says(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", [time.isoformat() for time in TIMES]))
    assert names(dataset) == ["x", "day.year", "day.month.sin", "day.month.cos", "day.weekday.sin", "day.weekday.cos",
                              "day.hour.sin", "day.hour.cos"]  # fmt: skip
    for values, row in zip(dataset.train.inputs["numbers"], dataset.train.rows, strict=True):
        time = TIMES[row]
        days = calendar.monthrange(time.year, time.month)[1]
        turns = [(time.month - 1 + (time.day - 1) / days) / 12, time.weekday() / 7, (time.hour + time.minute / 60) / 24]
        expected = [time.year, *(f(2 * np.pi * turn) for turn in turns for f in (np.sin, np.cos))]
        np.testing.assert_allclose(values[1:], expected, atol=1e-6)


def test_only_parts_that_vary_are_learned(tmp_path: Path) -> None:
    dates = load(write(tmp_path / "t.csv", [f"{2000 + row % 20}-05-01" for row in range(ROWS)]))
    assert names(dates) == ["x", "day.year", "day.weekday.sin", "day.weekday.cos"]
    times = load(write(tmp_path / "t.csv", [f"{row % 24}:{row % 60:02d}" for row in range(ROWS)]))
    assert names(times) == ["x", "day.hour.sin", "day.hour.cos"]
    assert any("times from 00:00:00 to 23:59:00, learned as hour" in note for note in times.notes)


def test_an_order_that_nothing_shows_is_said_and_can_be_set(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [f"01/{row % 12 + 1:02d}/2024" for row in range(ROWS)])
    guessed, said = load(path), load(path, day_first=True)
    assert any("month/day" in note and "day_first: true" in note for note in guessed.notes)
    assert not any("day_first" in note for note in said.notes)
    spans = [dataset.train.inputs["numbers"][:, names(dataset).index("day.month.cos")] for dataset in (guessed, said)]
    assert spans[0].min() > 0.9 and spans[1].min() < -0.9


def test_a_missing_date_has_one_indicator_and_text_among_dates_is_refused(tmp_path: Path) -> None:
    cells = [time.date().isoformat() for time in TIMES]
    cells[::7] = ["" for _ in cells[::7]]
    dataset = load(write(tmp_path / "t.csv", cells))
    made = [column for column in table_of(dataset).numbers if column.name.startswith("day")]
    assert [column.has_missing for column in made] == [True] + [False] * (len(made) - 1)
    cells[4] = "soon"
    with pytest.raises(DataError, match=r'column "day" has dates but also 1 cell.*row 5 "soon"') as caught:
        load(write(tmp_path / "t.csv", cells))
    assert caught.value.hint and '"soon"' in caught.value.hint and "category" in caught.value.hint
    assert names(load(write(tmp_path / "t.csv", cells), missing=["", "soon"])) == names(dataset)


def test_a_date_is_no_target_and_its_parts_need_free_names(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [time.isoformat() for time in TIMES])
    with pytest.raises(DataError, match="cannot be predicted"):
        load(path, target="day", columns={"day": "date"})
    path.write_text(path.read_text().replace("x,day,y", "day.year,day,y"))
    with pytest.raises(DataError, match=r'"day\.year", which already is a column'):
        load(path)


def test_prediction_and_evaluation_read_dates_as_training_did(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", [time.strftime("%m/%d/%Y %H:%M") for time in TIMES]))
    facts = DataFacts.model_validate_json(dataset.facts.model_dump_json())
    assert facts == dataset.facts
    other = write(tmp_path / "other.csv", [time.strftime("%d.%m.%Y %H:%M") for time in TIMES])
    again = load_labelled(other, facts)
    [batch] = read_inputs([str(other)], facts, stdin=io.BytesIO())
    assert batch.inputs["numbers"].tobytes() == again.inputs["numbers"].tobytes()
    np.testing.assert_array_equal(batch.inputs["numbers"][dataset.train.rows], dataset.train.inputs["numbers"])
    cells = ["12/31/2124", "31/12/2024", "soon", "", "2024-12-31T10:05"]
    [batch] = read_inputs([str(write(tmp_path / "few.csv", cells))], facts, stdin=io.BytesIO())
    assert [failure.name.rpartition(":")[2] for failure in batch.failures] == ["row 2", "row 3"]
    assert '"soon" is not a date' in batch.failures[1].message
    assert batch.inputs["numbers"][0, 1] == 2124 and np.isnan(batch.inputs["numbers"][1, 1:]).all()


def test_the_order_that_one_column_shows_is_not_changed_by_the_config(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [time.strftime("%d/%m/%Y") for time in TIMES])
    shown, said = load(path), load(path, day_first=False)
    assert table_of(said).dates == table_of(shown).dates and table_of(shown).dates[0].day_first is True


def test_known_markers_among_dates_are_written_by_init_as_missing(tmp_path: Path) -> None:
    cells = [time.date().isoformat() for time in TIMES]
    cells[5] = cells[50] = "Unknown"
    proposal = propose(write(tmp_path / "t.csv", cells), ["y"], None)
    assert proposal.missing_in == {"day": ("Unknown",)} and "Unknown" in proposal.missing
    assert proposal.columns["day"][0] == "date"


def test_init_asks_where_nothing_tells_day_and_month_apart(tmp_path: Path) -> None:
    cells = [f"{row % 12 + 1:02d}/{row * 5 % 12 + 1:02d}/2024" for row in range(ROWS)]
    proposal = propose(write(tmp_path / "t.csv", cells), ["y"], None)
    assert proposal.undecided == cells[0]
    assert any("month/day" in remark and "day_first: true" in remark for remark in proposal.remarks)


def test_scores_and_names_are_no_dates(tmp_path: Path) -> None:
    for cells in (["1.5", "2.5"], ["2-1", "0-3"], ["red 1", "blue 2"], ["1.2.3.4", "1.2.3.5"], ["99:15", "98:30"]):
        dataset = load(write(tmp_path / "t.csv", [cells[row % 2] for row in range(ROWS)]))
        assert not table_of(dataset).dates


def test_a_column_that_is_no_date_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'column "day" holds no dates: row 1 "a", row 2 "b"'):
        load(write(tmp_path / "t.csv", ["ab"[row % 2] for row in range(ROWS)]), columns={"day": "date"})
    empty = load(write(tmp_path / "t.csv", [""] * ROWS), columns={"day": "date"})
    assert names(empty) == ["x"] and any("it has no values" in note for note in empty.notes)


def test_days_written_as_numbers_are_named_where_they_look_like_identifiers(tmp_path: Path) -> None:
    days = [(START + datetime.timedelta(days=row)).strftime("%Y%m%d") for row in range(ROWS)]
    path = write(tmp_path / "t.csv", days)
    assert any("`columns: {day: date}` reads them as dates" in note for note in load(path).notes)
    assert load(path, columns={"day": "date"}).facts.inputs.kind == "table"
    assert table_of(load(path, columns={"day": "date"})).dates[0].unit == "yyyymmdd"


def test_times_with_missing_cells_among_numbers_since_1970(tmp_path: Path) -> None:
    cells = ["" if row % 9 == 0 else str(1_700_000_000 + row * 86_400) for row in range(ROWS)]
    dataset = load(write(tmp_path / "t.csv", cells), columns={"day": "date"})
    made = [column for column in table_of(dataset).numbers if column.name.startswith("day")]
    assert made[0].has_missing and table_of(dataset).dates[0].unit == "s"
    [batch] = read_inputs(
        [str(write(tmp_path / "few.csv", ["1700000000", "2023-11-14 22:13:20", "x"]))],
        dataset.facts,
        stdin=io.BytesIO(),
    )
    assert len(batch.failures) == 1
    assert batch.inputs["numbers"][0, 1:].tobytes() == batch.inputs["numbers"][1, 1:].tobytes()


@pytest.mark.parametrize("kind", ["date32", "ms", "ns", "time"])
def test_dates_of_parquet_are_read_whatever_their_type(tmp_path: Path, kind: str) -> None:
    values = {
        "date32": lambda: pyarrow.array([time.date() for time in TIMES]),
        "ms": lambda: pyarrow.array(TIMES, pyarrow.timestamp("ms", "UTC")),
        "ns": lambda: pyarrow.array(TIMES, pyarrow.timestamp("ns")),
        "time": lambda: pyarrow.array([time.time() for time in TIMES]),
    }[kind]()
    columns = {"x": [row % 17 for row in range(ROWS)], "day": values, "y": [row % 2 for row in range(ROWS)]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    learned = names(load(tmp_path / "t.parquet"))
    assert ("day.year" in learned, "day.hour.sin" in learned) == (kind != "time", kind != "date32")
