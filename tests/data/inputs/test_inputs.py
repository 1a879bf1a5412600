"""What `predict` and `eval` read: files, folders, tables and stdin; one bad input never stops the rest."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nncli import data
from nncli.config.facts import DataFacts
from nncli.config.sections import Data
from nncli.data.batches import Batch, Outside, merge_outside
from nncli.data.inputs.images import BATCH_IMAGES
from nncli.data.inputs.reading import load_labelled, read_inputs
from nncli.data.tables import inputs
from nncli.data.tables.files import csv_types, reading
from nncli.errors import DataError

HEADER = "a,c,y"


def silent(what: str, share: float) -> None:
    """Progress that nobody watches."""


def line(index: int) -> str:
    return f"{index}.5,{'pqr'[index % 3]},{'no' if index % 2 else 'yes'}"


@pytest.fixture
def table(tmp_path: Path) -> tuple[Path, DataFacts]:
    path = tmp_path / "train.csv"
    path.write_text("\n".join([HEADER, *map(line, range(60))]) + "\n")
    section = Data(source="csv", path=str(path), target=("y",))
    return path, data.load(section, seed=1, data_dir=None, progress=silent).facts


@pytest.fixture(scope="module")
def digits() -> DataFacts:
    return data.load(Data(source="digits"), seed=1, data_dir=None, progress=silent).facts


def read(names: list[str], facts: DataFacts, stdin: bytes = b"") -> list[Batch]:
    return list(read_inputs(names, facts, stdin=io.BytesIO(stdin)))


def test_rows_are_named_and_encoded_as_in_training(table: tuple[Path, DataFacts]) -> None:
    path, facts = table
    (batch,) = read([str(path)], facts)
    assert batch.names[:2] == [f"{path}:row 1", f"{path}:row 2"]
    np.testing.assert_array_equal(batch.inputs["numbers"][:, 0], np.arange(60) + 0.5)
    vocabulary = facts.inputs.categories[0].vocabulary  # type: ignore[union-attr]
    assert [vocabulary[index - 1] for index in batch.inputs["categories"][:3, 0]] == ["p", "q", "r"]


def test_a_table_without_the_target_and_with_other_columns_is_read(table: tuple[Path, DataFacts]) -> None:
    (batch,) = read(["-"], table[1], b"extra,c,a\nhello,q,3\n")
    assert batch.names == ["-:row 1"]
    assert batch.inputs["numbers"].tolist() == [[3.0]]


def test_a_bad_row_fails_alone(table: tuple[Path, DataFacts]) -> None:
    rows = [HEADER, "1,p,no", "old,p,no", "2,p", "3,p,no", "inf,p,no", ",p,no"]
    batches = read(["-"], table[1], "\n".join(rows).encode())
    names = [name for batch in batches for name in batch.names]
    failures = {failure.name: failure.message for batch in batches for failure in batch.failures}
    assert names == ["-:row 1", "-:row 4", "-:row 6"]
    assert failures["-:row 2"] == 'column "a": "old" is not a number'
    assert failures["-:row 3"] == "has 2 cells instead of 3"
    assert "infinite" in failures["-:row 5"]
    assert np.isnan(batches[0].inputs["numbers"][-1, 0])


def test_rows_keep_their_numbers_over_many_batches(
    table: tuple[Path, DataFacts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK", 1 << 14)
    count = 50_000
    path = tmp_path / "long.csv"
    path.write_text("a,c\n" + "".join(f"{i},p,\n" if i % 1000 == 0 else f"{i},p\n" for i in range(count)))
    seen = failed = 0
    batches = 0
    for batch in read_inputs([str(path)], table[1], stdin=io.BytesIO()):
        batches += 1
        numbers = [int(name.rsplit(" ", 1)[1]) - 1 for name in batch.names]
        np.testing.assert_array_equal(batch.inputs["numbers"][:, 0], numbers)
        assert all((int(failure.name.rsplit(" ", 1)[1]) - 1) % 1000 == 0 for failure in batch.failures)
        seen, failed = seen + len(batch.names), failed + len(batch.failures)
    assert batches > 10
    assert (seen, failed) == (count - 50, 50)


@pytest.mark.parametrize("broken", ["7,p,", '"7","p"', '7,"p\nq"', '7," p"', ""])
def test_pieces_that_are_read_on_all_cores_have_the_rows_of_the_csv_module(
    table: tuple[Path, DataFacts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(inputs, "WORTH_BYTES", 1 << 12)
    monkeypatch.setattr(csv_types, "WORTH_BYTES", 1 << 12)
    monkeypatch.setattr(inputs, "segments", lambda body: csv_types.segments(body, 1 << 13))
    lines = [f"{index},{'pqr'[index % 3]}" for index in range(6_000)]
    for place in (2_000, 2_001, 4_500):
        lines[place] = broken
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["a,c", *lines]) + "\n")
    with path.open(newline="") as file:
        rows = [row for row in list(csv.reader(file))[1:] if row]
    batches = read([str(path)], table[1])
    assert sum(len(batch.names) > 0 for batch in batches) > 4
    names = [name for batch in batches for name in batch.names]
    numbers = np.concatenate([batch.inputs["numbers"][:, 0] for batch in batches if batch.names])
    assert names == [f"{path}:row {place + 1}" for place, row in enumerate(rows) if len(row) == 2]
    np.testing.assert_array_equal(numbers, [float(row[0]) for row in rows if len(row) == 2])
    failed = [failure.name for batch in batches for failure in batch.failures]
    assert failed == [f"{path}:row {place + 1}" for place, row in enumerate(rows) if len(row) != 2]


def test_an_unseen_category_is_index_0_and_said(table: tuple[Path, DataFacts]) -> None:
    (batch,) = read(["-"], table[1], b"a,c\n1,z\n1,\n")
    assert batch.inputs["categories"].tolist() == [[0], [0]]
    assert batch.outside == {"c": Outside(1, ("z",))}


def test_numbers_outside_the_training_range_are_counted(table: tuple[Path, DataFacts]) -> None:
    lowest, highest = table[1].inputs.numbers[0].minimum, table[1].inputs.numbers[0].maximum  # type: ignore[union-attr]
    assert 0 <= lowest < highest <= 60
    rows = [highest, highest + 1, lowest, -7, "", -7, 1e30]
    (batch,) = read(["-"], table[1], ("a,c\n" + "".join(f"{value},p\n" for value in rows)).encode())
    assert batch.outside == {"a": Outside(4, (f"{highest + 1:g}", "-7", "1e+30"), lowest, highest)}
    twice = merge_outside(batch.outside, {"a": Outside(2, ("99",), lowest, highest), "c": Outside(1, ("z",))})
    assert twice["a"].rows == 6 and twice["c"].examples == ("z",)


def test_another_delimiter_is_recognized_by_the_columns_needed(table: tuple[Path, DataFacts]) -> None:
    (batch,) = read(["-"], table[1], b"c;a\nq;3\n")
    assert batch.inputs["numbers"].tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "stdin is empty"),
        (b"a,d\n1,2\n", 'no column "c"'),
        (b"a,c\n", "no rows"),
        (b"\x89PNG\r\n\x1a\n", "is an image, but the model was trained on a table"),
    ],
)
def test_a_table_that_does_not_fit_is_a_failure(table: tuple[Path, DataFacts], content: bytes, told: str) -> None:
    (batch,) = read(["-"], table[1], content)
    assert not batch.names
    assert told in batch.failures[0].message


def test_missing_files_and_wrong_kinds_are_failures_and_the_rest_goes_on(
    table: tuple[Path, DataFacts], digits: DataFacts, tmp_path: Path
) -> None:
    path, facts = table
    Image.new("L", (8, 8), 9).save(tmp_path / "x.png")
    (tmp_path / "empty").mkdir()
    batches = read(["none.csv", str(tmp_path / "x.png"), str(tmp_path), str(path)], facts)
    told = [failure.message for batch in batches for failure in batch.failures]
    assert told[0] == "there is no such file"
    assert "is an image" in told[1] and len(told) == 2
    assert [len(batch.names) for batch in batches[-2:]] == [60, 60]  # from the folder, and named
    batches = read(["none.png", str(path), str(tmp_path / "empty"), str(tmp_path / "x.png")], digits)
    told = [failure.message for batch in batches for failure in batch.failures]
    assert told == [
        "there is no such file",
        "is a table, but the model was trained on images",
        "is a folder without images",
    ]
    assert batches[-1].names == [str(tmp_path / "x.png")]


def test_a_folder_of_images_is_read_sorted_and_in_batches(digits: DataFacts, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for index in range(BATCH_IMAGES + 3):
        Image.fromarray(np.full((8, 8), index % 250, np.uint8)).save(tmp_path / "deep" / f"{index:04}.png")
    (tmp_path / "broken.png").write_text("no image")
    (tmp_path / "readme.txt").write_text("no image")
    batches = read([str(tmp_path)], digits)
    names = [name for batch in batches for name in batch.names]
    assert names == sorted(str(file) for file in (tmp_path / "deep").iterdir())
    assert [batch.inputs["image"].shape for batch in batches] == [(BATCH_IMAGES - 1, 8, 8, 1), (4, 8, 8, 1)]
    assert [failure.name for batch in batches for failure in batch.failures] == [str(tmp_path / "broken.png")]


def test_an_image_comes_through_stdin(digits: DataFacts) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, "PNG")
    (batch,) = read(["-"], digits, buffer.getvalue())
    assert (batch.names, batch.inputs["image"].shape) == (["-"], (1, 8, 8, 1))
    (empty,) = read(["-"], digits)
    assert empty.failures[0].message == "stdin is empty"


def test_a_table_without_header_goes_by_place(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{line(index)}\n" for index in range(60)))
    section = Data(source="csv", path=str(path), target=("c2",), header=False)
    facts = data.load(section, seed=1, data_dir=None, progress=silent).facts
    for content in (b"1,p,no\n", b"1,p\n"):
        (batch,) = read(["-"], facts, content)
        assert batch.inputs["numbers"].tolist() == [[1.0]]
    (batch,) = read(["-"], facts, b"1\n")
    assert "1 columns" in batch.failures[0].message


def test_labelled_tables_are_encoded_with_their_targets(table: tuple[Path, DataFacts], tmp_path: Path) -> None:
    path, facts = table
    part = load_labelled(str(path), facts)
    np.testing.assert_array_equal(part.targets[:, 0], np.arange(60) % 2 == 0)
    other = tmp_path / "other.csv"
    other.write_text("y,a,c\nno,1,p\n,2,p\nyes,3,p\n")
    part = load_labelled(str(other), facts)
    assert (part.rows.tolist(), part.targets[:, 0].tolist()) == ([0, 2], [0.0, 1.0])
    for content, told in (
        ("y,a,c\nperhaps,1,p\n", "classes that the training data does not have: perhaps"),
        ("a,c\n1,p\n", 'no column "y"'),
        ("y,a\nno,1\n", 'no column "c"'),
        ("y,a,c\nno,old,p\n", '"old" is not a number'),
    ):
        other.write_text(content)
        with pytest.raises(DataError, match=told):
            load_labelled(str(other), facts)


def test_labelled_folders_use_the_classes_of_the_training_data(digits: DataFacts, tmp_path: Path) -> None:
    for name in ("3", "7"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / name / "x.png")
    part = load_labelled(str(tmp_path), digits)
    assert part.targets.tolist() == [3, 7]
    (tmp_path / "3").rename(tmp_path / "three")
    with pytest.raises(DataError, match="no class of the training set: three"):
        load_labelled(str(tmp_path), digits)


def test_reading_images_imports_neither_pyarrow_nor_scikit_learn() -> None:
    heavy = ("pyarrow", "sklearn", "tensorflow")
    code = f"import sys, nncli.data.inputs.reading; print([n for n in {heavy} if n in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
