"""What is drawn: PNG files of a sane size, and the curves, counts and captions in them."""

import subprocess
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.evaluate import plots
from nncli.evaluate.plots import canvas, curves, results
from nncli.evaluate.worst import WorstExample


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that were drawn, each rendered, in order."""
    figures: list[Any] = []

    def keep(figure: Any) -> bytes:
        figures.append(figure)
        return canvas.to_png(figure)

    monkeypatch.setattr(curves, "to_png", keep)
    monkeypatch.setattr(results, "to_png", keep)
    return figures


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        return image.size


def make_history(losses: list[float], accuracies: list[float] | None = None) -> list[dict[str, float]]:
    history = [
        {"epoch": float(epoch), "loss": 2 * loss, "val_loss": loss, "learning_rate": 0.1, "seconds": 1.0}
        for epoch, loss in enumerate(losses)
    ]
    for record, accuracy in zip(history, accuracies or [], strict=False):
        record.update(accuracy=accuracy, val_accuracy=accuracy / 2)
    return history


def test_learning_curves_show_loss_and_metric_with_the_best_epoch(drawn: list[Any]) -> None:
    png = plots.learning_curves(make_history([3.0, 1.0, 2.0], [0.2, 0.4, 0.6]))

    width, height = size_of(png)
    loss, accuracy = drawn[0].axes
    assert width > height > 200
    assert loss.get_title() == "validation loss: 1 in epoch 2"
    assert accuracy.get_title() == "validation accuracy: 0.2 in epoch 2"
    training, validation, _, best = loss.lines
    assert (training.get_label(), training.get_ydata().tolist()) == ("training", [6.0, 2.0, 4.0])
    assert (validation.get_label(), validation.get_xdata().tolist()) == ("validation", [1, 2, 3])
    assert (best.get_label(), best.get_ydata()) == ("best epoch: 2", [1.0])


def test_learning_curves_do_without_validation_metric_or_more_than_one_epoch(drawn: list[Any]) -> None:
    size_of(plots.learning_curves([{"loss": 0.5}]))
    size_of(plots.learning_curves([]))
    size_of(plots.learning_curves(make_history([1.0, 1e5]), best_epoch=0))

    assert [axes.get_title() for figure in drawn for axes in figure.axes] == [
        "loss",
        "loss",
        "validation loss: 1 in epoch 1",
    ]
    assert [figure.axes[0].get_yscale() for figure in drawn] == ["linear", "linear", "log"]


def test_a_loss_that_is_no_number_leaves_a_gap(drawn: list[Any]) -> None:
    plots.learning_curves([{"loss": 1.0, "val_loss": None}, {"loss": float("nan"), "val_loss": 2.0}])

    assert drawn[0].axes[0].get_title() == "validation loss: 2 in epoch 2"


def test_a_comparison_draws_the_mean_and_deviation_of_each_variant_as_far_as_all_runs_go(drawn: list[Any]) -> None:
    cells = [
        {"variant": "relu", "history": make_history([1.0, 2.0, 9.0], [0.1, 0.2, 0.3])},
        {"variant": "relu", "history": make_history([3.0, 4.0], [0.1, 0.2])},
        {"variant": "sigmoid", "history": make_history([5.0], [0.5])},
    ]

    size_of(plots.comparison_curves(cells, "accuracy"))

    loss, accuracy = drawn[0].axes
    means = {line.get_label(): line.get_ydata().tolist() for line in loss.lines if line.get_linewidth() == 2}
    assert means == {"relu (2 runs)": [2.0, 3.0], "sigmoid": [5.0]}
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((2 - np.sqrt(2), 3 + np.sqrt(2)))
    assert (loss.get_title(), accuracy.get_title()) == ("validation loss", "validation accuracy")


def test_a_comparison_shows_the_loss_alone_where_the_metric_is_not_recorded(drawn: list[Any]) -> None:
    cells: list[dict[str, Any]] = [
        {"variant": "a", "history": make_history([1.0])},
        {"variant": "b", "history": []},
    ]

    plots.comparison_curves(cells, "r2_score")

    assert [axes.get_title() for axes in drawn[0].axes] == ["validation loss"]


def test_a_confusion_matrix_writes_the_counts_and_says_how_many_are_right(drawn: list[Any]) -> None:
    size_of(plots.confusion_matrix(np.array([[3, 1], [0, 0]]), ("no", "yes")))

    axes = drawn[0].axes[0]
    assert axes.get_title() == "3 of 4 right"
    assert [(text.get_position(), text.get_text()) for text in axes.texts] == [((0, 0), "3"), ((1, 0), "1")]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["no", "yes"]


@pytest.mark.parametrize("classes", [2, 10, 30, 100])
def test_labels_of_a_confusion_matrix_do_not_overlap_for_many_classes_with_long_names(
    drawn: list[Any], classes: int
) -> None:
    names = [f"the class with the long name, number {index} ($)" for index in range(classes)]

    png = plots.confusion_matrix(np.eye(classes, dtype=int) * 12345, names)

    axes = drawn[0].axes[0]
    boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
    assert all(left.x1 <= right.x0 + 1 for left, right in pairwise(boxes))
    assert max(size_of(png)) < 2200


def test_long_names_are_cut_and_stay_distinct() -> None:
    names = ["short", "one very long name of a class", "one very long fame of a class"]

    labels = canvas.distinct_labels(names)

    assert labels[0] == "short"
    assert len(set(labels)) == 3
    assert max(map(len, labels)) <= 18
    assert canvas.label("a $5\nbill") == r"a \$5 bill"


def test_a_regression_shows_each_column_with_equal_axes(drawn: list[Any]) -> None:
    targets = np.array([[1.0, 5.0, 2.0], [2.0, 5.0, 3.0]])

    size_of(plots.true_against_predicted(targets, targets + 1, ("a", "b", "c")))

    shown = [axes for axes in drawn[0].axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["a", "b", "c"]
    assert shown[0].get_xlim() == shown[0].get_ylim()
    assert shown[0].collections[0].get_offsets().tolist() == [[1.0, 2.0], [2.0, 3.0]]


def test_a_constant_target_and_very_many_rows_can_be_drawn(drawn: list[Any]) -> None:
    plots.true_against_predicted(np.ones((50_000, 1)), np.ones((50_000, 1)), ("y",))

    assert len(drawn[0].axes[0].collections[0].get_offsets()) <= 20_000


def test_the_worst_images_carry_truth_prediction_and_probability(drawn: list[Any]) -> None:
    examples = [
        WorstExample(7, 3.0, "cat", "dog", 0.98),
        WorstExample(1, 0.6, "cat", "cat", 0.55),
        WorstExample(2, 0.5, 3.25, 1.0, None),
    ]

    places = ["cat/1.png", "row 7", f"{'x' * 40}/9.png"]
    size_of(plots.worst_images(np.full((3, 4, 6, 1), 16, "uint8"), examples, places))

    titles = [axes.get_title() for axes in drawn[0].axes][:3]
    assert titles[0] == "cat/1.png\ntrue cat\npredicted dog\nat 98 %"
    assert titles[1] == "row 7\ntrue cat\npredicted cat\nright, but only 55 %"
    assert titles[2].startswith("...x") and titles[2].endswith("x/9.png\ntrue 3.25\npredicted 1")
    assert drawn[0].axes[0].images[0].get_array().max() == 1.0


@pytest.mark.parametrize(("channels", "count"), [(1, 0), (3, 1), (4, 2)])
def test_images_of_any_channels_and_number_can_be_shown(channels: int, count: int) -> None:
    images = np.zeros((count, 5, 5, channels), "float32")

    size_of(plots.worst_images(images, [WorstExample(0, 1.0, "a", "b", 0.5)] * count, ["a/1.png"] * count))


def test_pictures_are_the_same_bytes_again_and_need_no_pyplot() -> None:
    program = (
        "import sys\n"
        "from nncli.evaluate import plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "history = [{'loss': 1.0, 'val_loss': 2.0}]\n"
        "assert plots.learning_curves(history) == plots.learning_curves(history)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )

    assert finished.returncode == 0, finished.stderr
