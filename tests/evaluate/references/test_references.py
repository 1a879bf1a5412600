"""Other models on the same rows, compared with scikit-learn where it does the same."""

import sys

import numpy as np
import pytest

from nncli.evaluate.metrics import Baseline, measure
from nncli.evaluate.references import HEADLINES, differences, fit_linear, fit_trees, headline
from nncli.evaluate.references.encoding import as_columns, as_one_hot, as_pixels


@pytest.fixture
def table() -> tuple[dict[str, np.ndarray], np.ndarray]:
    generator = np.random.default_rng(3)
    numbers = generator.normal(size=(400, 2)).astype(np.float32)
    numbers[::17, 1] = np.nan
    categories = generator.integers(0, 4, (400, 1)).astype(np.int32)
    score = numbers[:, 0] + np.array([0.0, 2.0, -2.0, 0.0])[categories[:, 0]]
    return {"numbers": numbers, "categories": categories}, (score > 0).astype(np.float32)[:, None]


def test_one_hot_has_the_training_statistics_and_no_column_for_unseen_words() -> None:
    training = {
        "numbers": np.array([[1.0, 2.0], [3.0, np.nan]], np.float32),
        "categories": np.array([[1], [2]], np.int32),
    }
    asked = {"numbers": np.array([[2.0, np.nan]], np.float32), "categories": np.array([[7]], np.int32)}

    known, found = as_one_hot(training, training), as_one_hot(training, asked)

    assert known.tolist() == [[-1.0, 0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]]
    assert found.tolist() == [[0.0, 0.0, 1.0, 0.0, 0.0]]


def test_a_category_of_many_words_keeps_what_boosted_trees_can_take(table: tuple) -> None:
    words = np.arange(1, 401, dtype=np.int32)[:, None]
    words[300:] = 350  # the most frequent
    columns, categories = as_columns({"categories": words}, {"categories": words})
    assert categories == [0] and columns.max() == 254 and columns[-1, 0] == 1

    _, targets = table
    found, _ = fit_trees("binary", {"categories": words}, targets, {"categories": words}, 1)
    assert found.shape == (400, 1) and np.isfinite(found).all()


def test_large_images_are_averaged_over_squares() -> None:
    image = np.zeros((2, 64, 64, 1), np.uint8)
    image[1, :2, :2] = 200
    pixels = as_pixels({"image": image}, {"image": image})
    assert pixels.shape == (2, 32 * 32)
    assert pixels[1, 0] == pytest.approx(1.0) and pixels[0, 0] == pytest.approx(-1.0) and not pixels[:, 1:].any()


def test_the_linear_model_of_a_table_is_that_of_scikit_learn(table: tuple) -> None:
    from sklearn.linear_model import LogisticRegression

    inputs, targets = table
    found, rows = fit_linear("binary", inputs, targets, inputs, 1)
    matrix = as_one_hot(inputs, inputs)
    expected = LogisticRegression(max_iter=200).fit(matrix, targets[:, 0].astype(int)).predict_proba(matrix)
    assert rows == 400
    np.testing.assert_allclose(found[:, 0], expected[:, 1], atol=1e-6)


def test_boosted_trees_are_those_of_scikit_learn(table: tuple) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs, targets = table
    found, _ = fit_trees("binary", inputs, targets, inputs, 1)
    matrix = np.concatenate([inputs["numbers"].astype(float), inputs["categories"].astype(float)], axis=1)
    truth = targets[:, 0].astype(int)
    model = HistGradientBoostingClassifier(categorical_features=[2], random_state=0).fit(matrix, truth)
    assert np.mean((found[:, 0] > 0.5) == (model.predict(matrix) == 1)) > 0.99


def test_pixels_are_fitted_as_well_as_scikit_learn_fits_them() -> None:
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    digits = load_digits()
    images, targets = digits.images[..., None].astype(np.uint8), digits.target.astype(np.int32)
    half = {"image": images[:900]}, {"image": images[900:]}
    found, _ = fit_linear("multiclass", half[0], targets[:900], half[1], 10)
    matrix = images.reshape(len(images), -1) / 16
    expected = LogisticRegression(max_iter=200).fit(matrix[:900], targets[:900]).score(matrix[900:], targets[900:])
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert np.mean(found.argmax(axis=1) == targets[900:]) > expected - 0.015


@pytest.mark.parametrize("fit", [fit_linear, fit_trees])
@pytest.mark.parametrize(("task", "outputs"), [("multilabel", 2), ("regression", 2), ("multiclass", 4)])
def test_every_task_has_predictions_of_its_shape(table: tuple, fit: object, task: str, outputs: int) -> None:
    inputs, targets = table
    wanted = np.hstack([targets, 1 - targets]) if outputs == 2 else np.repeat(targets[:, 0], 1).astype(np.int32)
    found, _ = fit(task, inputs, wanted, inputs, outputs)  # type: ignore[operator]
    assert found.shape == (400, outputs)
    if task == "multiclass":
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
        assert not found[:, 2:].any(), "a class without a training row has no probability"


