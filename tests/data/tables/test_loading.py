"""Tables as users have them: read, typed, split, encoded; and what is said when they cannot be."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from nncli import data
from nncli.config.facts import DataFacts, TableInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.errors import DataError

ROWS = 60


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, header: str, row: Callable[[int], str], rows: int = ROWS) -> Path:
    path.write_text("\n".join([header, *(row(index) for index in range(rows))]) + "\n")
    return path


def columns_of(dataset: Dataset) -> tuple[list[str], list[str]]:
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    return [column.name for column in inputs.numbers], [column.name for column in inputs.categories]


def test_numbers_and_categories_are_told_apart_and_parts_add_up(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", "a,b,c,y", lambda i: f"{i}.5,{'pqr'[i % 3]},{i % 2 == 0},{i % 2}"))
    assert columns_of(dataset) == (["a"], ["b", "c"])
    assert dataset.facts.rows == {"train": 43, "validation": 5, "test": 12}
    everything = np.concatenate([dataset.train.rows, dataset.validation.rows, dataset.test.rows])
    assert sorted(everything) == list(range(ROWS))
    part = dataset.train
    np.testing.assert_array_equal(part.inputs["numbers"][:, 0], part.rows + 0.5)
    np.testing.assert_array_equal(part.targets[:, 0], part.rows % 2)


def test_statistics_and_vocabulary_come_from_the_training_part_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{i * i},{'x' if i else 'once'},{i % 2}")
    for seed in range(30):
        section = Data(source="csv", path=str(path), target=("y",))
        dataset = data.load(section, seed=seed, data_dir=None, progress=lambda what, share: None)
        if 0 in dataset.test.rows:
            break
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    assert inputs.categories[0].vocabulary == ("x",)
    assert dataset.test.inputs["categories"][dataset.test.rows == 0, 0] == 0
    seen = dataset.train.rows.astype(np.float64) ** 2
    assert inputs.numbers[0].mean == pytest.approx(seen.mean())
    assert inputs.numbers[0].deviation == pytest.approx(seen.std())
    assert inputs.numbers[0].median == np.median(seen)


def test_a_missing_number_stays_missing_and_is_not_counted(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", "a,b,y", lambda i: f"{'NA' if i % 2 else 4},{i % 7},{i % 3 == 0}"))
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    assert (inputs.numbers[0].mean, inputs.numbers[0].deviation, inputs.numbers[0].has_missing) == (4.0, 1.0, True)
    np.testing.assert_array_equal(np.isnan(dataset.train.inputs["numbers"][:, 0]), dataset.train.rows % 2 == 1)


def test_a_vocabulary_is_ordered_by_frequency_then_name(tmp_path: Path) -> None:
    names = ["often"] * 4 + ["b", "a", "b", "a"]
    dataset = load(write(tmp_path / "t.csv", "c,y", lambda i: f"{names[i % 8]},{i % 2}", rows=800))
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    counts = {name: int((dataset.train.inputs["categories"] == i + 1).sum()) for i, name in enumerate(("often", "a"))}
    assert inputs.categories[0].vocabulary[0] == "often"
    assert counts["often"] > counts["a"]


def test_facts_survive_their_json(tmp_path: Path) -> None:
    facts = load(write(tmp_path / "t.csv", "a,b,y", lambda i: f"{i},{'xyz'[i % 3]},{i % 2}")).facts
    assert DataFacts.model_validate_json(facts.model_dump_json()) == facts


@pytest.mark.parametrize(
    ("separator", "ending", "start"),
    [(", ", "\n", ""), (",", "\r\n", "\ufeff"), (",", "\r", "")],
    ids=["blanks", "bom and crlf", "cr"],
)
def test_blanks_marks_and_line_ends_change_nothing(tmp_path: Path, separator: str, ending: str, start: str) -> None:
    lines = [["a", "b", "y"]] + [[str(i / 2), f'"p, {i % 3}"', str(i % 2)] for i in range(ROWS)]
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_text("\n".join(",".join(line) for line in lines) + "\n")
    other.write_bytes((start + ending.join(separator.join(line) for line in lines) + ending).encode())
    expected, got = load(plain), load(other)
    assert got.facts.inputs == expected.facts.inputs
    assert got.fingerprint == expected.fingerprint


def test_gzip_and_parquet_give_the_same_arrays_as_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,f,y", lambda i: f"{i},{'xyz'[i % 3]},{'True' if i % 2 else 'False'},{i % 4}")
    zipped = tmp_path / "t.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    table = pyarrow.table(
        {
            "a": list(range(ROWS)),
            "b": ["xyz"[i % 3] for i in range(ROWS)],
            "f": [i % 2 == 1 for i in range(ROWS)],
            "y": [i % 4 for i in range(ROWS)],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    expected = load(path)
    assert load(zipped).fingerprint == expected.fingerprint
    assert load(tmp_path / "t.parquet", source="parquet").fingerprint == expected.fingerprint


def test_the_columns_of_a_table_without_header_are_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "0.5,x,no", lambda i: f"{i + 1}.5,{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}")
    dataset = load(path, header=False, target="c2")
    assert columns_of(dataset) == (["c0"], ["c1"])
    assert sum(dataset.facts.rows.values()) == ROWS + 1
    with pytest.raises(DataError) as caught:
        load(path, target="c2")
    assert "header: false" in str(caught.value.hint)


def test_other_texts_can_mean_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{'-' if i == 3 else i},{i % 7},{i % 2}")
    with pytest.raises(DataError, match='row 4 "-"') as caught:
        load(path)
    assert '"-"' in str(caught.value.hint) and "columns: {a: category}" in str(caught.value.hint)
    assert columns_of(load(path, missing=["-"])) == (["a", "b"], [])
    assert columns_of(load(path, columns={"a": "category"})) == (["b"], ["a"])


def test_decimal_commas_are_refused_with_the_key_and_not_made_categories(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f'"3,14",{i},{i % 2}')
    with pytest.raises(DataError, match="notation that is not read") as caught:
        load(path)
    assert '`decimal: ","`' in str(caught.value.hint)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "1e300"])
def test_an_infinite_number_is_refused(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{cell if i == 7 else i},{i},{i % 2}")
    with pytest.raises(DataError, match="infinite or too large: row 8"):
        load(path)


def test_usual_ways_to_write_a_number_are_numbers(tmp_path: Path) -> None:
    cells = ["1e5", "+3", "-0.5", ".5", "5.", '" 7 "', "0012"]
    dataset = load(write(tmp_path / "t.csv", "a,y", lambda i: f"{cells[i % 7]},{i % 2}"))
    values = set(dataset.train.inputs["numbers"][:, 0])
    assert values == {1e5, 3.0, -0.5, 0.5, 5.0, 7.0, 12.0}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (lambda i: f"Mr Number {i}", "different texts"),
        (lambda i: "same", 'it is "same" in every row'),
        (lambda i: "7", "it is 7 in every row"),
        (lambda i: "", "no values"),
    ],
    ids=["name", "one text", "one number", "empty"],
)
def test_a_column_that_teaches_nothing_is_left_out_and_said(
    tmp_path: Path, row: Callable[[int], str], reason: str
) -> None:
    dataset = load(write(tmp_path / "t.csv", "useless,a,y", lambda i: f"{row(i)},{i},{i % 2}", rows=120))
    assert columns_of(dataset) == (["a"], [])
    assert any(note.startswith("useless: dropped") and reason in note for note in dataset.notes)


def test_a_row_counter_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ",a,y", lambda i: f"{i},{i * 7 % 13},{i % 2}")
    assert columns_of(load(path)) == (["a"], [])
    assert columns_of(load(path, features=["c0", "a"])) == (["c0", "a"], [])


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["0", "1"], Task.BINARY, ("0", "1")),
        (["yes", "no"], Task.BINARY, ("no", "yes")),
        (["True", "False"], Task.BINARY, ("False", "True")),
        (["+", "-"], Task.BINARY, ("-", "+")),
        (["10", "9", "2"], Task.MULTICLASS, ("2", "9", "10")),
        (["b", "a", "C"], Task.MULTICLASS, ("a", "b", "C")),
        ([str(n / 10) for n in range(60)], Task.REGRESSION, ()),
        ([str(1000 + n) for n in range(60)], Task.REGRESSION, ()),
    ],
)
def test_the_task_is_inferred_and_said(tmp_path: Path, values: list[str], task: Task, classes: tuple[str, ...]) -> None:
    dataset = load(write(tmp_path / "t.csv", "a,y", lambda i: f"{i * 7 % 31},{values[i % len(values)]}"))
    assert (dataset.facts.target.task, dataset.facts.target.classes) == (task, classes)
    assert any(note.startswith(f"task: {task.value} (inferred") for note in dataset.notes)


def test_several_targets_are_labels_or_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,p,q,r,s", lambda i: f"{i},{i % 2},{i % 3 == 0:d},{i / 2},{i * 3}")
    labels = load(path, target=["p", "q"], drop=["r", "s"])
    assert labels.facts.target.task is Task.MULTILABEL
    assert labels.facts.target.outputs == 2
    np.testing.assert_array_equal(labels.train.targets[:, 0], labels.train.rows % 2)
    amounts = load(path, target=["r", "s"], drop=["p", "q"])
    assert amounts.facts.target.task is Task.REGRESSION
    assert amounts.facts.target.mean[1] == pytest.approx((amounts.train.rows * 3).mean())
    assert amounts.facts.target.deviation[1] == pytest.approx((amounts.train.rows * 3).std())


@pytest.mark.parametrize(
    ("task", "values", "told"),
    [
        ("binary", ["a", "b", "c"], "two values"),
        ("regression", ["a", "b"], "must be a number"),
        ("multilabel", ["1", "2"], "must be 0 or 1"),
        ("multiclass", [f"{n}.5" for n in range(60)], "different values"),
        (None, ["1"], "nothing to learn"),
    ],
)
def test_a_task_that_contradicts_the_target_is_refused(
    tmp_path: Path, task: str | None, values: list[str], told: str
) -> None:
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{i},{values[i % len(values)]}")
    with pytest.raises(DataError, match=told):
        load(path, task=task)


def test_columns_can_say_whether_the_target_is_a_number(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{i * 7 % 31},{i % 5}")
    assert load(path, columns={"y": "number"}).facts.target.task is Task.REGRESSION
    assert load(path, columns={"y": "category"}).facts.target.task is Task.MULTICLASS


def test_rows_without_a_target_are_left_out_and_rows_keep_their_place(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "t.csv", "a,y", lambda i: f"{i},{'' if i < 5 else i % 2}"))
    assert any("5 rows without a target dropped" in note for note in dataset.notes)
    assert min(dataset.train.rows.min(), dataset.test.rows.min()) >= 5
    np.testing.assert_array_equal(dataset.train.inputs["numbers"][:, 0], dataset.train.rows)


def test_a_twin_of_the_target_is_pointed_out(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,alive,y", lambda i: f"{i * 7 % 31},{'yes' if i % 3 else 'no'},{min(i % 3, 1)}")
    assert load(path).facts.twins == ("alive",)
    assert not any("drop:" in note for note in load(path, drop=["alive"]).notes)


def test_a_test_table_of_its_own_is_respected(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "a,b,y", lambda i: f"{i % 50},{'xy'[i % 2]},{i % 2}")
    test = write(tmp_path / "test.csv", "y,b,a", lambda i: f"{i % 2},{'xz'[i % 2]},{i + 100}", rows=20)
    dataset = load(train, test=str(test))
    assert dataset.facts.rows == {"train": 54, "validation": 6, "test": 20}
    np.testing.assert_array_equal(dataset.test.inputs["numbers"][:, 0], np.arange(100, 120))
    assert set(dataset.test.inputs["categories"][1::2, 0]) == {0}
    write(tmp_path / "test.csv", "y,a", lambda i: f"{i % 2},{i}", rows=20)
    with pytest.raises(DataError, match='no column "b"'):
        load(train, test=str(test))


BROKEN: Sequence[tuple[str, bytes, str]] = [
    ("empty", b"", "is empty"),
    ("blank", b"\n\n", "is empty"),
    ("header only", b"a,b,y\n", "no rows"),
    ("binary", bytes(range(256)), "binary file"),
    ("twice", b"a,a,y\n" + b"1,2,0\n" * 20, "more than once"),
    ("ragged", b"a,b,y\n" + b"1,2,0\n" * 20 + b"1,2\n", "row 21 has 2 cells instead of 3"),
    ("latin1", b"a,b,y\n" + b"1,2,0\n" * 20 + b"1,caf\xe9,0\n", "not UTF-8 text: line 22, byte 132"),
    ("utf16", "a,b,y\n1,2,0\n".encode("utf-16"), "not UTF-8 text: line 1, byte 1"),
    ("one column", b"a;b;y\n" + b"1;2;0\n" * 20, "only one column"),
    ("open quote", b"a,b,y\n" + b"1,2,0\n" * 20 + b'1,2,"x\n' + b"1,2,0\n" * 20, "never closed"),
    ("cut gzip", gzip.compress(b"a,b,y\n" * 100)[:-9], "damaged gzip"),
    ("parquet", b"PAR1....", "Parquet"),
    ("tiny", b"a,b,y\n1,2,0\n3,4,1\n", "too few"),
]


@pytest.mark.parametrize(("content", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        load(path)


def test_a_wrong_delimiter_is_recognized(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a;b;y", lambda i: f"{i}.5;{i % 3};{i % 2}")
    with pytest.raises(DataError) as caught:
        load(path)
    assert 'delimiter: ";"' in str(caught.value.hint)
    assert columns_of(load(path, delimiter=";")) == (["a", "b"], [])


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        load(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    "options", [{"target": "Why"}, {"features": ["Why"]}, {"drop": ["Why"]}, {"columns": {"Why": "number"}}]
)
def test_a_name_that_is_no_column_gets_the_closest(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write(tmp_path / "t.csv", "why,b,y", lambda i: f"{i},{i % 3},{i % 2}")
    with pytest.raises(DataError, match=r'no column "Why" .did you mean "why"'):
        load(path, **options)


@pytest.mark.parametrize(
    ("name", "target", "task", "numbers", "categories"),
    [
        ("titanic", ["survived"], Task.BINARY, 5, 9),
        ("penguins", ["species"], Task.MULTICLASS, 4, 2),
        ("iris", ["species"], Task.MULTICLASS, 4, 0),
        ("mpg", ["mpg"], Task.REGRESSION, 6, 1),
        ("diamonds", ["price"], Task.REGRESSION, 6, 3),
    ],
)
def test_real_tables_load_as_they_are(
    shared_data: Path, name: str, target: list[str], task: Task, numbers: int, categories: int
) -> None:
    dataset = load(shared_data / "csv" / f"{name}.csv", target=target)
    assert dataset.facts.target.task is task
    assert tuple(map(len, columns_of(dataset))) == (numbers, categories)


def test_many_columns_left_out_are_counted_and_not_listed(tmp_path: Path) -> None:
    names = [f"constant{index}" for index in range(40)]
    path = write(tmp_path / "t.csv", ",".join([*names, "a", "y"]), lambda i: "1," * 40 + f"{i},{i % 2}")
    notes = [note for note in load(path).notes if "dropped" in note]
    assert len(notes) == 4
    assert "37 more columns" in notes[-1]


def test_all_names_that_are_no_columns_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{i}.5,{'pqr'[i % 3]},{i % 2}")
    with pytest.raises(DataError) as caught:
        load(path, target="yy", drop=["foo"], columns={"bar": "number"}, features=["baz"])
    keys = [line.partition(":")[0] for line in caught.value.message.splitlines()]
    assert keys == ["data.target", "data.features", "data.drop", "data.columns"]


def test_markers_and_blanks_are_told_by_training_too(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{i / 7 if i % 3 else 'unknown'},{i % 2}")
    with pytest.raises(DataError, match="20 cells of text") as caught:
        load(path)
    assert '"unknown"]' in str(caught.value.hint)
    with pytest.raises(DataError, match="separated by blanks"):
        load(write(tmp_path / "b.txt", "a y", lambda i: f"{i}.5  {i % 2}"))
