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
from nncli.evaluate.plots import canvas, confusion, curves, values
from nncli.evaluate.plots.comparisons import comparison
from nncli.evaluate.plots.comparisons.naming import values_alone
from nncli.evaluate.plots.images import worst
from nncli.evaluate.worst import WorstExample

pytestmark = pytest.mark.drawn


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that were drawn, each rendered, in order."""
    figures: list[Any] = []

    def keep(figure: Any) -> bytes:
        figures.append(figure)
        return canvas.to_png(figure)

    def keep_both(figure: Any) -> canvas.Picture:
        figures.append(figure)
        return canvas.to_picture(figure)

    for module in (curves, comparison, confusion, worst):
        monkeypatch.setattr(module, "to_png", keep)
    for module in (confusion, values):
        monkeypatch.setattr(module, "to_picture", keep_both)
    return figures


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["hidden_activation=relu optimizer=adam", "hidden_activation=tanh optimizer=sgd"], ["relu adam", "tanh sgd"]),
        (["units=5", "units=50"], ["5", "50"]),
        (["units=5", "rate=5"], ["units=5", "rate=5"]),
        (["mnist", "units=5"], ["mnist", "units=5"]),
        (["path=a b=c", "path=a b"], ["path=a b=c", "path=a b"]),
        ([], []),
    ],
)
def test_variants_are_called_by_their_values_where_all_have_the_same_keys(names: list[str], short: list[str]) -> None:
    assert list(values_alone(names).values()) == short


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        return image.size


def compared(variants: list[tuple[str, list[float]]], watched: str) -> dict[str, Any]:
    """What a comparison found, as far as a picture shows it."""
    return {
        "metric": "accuracy",
        "watched": watched,
        "target": 0.25,
        "baseline": 0.1,
        "variants": [{"name": name, "diverged": not scores, "test": {"values": scores}} for name, scores in variants],
    }


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

    size_of(plots.comparison_curves(cells, compared([("relu", [0.9, 0.7]), ("sigmoid", [0.8])], "val_accuracy")))

    loss, accuracy, scores = drawn[0].axes
    means = {line.get_label(): line.get_ydata().tolist() for line in loss.lines if line.get_linewidth() == 2}
    assert means == {"relu (2 runs)": [2.0, 3.0], "sigmoid": [5.0]}
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((2 - np.sqrt(2), 3 + np.sqrt(2)))
    assert loss.get_title() == "validation loss"
    assert accuracy.get_title() == "validation accuracy (dotted: target 0.25)"
    points = [line.get_ydata().tolist() for line in scores.lines if line.get_marker() == "o"]
    assert points == [[0.9, 0.7], [0.8]]
    assert scores.get_ylabel() == "test accuracy" and "baseline 0.1" in scores.get_xlabel()


def test_a_band_stays_within_what_a_metric_can_be(drawn: list[Any]) -> None:
    cells = [{"variant": "a", "history": make_history([0.1, 0.1], [1.6, 1.9])} for _ in range(2)]
    cells.append({"variant": "a", "history": make_history([3.0, 0.1], [2.0, 2.0])})
    plots.comparison_curves(cells, compared([("a", [0.9, 0.9, 0.9])], "val_accuracy"))
    loss, accuracy, _ = drawn[0].axes
    assert loss.collections[0].get_paths()[0].vertices[:, 1].min() >= 0
    assert accuracy.collections[0].get_paths()[0].vertices[:, 1].max() <= 1


def test_a_variant_that_diverged_is_named_as_such(drawn: list[Any]) -> None:
    cells = [{"variant": "a", "history": make_history([1.0])}, {"variant": "b", "history": []}]
    plots.comparison_curves(cells, compared([("a", [0.5]), ("b", [])], "val_loss"))
    assert "diverged" in [text.get_text() for text in drawn[0].axes[-1].texts]


def test_a_comparison_draws_curves_over_seconds_and_differences_with_intervals(drawn: list[Any]) -> None:
    seconds = [5.0, 1.0, 3.0]
    cells = [
        {
            "variant": name,
            "history": [
                {**record, "train_seconds": each}
                for record, each in zip(make_history([3.0, 2.0, 1.0], [0.1, 0.2, 0.3]), seconds, strict=True)
            ],
        }
        for name in ("relu", "tanh")
    ]
    verdict = {"best": "relu", "other": "tanh", "verdict": "better", "values": [0.1, 0.2], "mean": 0.15}
    result = {
        **compared([("relu", [0.9, 0.9]), ("tanh", [0.8, 0.7])], "val_accuracy"),
        "verdicts": [{**verdict, "interval": [0.05, 0.25]}],
        "margin": 2.0,
    }
    size_of(plots.comparison_curves(cells, result))
    parts = {name: content.decode() for name, content in plots.comparison_parts(cells, result).items()}
    assert set(parts) == {"scores", "seconds"}
    assert all(word in parts["scores"] for word in (">relu minus each other variant<", ">test accuracy<", ">0.75<"))
    assert ">seconds of training<" in parts["seconds"] and ">tanh<" in parts["seconds"]

    *_, timed, _, differences = drawn[0].axes
    [relu, tanh] = [line for line in timed.lines if line.get_linewidth() == 2]
    assert timed.get_xlabel() == "seconds of training"
    # The first epoch, which compiles, counts like a usual one: 2 seconds, then 3 and 6 in all.
    assert (relu.get_xdata()[0], relu.get_xdata()[-1]) == (2.0, 6.0)
    assert np.interp(3.0, tanh.get_xdata(), tanh.get_ydata()) == pytest.approx(
        0.1, abs=0.001
    )  # half of it on the validation set
    drawn_lines = [line.get_xdata() for line in differences.lines]
    assert any(np.allclose(line, [5.0, 25.0]) for line in drawn_lines if len(line) == 2)
    assert any(np.allclose(line, [10.0, 20.0]) for line in drawn_lines if len(line) == 2)
    assert "(points)" in differences.get_xlabel() and "filled: sure" in differences.get_xlabel()


def test_a_comparison_shows_the_loss_alone_where_the_metric_is_not_recorded(drawn: list[Any]) -> None:
    cells: list[dict[str, Any]] = [
        {"variant": "a", "history": make_history([1.0])},
        {"variant": "b", "history": []},
    ]

    plots.comparison_curves(cells, compared([("a", [0.5]), ("b", [0.4])], "val_r2_score"))

    assert [axes.get_title() for axes in drawn[0].axes] == ["validation loss", "each training on its test set"]


def test_a_confusion_matrix_writes_the_counts_and_says_how_many_are_right(drawn: list[Any]) -> None:
    size_of(plots.confusion_matrix(np.array([[3, 1], [0, 0]]), ("no", "yes"), "survived"))

    axes = drawn[0].axes[0]
    assert axes.get_title() == "accuracy 0.75 (3 of 4 right)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted survived", "true survived")
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

    size_of(plots.true_against_predicted(targets, targets + 1, ("a", "b", "c")).png)

    shown = [axes for axes in drawn[0].axes if axes.get_visible()]
    assert [axes.get_ylabel() for axes in shown] == ["predicted a", "predicted b", "predicted c"]
    assert shown[0].get_title() == "mean absolute error 1, R² -3"
    assert shown[0].get_xlim() == shown[0].get_ylim()
    assert shown[0].collections[0].get_offsets().tolist() == [[1.0, 2.0], [2.0, 3.0]]


def test_a_constant_target_and_very_many_rows_can_be_drawn(drawn: list[Any]) -> None:
    plots.true_against_predicted(np.ones((50_000, 1)), np.ones((50_000, 1)), ("y",))

    assert len(drawn[0].axes[0].collections[0].get_offsets()) <= 20_000
    assert "every 3rd of 50,000 rows drawn" in drawn[0].axes[0].get_title()


def test_large_values_have_marks_between_thousands_and_a_line_at_zero_where_they_pass_it(drawn: list[Any]) -> None:
    targets = np.array([[12_000.0], [3_000.0]])
    plots.true_against_predicted(targets, targets - 5_000, ("price",))
    axes = drawn[0].axes[0]
    assert "10,000" in [text.get_text() for text in axes.get_xticklabels()]
    assert [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1] == [0]


def test_labels_have_a_bar_for_each_metric_and_the_share_of_rows(drawn: list[Any]) -> None:
    labels = [
        {"name": "even", "precision": 0.9, "recall": 0.8, "f1": 0.85, "share": 0.5},
        {"name": "loop", "precision": None, "recall": 0.0, "f1": 0.0, "share": 0.1},
    ]
    size_of(plots.label_bars(labels).png)
    axes = drawn[0].axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["even", "loop"]
    assert [round(bar.get_width(), 2) for bar in axes.patches][2:] == [0.8, 0.0, 0.85, 0.0]
    assert axes.lines[0].get_xdata().tolist() == [0.5, 0.1]


def test_probabilities_are_counted_for_each_true_class(drawn: list[Any]) -> None:
    targets, predictions = np.array([[0.0], [0.0], [1.0]]), np.array([[0.1], [0.2], [0.9]])
    size_of(plots.probabilities(targets, predictions, ("no", "yes"), "survived").png)
    axes = drawn[0].axes[0]
    assert axes.get_xlabel() == "predicted probability of survived = yes"
    legend = {text.get_text() for text in axes.get_legend().get_texts()}
    assert legend == {"true: no (2)", "true: yes (1)", "decision threshold"}


def test_axes_name_the_loss_its_scale_and_the_unit_of_an_error(drawn: list[Any]) -> None:
    history = [
        {"loss": loss, "val_loss": loss, "mean_absolute_error": 9.0, "val_mean_absolute_error": 8.0}
        for loss in (100.0, 1.0, 0.1)
    ]
    plots.learning_curves(history, run="20260101-mpg", loss="mean_squared_error", unit="mpg")
    loss, error = drawn[0].axes
    assert loss.get_ylabel().replace("\n", " ") == "loss (mean squared error, log scale)"
    assert error.get_ylabel() == "mean absolute error (mpg)"
    assert drawn[0].get_suptitle() == "20260101-mpg"


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


def test_each_file_of_a_picture_is_drawn_once() -> None:
    figure = canvas.new_figure(2, 2)
    figure.subplots().plot([1, 2])
    draw, drawings = figure.patch.draw, []
    figure.patch.draw = lambda renderer: (drawings.append(renderer), draw(renderer))

    canvas.to_picture(figure)

    assert len(drawings) == 2
