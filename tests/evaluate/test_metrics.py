"""Every number of an evaluation against hand-made arithmetic and scikit-learn, and the baseline beside it."""

import json
from typing import Any

import numpy as np
import pytest

from nncli.errors import DataError, NncliError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.evaluate.metrics import Baseline, measure

GENERATOR = np.random.default_rng(5)


def softmax(values: np.ndarray) -> np.ndarray:
    exponentials = np.exp(values)
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def test_binary_metrics_worked_out_by_hand() -> None:
    targets = np.array([[1], [1], [0], [0]], "float32")
    probabilities = np.array([[0.9], [0.4], [0.6], [0.2]], "float32")

    result = measure("binary", targets, probabilities, ("no", "yes"), Baseline(class_counts=(60, 40)))

    assert result["confusion_matrix"] == [[1, 1], [1, 1]]
    assert result["rows"] == 4
    assert result["metrics"] == pytest.approx(
        {
            "accuracy": 0.5,
            "balanced_accuracy": 0.5,
            "precision": 0.5,
            "recall": 0.5,
            "f1": 0.5,
            "macro_f1": 0.5,
            "log_loss": -(np.log(0.9) + np.log(0.4) + np.log(0.4) + np.log(0.8)) / 4,
            "auc": 0.75,  # of the four pairs only (0.4, 0.6) is in the wrong order
        }
    )
    assert result["undefined"] == {}
    assert result["classes"][0] == {"name": "no", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}


def test_the_baseline_of_a_binary_task_is_the_majority_class_and_the_training_frequencies() -> None:
    targets = np.array([[1], [0], [0], [0]], "float32")

    result = measure("binary", targets, np.full((4, 1), 0.9), ("no", "yes"), Baseline(class_counts=(60, 40)))

    baseline = result["baseline"]
    assert baseline["predicts"] == "always no"
    assert list(baseline["metrics"]) == list(result["metrics"])
    assert baseline["metrics"]["accuracy"] == 0.75
    assert baseline["metrics"]["log_loss"] == pytest.approx(-(np.log(0.4) + 3 * np.log(0.6)) / 4)
    assert baseline["metrics"]["auc"] == 0.5
    assert baseline["metrics"]["precision"] is None


def test_multiclass_metrics_agree_with_scikit_learn() -> None:
    from sklearn import metrics

    targets = GENERATOR.integers(0, 4, 200).astype("int32")
    probabilities = softmax(GENERATOR.normal(size=(200, 4)) + 1.5 * np.eye(4)[targets])
    predicted = probabilities.argmax(axis=1)

    result = measure("multiclass", targets, probabilities, "abcd", Baseline(class_counts=(10, 20, 40, 30)))

    assert result["metrics"] == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(targets, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(targets, predicted),
            "macro_f1": metrics.f1_score(targets, predicted, average="macro"),
            "log_loss": metrics.log_loss(targets, probabilities),
        }
    )
    assert result["confusion_matrix"] == metrics.confusion_matrix(targets, predicted).tolist()
    expected = metrics.precision_recall_fscore_support(targets, predicted)
    for column, key in enumerate(("precision", "recall", "f1", "support")):
        assert [row[key] for row in result["classes"]] == pytest.approx(expected[column].tolist())
    assert result["baseline"]["predicts"] == "always c"
    assert result["baseline"]["metrics"]["accuracy"] == pytest.approx(np.mean(targets == 2))
    frequencies = np.array([0.1, 0.2, 0.4, 0.3])
    assert result["baseline"]["metrics"]["log_loss"] == pytest.approx(-np.mean(np.log(frequencies[targets])))


def test_binary_and_multilabel_areas_under_the_curve_agree_with_scikit_learn_ties_included() -> None:
    from sklearn.metrics import roc_auc_score

    targets = GENERATOR.integers(0, 2, (100, 3)).astype("float32")
    probabilities = np.round(GENERATOR.uniform(size=(100, 3)), 1)

    binary = measure("binary", targets[:, :1], probabilities[:, :1], ("n", "y"), Baseline(class_counts=(1, 1)))
    labels = measure("multilabel", targets, probabilities, "xyz", Baseline(means=(0.1, 0.2, 0.3)))

    assert binary["metrics"]["auc"] == pytest.approx(roc_auc_score(targets[:, 0], probabilities[:, 0]))
    assert labels["metrics"]["auc"] == pytest.approx(roc_auc_score(targets, probabilities, average="macro"))
    assert labels["labels"][2]["auc"] == pytest.approx(roc_auc_score(targets[:, 2], probabilities[:, 2]))


