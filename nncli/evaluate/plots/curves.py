"""Curves over the epochs: of one training, and of several side by side; knows no run folder."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    LINE_STYLES,
    label,
    new_figure,
    plain_frame,
    to_png,
    whole_numbers,
)

Record = Mapping[str, float | None]
_NO_METRICS = ("epoch", "loss", "learning_rate", "seconds", "train_seconds")
_LONG_RANGE = 100  # from here on a loss is drawn on a logarithmic axis
_FEW_EPOCHS = 40  # up to here each epoch has a dot


def learning_curves(history: Sequence[Record], best_epoch: int | None = None) -> bytes:
    """Loss and main metric of each epoch, in training and validation, as a PNG.

    `history` has one record an epoch, as metrics.jsonl; `best_epoch` counts from 0 and is that of the least
    validation loss when left out.
    """
    keys = ["loss", *_main_metrics(history)[:1]]
    if best_epoch is None:
        best_epoch = _least(values_of(history, "val_loss"))
    figure = new_figure(5.2 * len(keys), 3.9)
    for axes, key in zip(np.atleast_1d(figure.subplots(1, len(keys))), keys, strict=True):
        _draw_curve(axes, history, key, best_epoch)
    _add_legend(figure, None)
    return to_png(figure)


def comparison_curves(cells: Sequence[Mapping[str, Any]], metric: str) -> bytes:
    """Validation loss and `metric` of several trainings, grouped by variant, as a PNG.

    Each cell has "variant" and "history". A thick line is the mean over the trainings of a variant, as far as
    all of them go, with a band of one deviation around it; each training is a thin line. `metric` is a key of
    the records with or without "val_"; the loss alone is drawn where they do not have it.
    """
    histories: dict[str, list[Sequence[Record]]] = {}
    for cell in cells:
        histories.setdefault(str(cell["variant"]), []).append(cell["history"])
    everything = [history for group in histories.values() for history in group]
    keys = [_recorded_key(everything, "loss")]
    if _has(everything, metric) or _has(everything, f"val_{metric}"):
        keys = list(dict.fromkeys([*keys, _recorded_key(everything, metric)]))
    figure = new_figure(max(5.6, 5.2 * len(keys)), 4.2)
    for axes, key in zip(np.atleast_1d(figure.subplots(1, len(keys))), keys, strict=True):
        for index, (variant, group) in enumerate(histories.items()):
            _draw_group(axes, [values_of(history, key) for history in group], variant, index)
        _finish(axes, key, everything)
    note = "thick: mean of the runs, band: one deviation, thin: each run"
    _add_legend(figure, note if any(len(group) > 1 for group in histories.values()) else None)
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
    marker = "." if len(history) <= _FEW_EPOCHS else ""
    training, validation = values_of(history, key), values_of(history, f"val_{key}")
    axes.plot(epochs, training, "--", color=COLOURS[1], marker=marker, label="training")
    validated = bool(np.isfinite(validation).any())
    if validated:
        axes.plot(epochs, validation, "-", color=COLOURS[0], marker=marker, label="validation")
    _finish(axes, key, [history])
    shown = validation if validated else training
    if best_epoch is None or best_epoch >= len(history) or not np.isfinite(shown[best_epoch]):
        return
    best, value = best_epoch + 1, shown[best_epoch]
    axes.axvline(best, color=GREY, linewidth=1, linestyle=":")
    axes.plot(best, value, "o", mfc="white", mec=COLOURS[0], ms=8, mew=2, ls="", label=f"best epoch: {best}")
    axes.set_title(f"{_words(f'val_{key}' if validated else key)}: {value:.4g} in epoch {best}", fontsize=11)


def _draw_group(axes: Any, runs: Sequence[np.ndarray], variant: str, index: int) -> None:
    colour, style = COLOURS[index % len(COLOURS)], LINE_STYLES[index % len(LINE_STYLES)]
    shortest = min((len(run) for run in runs), default=0)
    epochs = np.arange(1, shortest + 1)
    together = np.stack([run[:shortest] for run in runs])
    if len(runs) > 1:
        for run in runs:
            axes.plot(np.arange(1, len(run) + 1), run, color=colour, linewidth=0.7, alpha=0.35)
        deviation = together.std(axis=0, ddof=1)
        middle = together.mean(axis=0)
        axes.fill_between(epochs, middle - deviation, middle + deviation, color=colour, alpha=0.15, linewidth=0)
    marker = "." if shortest <= _FEW_EPOCHS else ""
    runs_text = f" ({len(runs)} runs)" if len(runs) > 1 else ""
    axes.plot(
        epochs,
        together.mean(axis=0),
        style,
        color=colour,
        linewidth=2,
        marker=marker,
        label=label(variant, 40) + runs_text,
    )


def _add_legend(figure: Any, note: str | None) -> None:
    """One for all panels, below them, where it hides no curve."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = max(1, min(3, len(handles)))
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, title=note)
    legend.get_title().set_fontsize(9)


def _finish(axes: Any, key: str, histories: Sequence[Sequence[Record]]) -> None:
    plain_frame(axes)
    axes.set_title(_words(key), fontsize=11)
    axes.set_xlabel("epoch")
    whole_numbers(axes.xaxis)
    longest = max((len(history) for history in histories), default=0)
    margin = 0.5 + 0.02 * longest
    axes.set_xlim(1 - margin, max(1, longest) + margin)
    values = np.concatenate([values_of(history, name) for history in histories for name in (key, f"val_{key}")])
    values = values[np.isfinite(values)]
    if key.endswith("loss") and len(values) and values.min() > 0 and values.max() > _LONG_RANGE * values.min():
        axes.set_yscale("log")


def _words(key: str) -> str:
    name = key.removeprefix("val_").replace("_", " ")
    return f"validation {name}" if key.startswith("val_") else name


def _has(histories: Sequence[Sequence[Record]], key: str) -> bool:
    return any(np.isfinite(values_of(history, key)).any() for history in histories)


def _recorded_key(histories: Sequence[Sequence[Record]], key: str) -> str:
    """The validation's value where it is recorded, else the training's."""
    return f"val_{key}" if _has(histories, f"val_{key}") else key


def _least(values: np.ndarray) -> int | None:
    return int(np.nanargmin(values)) if np.isfinite(values).any() else None
