"""ROC and precision-recall curves: scikit-learn's numbers, and what has no curve."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from nncli.evaluate import plots
from nncli.evaluate.plots import canvas, ranking, values

pytestmark = pytest.mark.drawn

GENERATOR = np.random.default_rng(4)
TRUTH = (GENERATOR.random((200, 2)) < 0.3).astype("float32")
SCORES = TRUTH * 0.3 + GENERATOR.random((200, 2)) * 0.7


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    figures: list[Any] = []
    for module in (ranking, values):
        monkeypatch.setattr(module, "to_picture", lambda figure: figures.append(figure) or canvas.Picture(b"", b""))
    return figures


def test_the_curves_are_scikit_learns(drawn: list[Any]) -> None:
    plots.ranking_curves(TRUTH, SCORES, ("a", "b"))

    left, right = drawn[0].axes
    across, up, _ = roc_curve(TRUTH[:, 0], SCORES[:, 0])
    assert np.array_equal(left.lines[0].get_xdata(), across) and np.array_equal(left.lines[0].get_ydata(), up)
    assert left.lines[0].get_label() == f"a: AUC {roc_auc_score(TRUTH[:, 0], SCORES[:, 0]):.4f}"
    told = [text.get_text() for text in right.get_legend().get_texts()]
    assert told[1] == f"b: average precision {average_precision_score(TRUTH[:, 1], SCORES[:, 1]):.4f}"


def test_the_drawn_steps_enclose_the_average_precision(drawn: list[Any]) -> None:
    plots.ranking_curves(TRUTH[:, :1], SCORES[:, :1], ("a",))

    line = drawn[0].axes[1].lines[0]
    recall, precision = line.get_xdata(), line.get_ydata()
    assert line.get_drawstyle() == "steps-post"  # each precision holds until the next, smaller recall
    area = float(np.sum(-np.diff(recall) * precision[:-1]))
    assert area == pytest.approx(average_precision_score(TRUTH[:, 0], SCORES[:, 0]))


def test_a_column_of_one_kind_has_no_curve(drawn: list[Any]) -> None:
    truth = TRUTH.copy()
    truth[:, 0] = 0

    assert plots.ranking_curves(truth[:, :1], SCORES[:, :1], ("a",)) is None
    plots.ranking_curves(truth, SCORES, ("a", "b"))
    assert [line.get_label()[:2] for line in drawn[0].axes[0].lines] == ["b:", "gu"]


def test_residuals_are_true_minus_predicted_over_predicted(drawn: list[Any]) -> None:
    plots.residuals(TRUTH, SCORES, ("a", "b"))

    points = drawn[0].axes[1].collections[0].get_offsets()
    assert np.allclose(points, np.stack([SCORES[:, 1], TRUTH[:, 1] - SCORES[:, 1]], axis=1))


def test_each_class_is_drawn_against_the_rest_and_of_many_the_hardest(drawn: list[Any]) -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 10, 400).astype(np.int32)
    probabilities = np.eye(10)[targets] + generator.random((400, 10)) * np.linspace(0.8, 3, 10)
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    plots.class_curves(targets[:, None], probabilities, [f"class {index}" for index in range(10)])

    told = [text.get_text() for text in drawn[0].axes[1].get_legend().get_texts()]
    by_hand = [average_precision_score(targets == index, probabilities[:, index]) for index in range(10)]
    hardest = sorted(np.argsort(by_hand)[:7])
    assert [text.split(":")[0] for text in told] == [f"class {index}" for index in hardest]
    assert told[0] == f"class {hardest[0]}: average precision {by_hand[hardest[0]]:.4f}"
    assert "7 hardest of 10" in drawn[0]._suptitle.get_text()


def test_a_single_class_has_no_curves() -> None:
    assert plots.class_curves(np.zeros(5, np.int32), np.full((5, 3), 1 / 3), ("a", "b", "c")) is None