def test_multilabel_metrics_agree_with_scikit_learn() -> None:
    from sklearn import metrics

    targets = GENERATOR.integers(0, 2, (80, 3)).astype("float32")
    probabilities = np.clip(0.3 * targets + GENERATOR.uniform(0, 0.7, (80, 3)), 0.01, 0.99)
    predicted = probabilities > 0.5

    result = measure("multilabel", targets, probabilities, ("sad", "quiet", "angry"), Baseline(means=(0.9, 0.2, 0.6)))

    values = result["metrics"]
    assert values["subset_accuracy"] == pytest.approx(metrics.accuracy_score(targets, predicted))
    assert values["micro_f1"] == pytest.approx(metrics.f1_score(targets, predicted, average="micro"))
    assert values["macro_f1"] == pytest.approx(metrics.f1_score(targets, predicted, average="macro"))
    by_label = [metrics.log_loss(targets[:, label], probabilities[:, label]) for label in range(3)]
    assert values["log_loss"] == pytest.approx(np.mean(by_label))
    assert [row["name"] for row in result["labels"]] == ["sad", "quiet", "angry"]
    assert result["labels"][1]["recall"] == pytest.approx(metrics.recall_score(targets[:, 1], predicted[:, 1]))
    assert result["labels"][1]["accuracy"] == pytest.approx(np.mean(targets[:, 1] == predicted[:, 1]))
    majority = np.tile([1, 0, 1], (80, 1))
    assert result["baseline"]["predicts"] == "always sad, angry"
    assert result["baseline"]["metrics"]["micro_f1"] == pytest.approx(
        metrics.f1_score(targets, majority, average="micro")
    )


def test_regression_metrics_worked_out_by_hand() -> None:
    targets = np.array([[1.0], [2.0], [6.0]])
    predictions = np.array([[2.0], [2.0], [4.0]])

    result = measure("regression", targets, predictions, ("mpg",), Baseline(means=(2.0,)))

    assert result["metrics"] == pytest.approx(
        {"mean_absolute_error": 1.0, "root_mean_squared_error": np.sqrt(5 / 3), "r2_score": 1 - 5 / 14}
    )
    assert result["baseline"]["predicts"] == "always 2"
    assert result["baseline"]["metrics"] == pytest.approx(
        {"mean_absolute_error": 5 / 3, "root_mean_squared_error": np.sqrt(17 / 3), "r2_score": 1 - 17 / 14}
    )
    assert "targets" not in result


def test_several_target_columns_are_measured_each_and_together() -> None:
    from sklearn import metrics

    targets = GENERATOR.normal(size=(50, 2)) * [1.0, 100.0]
    predictions = targets + GENERATOR.normal(size=(50, 2)) * [0.5, 20.0]

    result = measure("positive_regression", targets, predictions, ("small", "large"), Baseline(means=(0.0, 0.0)))

    assert result["metrics"]["r2_score"] == pytest.approx(metrics.r2_score(targets, predictions))
    assert result["metrics"]["mean_absolute_error"] == pytest.approx(metrics.mean_absolute_error(targets, predictions))
    assert result["targets"][1]["name"] == "large"
    assert result["targets"][1]["root_mean_squared_error"] == pytest.approx(
        metrics.root_mean_squared_error(targets[:, 1], predictions[:, 1])
    )
    assert result["baseline"]["predicts"] == "always 0, 0"


