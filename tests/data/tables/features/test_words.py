"""Missing words that are values, and values that are spelled in several ways."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.config.facts import TableInput
from nncli.config.reading.document import parse_document
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.inputs.reading import load_labelled, read_inputs
from nncli.data.tables.features.words import find_spellings, fold
from nncli.data.tables.files.columns import text_column

ROWS = 120


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def write(path: Path, cells: list[str], target: list[str] | None = None, rows: int = ROWS) -> Path:
    answers = target or ["0", "1"]
    lines = [f"{index % 17}.25,{cells[index % len(cells)]},{answers[index % len(answers)]}" for index in range(rows)]
    path.write_text("\n".join(["x,c,y", *lines]) + "\n")
    return path


def vocabulary(dataset: Dataset) -> set[str]:
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    [column] = inputs.categories
    return set(column.vocabulary)


def test_a_frequent_missing_word_is_a_value_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["None", "dent", "scratch"])
    dataset = load(path)
    assert vocabulary(dataset) == {"None", "dent", "scratch"}
    [note] = [note for note in dataset.notes if note.startswith("c: ")]
    assert '"None" in 40 of 120 rows is read as a value' in note and "`values: {None: []}`" in note
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput) and inputs.kept == {"c": ("None",)}


def test_a_list_under_missing_is_meant(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["None", "dent", "scratch"])
    assert vocabulary(load(path, missing=("", "None"))) == {"dent", "scratch"}
    assert vocabulary(load(path, missing=("", "None"), values={"None": ()})) == {"None", "dent", "scratch"}


def test_a_rare_missing_word_stays_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["NA", *["a", "b"] * 20])
    dataset = load(path)
    assert vocabulary(dataset) == {"a", "b"} and not any("read as a value" in note for note in dataset.notes)


def test_a_missing_word_among_numbers_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{'NA' if i % 3 else i % 7},{i % 2}\n" for i in range(ROWS)))
    inputs = load(path).facts.inputs
    assert isinstance(inputs, TableInput) and inputs.numbers[0].has_missing and not inputs.kept


def test_a_class_of_that_name_keeps_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["a", "b", "c"], target=["None", "crack"])
    dataset = load(path)
    assert dataset.facts.target.classes == ("crack", "None")
    assert sum(dataset.facts.rows.values()) == ROWS


def test_prediction_and_evaluation_read_the_words_and_spellings_as_training_did(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["None", "Dent", "dent"], target=["Yes", "no", "YES", "No"])
    dataset = load(path, values={"Dent": ("dent",), "Yes": ("YES",), "No": ("no",)})
    assert dataset.facts.target.classes == ("No", "Yes") and vocabulary(dataset) == {"None", "Dent"}
    part = load_labelled(str(path), dataset.facts)
    ours = {name: np.concatenate([getattr(dataset, each).inputs[name] for each in ("train", "validation", "test")])
            for name in part.inputs}  # fmt: skip
    order = np.concatenate([dataset.train.rows, dataset.validation.rows, dataset.test.rows])
    for name, array in part.inputs.items():
        np.testing.assert_array_equal(array[order], ours[name])
    [batch] = read_inputs([str(path)], dataset.facts, stdin=io.BytesIO())
    for name, array in part.inputs.items():
        np.testing.assert_array_equal(batch.inputs[name], array)
    assert not batch.warnings


def test_spellings_of_one_value_are_named_with_the_key(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["Zürich", "zurich ", "Bern"], target=["Yes", "YES", "no"])
    dataset = load(path)
    [note] = [note for note in dataset.notes if "may be the same" in note]
    assert "Zürich: [zurich]" in note and '"YES"' in note.replace("[YES]", '"YES"')


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("New York", "new-york"), ("Zürich", "ZURICH"), ("St. Gallen", "St Gallen"), ("<=50K", "<=50K."),
        ("two  rooms", "Two rooms"), ("O'Neill", "ONeill"),
    ],
)  # fmt: skip
def test_these_are_spellings_of_one_value(ours: str, theirs: str) -> None:
    assert fold(ours) == fold(theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("A+", "A-"), ("A-", "A"), ("1-2", "12"), ("<=50K", ">50K"), ("1.5", "15"), ("C++", "C"), ("no", "know")],
)
def test_these_are_different_values(ours: str, theirs: str) -> None:
    assert fold(ours) != fold(theirs)


def test_the_most_frequent_spelling_in_all_columns_is_the_value() -> None:
    first = text_column("a", np.array([0, 0, 1]), ["Yes", "yes"])
    second = text_column("b", np.array([0, 0, 0, 1], np.int32), ["yes", "YES"])
    assert find_spellings([first, second]) == {"yes": ("Yes", "YES")}


def test_the_key_that_is_named_reads_back_as_yaml_also_with_quotes_in_a_value(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = ['"6"" pipe"', '"6"" PIPE"', "yes", "YES"]
    path.write_text("c,x,y\n" + "".join(f"{cells[i % 4]},{i % 7}.5,{i % 2}\n" for i in range(ROWS)))
    [note] = [note for note in load(path).notes if "may be the same" in note]
    document = parse_document(note.partition("`")[2].partition("` joins")[0], "note")
    assert document.values == {"values": {'6" PIPE': ['6" pipe'], "YES": ["yes"]}}


def test_nothing_is_said_of_columns_that_the_config_leaves_aside(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["None", "dent", "Dent"])
    for aside in ({"drop": ("c",)}, {"features": ("x",)}):
        assert not any("read as a value" in note or "may be the same" in note for note in load(path, **aside).notes)
