"""Answers as records and as columns: the same names and numbers in both forms, for every task."""

import numpy as np
import pyarrow
import pytest

from nncli.config.facts import DataFacts, TableInput, Target, Task
from nncli.pipeline.predicting.named_predictions import Answers

TARGETS = {
    Task.BINARY: Target(task=Task.BINARY, columns=("y",), classes=("no", "yes")),
    Task.MULTICLASS: Target(task=Task.MULTICLASS, columns=("y",), classes=("a", "b", "c")),
    Task.MULTILABEL: Target(task=Task.MULTILABEL, columns=("p", "q")),
    Task.REGRESSION: Target(task=Task.REGRESSION, columns=("y",)),
}
OUTPUTS = {
    Task.BINARY: [[0.25], [0.75], [0.123456789]],
    Task.MULTICLASS: [[0.1, 0.7, 0.2], [0.2, 0.3, 0.5], [0.6, 0.2, 0.2]],
    Task.MULTILABEL: [[0.9, 0.8], [0.2, 0.6], [0.1, 0.5]],
    Task.REGRESSION: [[1.5], [-2.0], [1234567.9]],
}


def answers(task: Task, top: int | None = None, kept: pyarrow.Table | None = None) -> Answers:
    facts = DataFacts(source="csv", inputs=TableInput(), target=TARGETS[task], rows={})
    return Answers(facts, ["r1", "r2", "r\udcff3"], np.array(OUTPUTS[task], np.float32), top, kept)


def test_classes_come_with_their_probabilities_the_most_probable_first() -> None:
    first, second, third = answers(Task.MULTICLASS).records()
    assert first == {
        "input": "r1", "prediction": "b", "probability": 0.7, "probabilities": {"b": 0.7, "c": 0.2, "a": 0.1},
    }  # fmt: skip
    assert list(second["probabilities"]) == ["c", "b", "a"]
    assert list(third["probabilities"]) == ["a", "b", "c"]  # equal ones in the order of the classes
    assert third["input"] == "r\ufffd3"


def test_binary_tells_both_classes_and_numbers_have_seven_digits() -> None:
    *_, third = answers(Task.BINARY).records()
    assert third["prediction"] == "no" and third["probabilities"] == {"no": 0.8765432, "yes": 0.1234568}
    assert answers(Task.REGRESSION).columns()["prediction"] == [1.5, -2.0, 1234568.0]


def test_labels_are_those_over_one_half() -> None:
    assert [each["prediction"] for each in answers(Task.MULTILABEL).records()] == [["p", "q"], ["q"], []]
    assert answers(Task.MULTILABEL).columns()["prediction"] == ["p|q", "q", ""]


@pytest.mark.parametrize("top", [None, 1, 2, 9])
@pytest.mark.parametrize("task", list(TARGETS))
def test_records_and_columns_say_the_same(task: Task, top: int | None) -> None:
    made = answers(task, top)
    columns = made.columns()
    for place, record in enumerate(made.records()):
        row = {name: values[place] for name, values in columns.items()}
        told = "|".join(record["prediction"]) if task is Task.MULTILABEL else record["prediction"]
        assert (row.pop("input"), row.pop("prediction")) == (record["input"], told)
        assert row.pop("probability", None) == record.get("probability")
        shown = {name.removeprefix("p_"): value for name, value in row.items() if value is not None}
        assert shown == record.get("probabilities", {})
        assert len(shown) == min(top or 9, len(row))


def test_original_cells_are_in_the_records() -> None:
    kept = pyarrow.table({"id": ["x", "y", None], "n": [1, 2, 3]})
    assert [each["row"] for each in answers(Task.REGRESSION, kept=kept).records()] == kept.to_pylist()


def test_the_first_ones_are_a_slice() -> None:
    assert list(answers(Task.BINARY).first(2).records()) == list(answers(Task.BINARY).records())[:2]


@pytest.mark.parametrize("power", [1, 8, 40])
def test_numbers_have_the_seven_digits_that_python_writes(power: int) -> None:
    generator = np.random.default_rng(power)
    middle = np.arange(10_000_005, 10_004_005, 10)  # each exactly between two numbers of seven digits
    outputs = np.concatenate([generator.normal(0, 1, 2_000) ** power, generator.random(2_000) ** power, [0, 1], middle])
    facts = DataFacts(source="csv", inputs=TableInput(), target=TARGETS[Task.REGRESSION], rows={})
    found = Answers(facts, [""] * len(outputs), outputs.astype(np.float32)[:, None]).columns()["prediction"]
    assert list(map(str, found)) == [str(float(f"{value:.7g}")) for value in outputs.astype(np.float32).tolist()]