def test_what_is_not_defined_is_none_with_a_reason() -> None:
    ones = np.ones((3, 1))
    binary = measure("binary", 0 * ones, 0.1 * ones, ("no", "yes"), Baseline(class_counts=(3, 1)))
    labels = measure(
        "multilabel", np.hstack([ones, np.eye(3)[:, :1]]), np.full((3, 2), 0.8), "ab", Baseline(means=(1, 0.3))
    )
    numbers = measure("regression", ones, 0 * ones, ("y",), Baseline(means=(0.5,)))

    assert binary["metrics"]["auc"] is None
    assert binary["undefined"] == {
        "precision": "yes is never predicted",
        "recall": "no row is yes",
        "f1": "no row is yes, and it is never predicted",
        "auc": "only one class is present in these rows",
    }
    assert labels["labels"][0]["auc"] is None
    assert labels["metrics"]["auc"] == labels["labels"][1]["auc"] == 0.5
    assert labels["undefined"] == {"auc": "always or never there in these rows: a; left out of the mean"}
    assert numbers["metrics"]["r2_score"] is None
    assert "no variance" in numbers["undefined"]["r2_score"]


def test_a_class_without_rows_is_listed_and_left_out_of_the_macro_mean() -> None:
    result = measure("multiclass", np.array([0, 1]), np.eye(3)[:2], "abc", Baseline(class_counts=(1, 1, 0)))

    assert result["classes"][2] == {"name": "c", "precision": None, "recall": None, "f1": None, "support": 0}
    assert result["metrics"]["macro_f1"] == 1.0
    assert np.isfinite(result["baseline"]["metrics"]["log_loss"])


def test_a_sure_mistake_costs_much_but_not_infinitely() -> None:
    result = measure("multiclass", np.array([0]), np.array([[0.0, 1.0]]), "ab", Baseline(class_counts=(1, 1)))

    assert result["metrics"]["log_loss"] == pytest.approx(-np.log(1e-7))


@pytest.mark.parametrize(
    ("task", "targets", "predictions", "names", "baseline"),
    [
        ("binary", np.array([[0.0], [1.0]], "float32"), np.array([[0.1], [0.7]], "float32"), "ny", Baseline((3, 2))),
        ("multiclass", np.array([0, 1], "int32"), np.eye(2, dtype="float32"), "ny", Baseline((3, 2))),
        ("multilabel", np.eye(2, dtype="float32"), np.eye(2, dtype="float32"), "uv", Baseline(means=(0.5, 0.5))),
        ("regression", np.ones((2, 2), "float32"), np.eye(2, dtype="float32"), "uv", Baseline(means=(0.5, 0.5))),
        ("positive_regression", np.ones((2, 1)), np.ones((2, 1)), "u", Baseline(means=(0.5,))),
    ],
)
def test_the_result_of_every_task_is_plain_json_with_the_documented_keys(
    task: str, targets: np.ndarray, predictions: np.ndarray, names: str, baseline: Baseline
) -> None:
    result: dict[str, Any] = measure(task, targets, predictions, names, baseline)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert list(result)[:5] == ["task", "rows", "metrics", "undefined", "baseline"]
    assert MAIN_METRICS[task] in result["metrics"]
    assert {name for name, value in result["metrics"].items() if value is None} <= set(result["undefined"])


def test_arrays_that_do_not_fit_and_predictions_that_are_not_numbers_are_refused() -> None:
    one_class = Baseline(class_counts=(1, 1))

    with pytest.raises(DataError, match=r"the shape \(2, 1\), got \(3, 1\)"):
        measure("binary", np.zeros((2, 1)), np.zeros((3, 1)), "ny", one_class)
    with pytest.raises(DataError, match="no rows"):
        measure("multiclass", np.zeros(0), np.zeros((0, 2)), "ny", one_class)
    with pytest.raises(NncliError, match="of 1 of 2 rows are not finite"):
        measure("regression", np.zeros((2, 1)), np.array([[np.nan], [1.0]]), "y", Baseline(means=(0.0,)))
    with pytest.raises(DataError, match="training rows of each of 2 classes"):
        measure("binary", np.zeros((2, 1)), np.zeros((2, 1)), "ny", Baseline())
    with pytest.raises(DataError, match="training mean of each of 1 columns"):
        measure("regression", np.zeros((2, 1)), np.zeros((2, 1)), "y", Baseline())