def test_a_label_that_never_changes_is_predicted_as_it_is(table: tuple) -> None:
    inputs, targets = table
    for fit in (fit_linear, fit_trees):
        found, _ = fit("multilabel", inputs, np.hstack([targets, np.ones_like(targets)]), inputs, 2)
        assert (found[:, 1] == 1.0).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_difference_is_that_of_the_metrics_and_its_interval_holds_it(task: str) -> None:
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    generator = np.random.default_rng(1)
    targets = generator.integers(0, 2, (300, 1)).astype(np.float32)
    good, bad = targets + generator.normal(0, 0.3, (300, 1)), targets + generator.normal(0, 1.0, (300, 1))
    score = {"binary": roc_auc_score, "regression": r2_score, "multiclass": accuracy_score}[task]
    if task == "multiclass":
        truth = targets[:, 0].astype(int)
        first, second = (np.hstack([1 - each, each]) for each in (good, bad))
        expected = score(truth, first.argmax(1)) - score(truth, second.argmax(1))
    else:
        truth, first, second = targets, good, bad
        expected = score(truth, first) - score(truth, second)

    found = differences(task, truth, first, {"other": second, "itself": first})

    assert found["other"].value == pytest.approx(expected)
    assert found["other"].interval[0] < expected < found["other"].interval[1]
    assert found["other"].verdict == "ahead"
    assert found["itself"].value == 0 and found["itself"].verdict == "unclear"
    assert differences(task, truth, second, {"other": first})["other"].verdict == "behind"


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression", "multiclass"])
def test_the_headline_is_the_metric_that_is_measured(task: str) -> None:
    generator = np.random.default_rng(2)
    columns = {"binary": 1, "multilabel": 3, "regression": 2, "multiclass": 3}[task]
    predictions = generator.random((80, columns)).round(1)  # ties among the scores
    targets = generator.integers(0, 2, (80, columns)).astype(np.float32)
    if task == "multiclass":
        predictions /= predictions.sum(axis=1, keepdims=True) + 1e-9
        targets = generator.integers(0, 3, 80)
    names = ("a", "b", "c")[: 2 if task == "binary" else columns]
    baseline = Baseline((1,) * len(names), (0.5,) * columns)
    measured = measure(task, targets, predictions, names, baseline)["metrics"][HEADLINES[task]]
    assert headline(task, targets, predictions) == pytest.approx(measured)


def test_rows_that_are_hard_for_both_do_not_widen_the_interval() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 2, 500)
    answer = np.where(generator.random(500) < 0.7, truth, 1 - truth)
    better = answer.copy()
    better[:20] = truth[:20]
    first, second = (np.eye(2)[each] for each in (better, answer))
    found = differences("multiclass", truth, first, {"other": second})["other"]
    assert found.interval[1] - found.interval[0] < 0.03, "two separate intervals would be 0.08 wide each"


def test_where_a_metric_is_not_defined_there_is_no_difference() -> None:
    ones = np.ones((20, 1), np.float32)
    found = differences("binary", ones, ones * 0.7, {"other": ones * 0.6})["other"]
    assert found.value is None and found.interval is None and found.verdict == "unclear"


def test_of_many_rows_the_interval_is_that_of_fewer_around_the_value_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["nncli.evaluate.references.differences"], "_MOST_RANKED", 400)
    generator = np.random.default_rng(1)
    targets = generator.integers(0, 2, (4000, 1)).astype(np.float32)
    good, bad = targets + generator.normal(0, 0.8, (4000, 1)), targets + generator.normal(0, 1.0, (4000, 1))
    few = differences("binary", targets, good, {"other": bad})["other"]
    monkeypatch.undo()
    all_rows = differences("binary", targets, good, {"other": bad})["other"]
    assert few.value == pytest.approx(all_rows.value)
    assert few.interval[0] < few.value < few.interval[1]
    width, whole = (each.interval[1] - each.interval[0] for each in (few, all_rows))
    assert 2 < width / whole < 5


@pytest.mark.parametrize("fit", [fit_linear, fit_trees])
def test_a_column_without_any_known_value_is_no_error(fit: object) -> None:
    nothing = {"categories": np.zeros((40, 1), np.int32)}
    targets = (np.arange(40) % 2).astype(np.float32)[:, None]
    found, _ = fit("binary", nothing, targets, nothing, 1)  # type: ignore[operator]
    np.testing.assert_allclose(found, 0.5, atol=1e-6)
    empty = {"numbers": np.full((40, 1), np.nan, np.float32)}
    found, _ = fit("binary", empty, targets, empty, 1)  # type: ignore[operator]
    np.testing.assert_allclose(found, 0.5, atol=1e-6)


def test_many_one_hot_columns_are_sparse_and_give_the_same(table: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, targets = table
    dense, _ = fit_linear("binary", inputs, targets, inputs, 1)
    monkeypatch.setattr("nncli.evaluate.references.encoding._MOST_DENSE_VALUES", 10)
    sparse, _ = fit_linear("binary", inputs, targets, inputs, 1)
    np.testing.assert_allclose(sparse, dense, atol=1e-3)
