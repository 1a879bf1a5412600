"""When two predictions of the same rows agree."""

import numpy as np

from nncli.config.facts import DataFacts, NumberColumn, TableInput, Target, Task
from nncli.pipeline.agreement import compare_predictions


def facts(task: Task) -> DataFacts:
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c")}.get(task.value, ())
    target = Target(task=task, columns=("y", "z"), classes=classes, deviation=(100.0, 100.0))
    column = NumberColumn(name="x", mean=0.0, deviation=1.0, median=0.0)
    return DataFacts(source="csv", inputs=TableInput(numbers=(column,)), target=target, rows={})


def test_rounding_is_no_difference_and_more_is() -> None:
    first = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]], np.float32)
    second = first + np.array([[5e-5, 0, 0], [2e-4, 0, 0], [0, 0, 0]], np.float32)
    found = compare_predictions(facts(Task.MULTICLASS), first, second)
    assert found.differing.tolist() == [1] and found.classes == 0
    assert abs(found.largest - 2e-4) < 1e-6 and not found.is_complete


def test_another_class_is_a_difference_however_small() -> None:
    first, second = np.array([[0.400001, 0.4]]), np.array([[0.4, 0.400001]])
    assert compare_predictions(facts(Task.MULTICLASS), first, second).differing.tolist() == [0]
    first, second = np.array([[0.499999]]), np.array([[0.500001]])
    assert compare_predictions(facts(Task.BINARY), first, second).classes == 1
    first, second = np.array([[0.9, 0.499999]]), np.array([[0.9, 0.500001]])
    assert compare_predictions(facts(Task.MULTILABEL), first, second).classes == 1


def test_values_are_compared_in_deviations_of_the_target() -> None:
    first = np.array([[50.0, 1.0], [50.0, 1.0]])
    second = first + np.array([[0.005, 0.0], [0.0, 0.02]])
    found = compare_predictions(facts(Task.REGRESSION), first, second)
    assert found.differing.tolist() == [1] and found.classes == 0
    large = np.array([[3e7, 0.0], [3e7, 0.0]])
    found = compare_predictions(facts(Task.REGRESSION), large, large + np.array([[2.0, 0.0], [9000.0, 0.0]]))
    assert found.differing.tolist() == [1]


def test_what_is_not_a_number_never_agrees() -> None:
    nan = np.array([[np.nan]])
    assert compare_predictions(facts(Task.BINARY), nan, nan).differing.tolist() == [0]
    assert compare_predictions(facts(Task.BINARY), nan[:0], nan[:0]).is_complete


def test_infinity_agrees_with_itself_alone() -> None:
    first = np.array([[np.inf, 1.0], [np.inf, 1.0], [np.inf, 1.0]])
    second = np.array([[np.inf, 1.0], [-np.inf, 1.0], [3.0, 1.0]])
    assert compare_predictions(facts(Task.REGRESSION), first, second).differing.tolist() == [1, 2]


def test_a_class_is_decided_by_the_thresholds_of_the_run() -> None:
    cut = facts(Task.BINARY).target.model_copy(update={"thresholds": (0.3,)})
    known = facts(Task.BINARY).model_copy(update={"target": cut})
    assert compare_predictions(known, np.array([[0.30001]]), np.array([[0.29999]])).classes == 1
    assert compare_predictions(known, np.array([[0.50001]]), np.array([[0.49999]])).classes == 0
