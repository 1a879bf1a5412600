"""Curves of a training over its epochs."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    label,
    new_figure,
    plain_frame,
    to_png,
    whole_numbers,
)

Record = Mapping[str, float | None]
_NO_METRICS = ("epoch", "loss", "learning_rate", "seconds", "train_seconds")
_SHARES = ("accuracy", "auc", "precision", "recall", "f1", "top_3_accuracy")
_LONGEST_LABEL = 32  # letters beside an axis
_LONG_RANGE = 100  # from here on a loss is drawn on a logarithmic axis
FEW_EPOCHS = 40  # up to here each epoch has a dot


def learning_curves(
    history: Sequence[Record], best_epoch: int | None = None, *, run: str = "", loss: str = "", unit: str = ""
) -> bytes:
    """Loss and main metric of each epoch, on the training and the validation set, as a PNG.

    `history` has one record an epoch, as metrics.jsonl; `best_epoch` counts from 0 and is that of the least
    validation loss when left out. `run` is the title, `loss` the name of the loss, `unit` what an error is measured in:
    the name of a regression's target.
    """
    keys = ["loss", *_main_metrics(history)[:1]]
    if best_epoch is None:
        best_epoch = _least(values_of(history, "val_loss"))
    figure = new_figure(5.2 * len(keys), 3.9)
    for axes, key in zip(np.atleast_1d(figure.subplots(1, len(keys))), keys, strict=True):
        _draw_curve(axes, history, key, best_epoch)
        _name_axis(axes, key, loss if key == "loss" else unit)
    if run:
        figure.suptitle(label(run, 60), fontsize=11)
    add_legend(figure, None)
    return to_png(figure)


def values_of(history: Sequence[Record], key: str) -> np.ndarray:
    """One metric over the epochs, float64 (epochs,), NaN where a record lacks it."""
    values = [record.get(key) for record in history]
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def _main_metrics(history: Sequence[Record]) -> list[str]:
    names = dict.fromkeys(name for record in history for name in record)
    return [name for name in names if name not in _NO_METRICS and not name.startswith("val_")]


def _draw_curve(axes: Any, history: Sequence[Record], key: str, best_epoch: int | None) -> None:
    epochs = np.arange(1, len(history) + 1)
    marker = "." if len(history) <= FEW_EPOCHS else ""
    training, validation = values_of(history, key), values_of(history, f"val_{key}")
    axes.plot(epochs, training, "--", color=COLOURS[1], marker=marker, label="training")
    validated = bool(np.isfinite(validation).any())
    if validated:
        axes.plot(epochs, validation, "-", color=COLOURS[0], marker=marker, label="validation")
    finish(axes, key, [history])
    shown = validation if validated else training
    if best_epoch is None or best_epoch >= len(history) or not np.isfinite(shown[best_epoch]):
        return
    best, value = best_epoch + 1, shown[best_epoch]
    axes.axvline(best, color=GREY, linewidth=1, linestyle=":")
    axes.plot(best, value, "o", mfc="white", mec=COLOURS[0], ms=8, mew=2, ls="", label=f"best epoch: {best}")
    axes.set_title(f"{words(f'val_{key}' if validated else key)}: {value:.4g} in epoch {best}", fontsize=11)


def _name_axis(axes: Any, key: str, what: str) -> None:
    """What the axis measures, in which unit or by which loss, and that it is logarithmic where it is."""
    in_units = key.endswith("error") and "squared" not in key
    told = [words(what)] if what and (key == "loss" or in_units) else []
    told += ["log scale"] if axes.get_yscale() == "log" else []
    axes.set_ylabel(textwrap.fill(words(key) + (f" ({', '.join(told)})" if told else ""), _LONGEST_LABEL))


def add_legend(figure: Any, note: str | None) -> None:
    """One for all panels, below them, where it hides no curve."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = max(1, min(3, len(handles)))
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, title=note)
    legend.get_title().set_fontsize(9)


def finish(axes: Any, key: str, histories: Sequence[Sequence[Record]]) -> None:
    """Frame, title and axes of a panel; a loss that falls by a factor of 100 gets a logarithmic axis."""
    plain_frame(axes)
    axes.set_title(words(key), fontsize=11)
    axes.set_ylabel(words(key))
    axes.set_xlabel("epoch")
    whole_numbers(axes.xaxis)
    longest = max((len(history) for history in histories), default=0)
    margin = 0.5 + 0.02 * longest
    axes.set_xlim(1 - margin, max(1, longest) + margin)
    values = np.concatenate([values_of(history, name) for history in histories for name in (key, f"val_{key}")])
    values = values[np.isfinite(values)]
    if key.endswith("loss") and len(values) and values.min() > 0 and values.max() > _LONG_RANGE * values.min():
        axes.set_yscale("log")


def words(key: str) -> str:
    """A metric as people call it."""
    name = key.removeprefix("val_").replace("_", " ")
    return f"validation {name}" if key.startswith("val_") else name


def has(histories: Sequence[Sequence[Record]], key: str) -> bool:
    """Whether any record has a finite number under the key."""
    return any(np.isfinite(values_of(history, key)).any() for history in histories)


def _least(values: np.ndarray) -> int | None:
    return int(np.nanargmin(values)) if np.isfinite(values).any() else None


def limits_of(key: str) -> tuple[float, float]:
    """What a metric can be at least and at most."""
    name = key.removeprefix("val_")
    if name == "r2_score":
        return -np.inf, 1.0
    if name.endswith(("loss", "error")):
        return 0.0, np.inf
    return (0.0, 1.0) if name in _SHARES else (-np.inf, np.inf)
