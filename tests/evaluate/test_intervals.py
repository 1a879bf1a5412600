"""Bootstrap intervals against scikit-learn on resampled rows, against the normal distribution, and where undefined."""

import numpy as np
import pytest

from nncli.evaluate.intervals import bootstrap_intervals
from nncli.evaluate.metrics import Baseline, measure

GENERATOR = np.random.default_rng(7)
BINARY = (GENERATOR.random((300, 1)) < 0.3).astype("float32")
CHANCES = np.clip(BINARY * 0.3 + GENERATOR.random((300, 1)).round(1) * 0.6, 0.01, 0.99)
CLASSES = GENERATOR.integers(0, 3, 300)
SHARES = GENERATOR.dirichlet((1, 1, 1), 300) * 0.6 + np.eye(3)[CLASSES] * 0.4
LABELS = (GENERATOR.random((300, 2)) < 0.4).astype("float32")
LABEL_CHANCES = np.clip(LABELS * 0.3 + GENERATOR.random((300, 2)) * 0.6, 0.01, 0.99)
NUMBERS = GENERATOR.normal(1000.0, 2.0, (300, 2))
GUESSES = NUMBERS + GENERATOR.normal(0.0, 1.0, (300, 2))

CASES = [
    ("binary", BINARY, CHANCES, ("no", "yes"), Baseline(class_counts=(7, 3))),
    ("multiclass", CLASSES, SHARES, ("a", "b", "c"), Baseline(class_counts=(1, 1, 1))),
    ("multilabel", LABELS, LABEL_CHANCES, ("x", "y"), Baseline(means=(0.4, 0.4))),
    ("regression", NUMBERS, GUESSES, ("x", "y"), Baseline(means=(1000.0, 1000.0))),
]


@pytest.mark.parametrize(("task", "targets", "predictions", "names", "baseline"), CASES)
def test_intervals_are_the_quantiles_of_the_metrics_of_resampled_rows(
    task: str, targets: np.ndarray, predictions: np.ndarray, names: tuple[str, ...], baseline: Baseline
) -> None:
    found = bootstrap_intervals(task, targets, predictions, names)

    generator = np.random.default_rng(1)
    samples = []
    for _ in range(400):
        drawn = generator.integers(0, 300, 300)
        samples.append(measure(task, targets[drawn], predictions[drawn], names, baseline)["metrics"])
    assert set(found) == set(samples[0])
    for name, interval in found.items():
        values = [sample[name] for sample in samples]
        assert interval == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.8 * float(np.std(values))), name
        assert interval is not None
        assert interval[1] - interval[0] == pytest.approx(4 * np.std(values), rel=0.2), name


@pytest.mark.parametrize(("task", "targets", "predictions", "names", "baseline"), CASES)
def test_the_metric_lies_in_its_interval_which_is_the_same_each_time(
    task: str, targets: np.ndarray, predictions: np.ndarray, names: tuple[str, ...], baseline: Baseline
) -> None:
    found = bootstrap_intervals(task, targets, predictions, names)
    metrics = measure(task, targets, predictions, names, baseline)["metrics"]

    assert found == bootstrap_intervals(task, targets, predictions, names)
    for name, interval in found.items():
        assert interval is not None
        assert interval[0] < metrics[name] < interval[1], name


def test_balanced_accuracy_and_macro_f1_are_scikit_learns() -> None:
    from sklearn.metrics import balanced_accuracy_score, f1_score

    for task, targets, predictions, names, baseline in CASES[:2]:
        metrics = measure(task, targets, predictions, names, baseline)["metrics"]
        truth = targets.ravel().astype(int)
        chosen = (predictions[:, 0] > 0.5).astype(int) if task == "binary" else predictions.argmax(axis=1)

        assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, chosen))
        assert metrics["macro_f1"] == pytest.approx(f1_score(truth, chosen, average="macro"))


def test_the_interval_of_the_accuracy_is_that_of_a_share() -> None:
    targets = np.array([1] * 800 + [0] * 200)[:, None]

    low, high = bootstrap_intervals("binary", targets, np.full((1000, 1), 0.9), ("no", "yes"))["accuracy"] or (0, 0)

    assert (low, high) == pytest.approx((0.8 - 1.96 * 0.01265, 0.8 + 1.96 * 0.01265), abs=0.003)


def test_what_is_never_defined_has_no_interval() -> None:
    one_class = bootstrap_intervals("binary", np.zeros((20, 1)), np.full((20, 1), 0.2), ("no", "yes"))
    assert one_class["auc"] is None
    assert one_class["precision"] is None
    assert one_class["accuracy"] == (1.0, 1.0)

    constant = bootstrap_intervals("regression", np.full((20, 1), 0.1), np.full((20, 1), 0.3), ("y",))
    assert constant["r2_score"] is None


def test_a_single_row_is_its_own_interval() -> None:
    found = bootstrap_intervals("multiclass", np.array([1]), np.array([[0.2, 0.8]]), ("a", "b"))

    assert found["accuracy"] == (1.0, 1.0)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_quick_intervals_are_those_of_eval_without_what_takes_long(task: str) -> None:
    generator = np.random.default_rng(5)
    rows, columns = 2500, 1 if task in ("binary", "regression") else 4
    predictions = generator.dirichlet(np.ones(4), rows) if task == "multiclass" else generator.random((rows, columns))
    targets: np.ndarray = (generator.random((rows, columns)) < predictions[:, :columns]).astype(np.int64)
    if task == "multiclass":
        targets = np.array([generator.choice(4, p=row) for row in predictions])
    names = ["a", "b"] if task == "binary" else list("abcd"[:columns])
    whole = bootstrap_intervals(task, targets, predictions, names)
    quick = bootstrap_intervals(task, targets, predictions, names, quick=True)
    left_out = {"binary": {"log_loss", "auc"}, "multiclass": {"log_loss"}, "multilabel": {"auc"}, "regression": set()}
    assert quick == {name: value for name, value in whole.items() if name not in left_out[task]}
    few = [array[:2000] for array in (targets, predictions)]
    assert bootstrap_intervals(task, *few, names, quick=True) == bootstrap_intervals(task, *few, names)
