"""Several trainings side by side: their courses over the epochs, and the test scores that are compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    LINE_STYLES,
    MOST_VECTOR_POINTS,
    label,
    new_figure,
    plain_frame,
    to_png,
    to_svg,
)
from nncli.evaluate.plots.comparisons.differences import draw_differences, has_differences
from nncli.evaluate.plots.comparisons.naming import in_few_words
from nncli.evaluate.plots.curves import FEW_EPOCHS, Record, add_legend, finish, has, limits_of, values_of, words

_NAME = 40


def comparison_curves(cells: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> bytes:
    """Validation loss and watched metric over epochs and seconds, test scores and their differences, as a PNG.

    Each cell has "variant", "history" and "summary" (None where it diverged); `result` is what
    `comparing.summary.summarize` made of them. A thick line is the mean over the trainings of a variant, as far as
    all of them go, with a band of one deviation that stays within what the metric can be.
    """
    cells, result = in_few_words(cells, result)
    histories = _by_variant(cells)
    everything = [history for group in histories.values() for history in group]
    keys = list(dict.fromkeys([_recorded_key(everything, "loss"), result["watched"]]))
    keys = [key for key in keys if has(everything, key)] or keys[:1]
    timed = keys[-1] if has(everything, "train_seconds") else None
    figure = new_figure(max(4.9 * (len(keys) + (timed is not None)), 9.8), 8.4)
    panels, seconds, scores, differences = _panels(figure, len(keys), timed=timed is not None, result=result)
    for axes, key in zip(panels, keys, strict=True):
        for index, (variant, group) in enumerate(histories.items()):
            _draw_group(axes, [values_of(history, key) for history in group], variant, index, key)
        finish(axes, key, everything)
        if key == result["watched"] and result["target"] is not None:
            axes.axhline(result["target"], color=GREY, linewidth=1, linestyle=":")
            axes.set_title(f"{words(key)} (dotted: target {result['target']:.4g})", fontsize=11)
    if timed is not None:
        _draw_over_seconds(seconds, histories, timed)
    _draw_scores(scores, result)
    if differences is not None:
        draw_differences(differences, result)
    note = "thick: mean of the runs, band: one deviation, thin: each run"
    add_legend(figure, note if any(len(group) > 1 for group in histories.values()) else None)
    return to_png(figure)


def comparison_parts(cells: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> dict[str, bytes]:
    """Those of these pictures that a page does not draw itself, as SVGs: "scores", and "seconds" if they were measured.

    "scores" has the test scores and their differences, "seconds" the watched metric over the time of training.
    """
    cells, result = in_few_words(cells, result)
    wide = has_differences(result)
    figure = new_figure(9.8 if wide else 6.4, 4.4)
    panels = np.atleast_1d(figure.subplots(1, 2 if wide else 1))
    _draw_scores(panels[0], result)
    if wide:
        draw_differences(panels[1], result)
    drawn = {"scores": to_svg(figure)}
    histories = _by_variant(cells)
    everything = [history for group in histories.values() for history in group]
    if has(everything, "train_seconds") and has(everything, result["watched"]):
        figure = new_figure(6.4, 4.6)
        axes = figure.subplots()
        _draw_over_seconds(axes, histories, result["watched"])
        axes.set_ylabel(words(result["watched"]))
        add_legend(figure, None)
        drawn["seconds"] = to_svg(figure)
    return drawn


def _by_variant(cells: Sequence[Mapping[str, Any]]) -> dict[str, list[Sequence[Record]]]:
    histories: dict[str, list[Sequence[Record]]] = {}
    for cell in cells:
        histories.setdefault(str(cell["variant"]), []).append(cell["history"])
    return histories


def _panels(figure: Any, curves: int, *, timed: bool, result: Mapping[str, Any]) -> tuple[list[Any], Any, Any, Any]:
    """The axes: one for each curve over the epochs, over seconds, of the scores, of the differences.

    Curves are above, scores and differences below; None for what cannot be drawn.
    """
    upper, lower = figure.subfigures(2, 1)
    top = list(np.atleast_1d(upper.subplots(1, curves + timed)))
    below = list(np.atleast_1d(lower.subplots(1, 2 if has_differences(result) else 1)))
    scores, differences = (below[0], below[1]) if len(below) > 1 else (below[0], None)
    return top[:curves], top[curves] if timed else None, scores, differences


def _draw_over_seconds(axes: Any, histories: Mapping[str, Sequence[Sequence[Record]]], key: str) -> None:
    """The curves again, over the seconds that were trained; each epoch of a mean lies at the mean of its times.

    The first epoch counts like a usual one, as most of its time is the compilation of the program.
    """
    many = sum(len(history) for group in histories.values() for history in group) > MOST_VECTOR_POINTS
    for index, (variant, group) in enumerate(histories.items()):
        colour, style = COLOURS[index % len(COLOURS)], LINE_STYLES[index % len(LINE_STYLES)]
        runs = [(_seconds_of(history), values_of(history, key)) for history in group if history]
        if not runs:
            continue
        for seconds, values in runs if len(runs) > 1 else ():
            axes.plot(seconds, values, color=colour, linewidth=0.7, alpha=0.35, rasterized=many)
        shortest = min(len(seconds) for seconds, _ in runs)
        usual = np.mean([seconds[:shortest] for seconds, _ in runs], axis=0)
        together = np.stack([values[:shortest] for _, values in runs])
        if len(runs) > 1:
            axes.fill_between(usual, *_band(together, key), color=colour, alpha=0.15, linewidth=0)
        axes.plot(usual, together.mean(axis=0), style, color=colour, linewidth=2, label=label(variant, _NAME))
    plain_frame(axes)
    axes.set_title(f"{words(key)} over time", fontsize=11)
    axes.set_xlabel("seconds of training")
    axes.set_xlim(left=0)


def _seconds_of(history: Sequence[Record]) -> np.ndarray:
    """The seconds after each epoch, float64 (epochs,)."""
    seconds = values_of(history, "train_seconds")
    if len(seconds) > 1:
        seconds[0] = min(seconds[0], float(np.median(seconds[1:])))
    summed: np.ndarray = np.cumsum(seconds)
    return summed


def _band(together: np.ndarray, key: str) -> tuple[np.ndarray, np.ndarray]:
    """One deviation around the mean of (runs, points), within what the metric can be."""
    deviation, middle = together.std(axis=0, ddof=1), together.mean(axis=0)
    low, high = limits_of(key)
    return np.clip(middle - deviation, low, high), np.clip(middle + deviation, low, high)


def _recorded_key(histories: Sequence[Sequence[Record]], key: str) -> str:
    """The validation's value where it is recorded, else the training's."""
    return f"val_{key}" if has(histories, f"val_{key}") else key


def _draw_group(axes: Any, runs: Sequence[np.ndarray], variant: str, index: int, key: str) -> None:
    colour, style = COLOURS[index % len(COLOURS)], LINE_STYLES[index % len(LINE_STYLES)]
    shortest = min((len(run) for run in runs), default=0)
    epochs = np.arange(1, shortest + 1)
    together = np.stack([run[:shortest] for run in runs])
    if len(runs) > 1:
        for run in runs:
            axes.plot(np.arange(1, len(run) + 1), run, color=colour, linewidth=0.7, alpha=0.35)
        axes.fill_between(epochs, *_band(together, key), color=colour, alpha=0.15, linewidth=0)
    marker = "." if shortest <= FEW_EPOCHS else ""
    runs_text = f" ({len(runs)} runs)" if len(runs) > 1 else ""
    name = label(variant, _NAME) + runs_text
    axes.plot(epochs, together.mean(axis=0), style, color=colour, linewidth=2, marker=marker, label=name)


def _draw_scores(axes: Any, result: Mapping[str, Any]) -> None:
    """Each training's test score as a point, the mean of a variant as a bar, the baseline as a line."""
    variants = result["variants"]
    for index, variant in enumerate(variants):
        values = np.asarray(variant["test"]["values"], np.float64)
        colour = COLOURS[index % len(COLOURS)]
        if not len(values):
            axes.annotate("diverged", (index, 0.5), xycoords=("data", "axes fraction"), ha="center", color=colour)
            continue
        spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(index + spread, values, "o", color=colour, alpha=0.6, ms=6, mew=0)
        axes.plot([index - 0.28, index + 0.28], [values.mean()] * 2, color=colour, linewidth=2.5)
        diverged = f"\n{variant['diverged']} diverged" if variant["diverged"] else ""
        place = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(f"{values.mean():.4g}{diverged}", (index, values.mean()), fontsize=8, color=colour, **place)
    _add_baseline(axes, result)
    axes.set_xlim(-0.6, len(variants) - 0.4)
    names = [label(variant["name"], 30).replace("=", "=\n", 1) for variant in variants]
    axes.set_xticks(range(len(variants)), names, fontsize=8, rotation=20 if len(variants) > 2 else 0, ha="center")
    plain_frame(axes)
    axes.set_ylabel(f"test {words(result['metric'])}")
    axes.set_title("each training on its test set", fontsize=11)


def _add_baseline(axes: Any, result: Mapping[str, Any]) -> None:
    """The line of guessing where it is near the scores; its number in any case."""
    baseline = result["baseline"]
    scores = [value for variant in result["variants"] for value in variant["test"]["values"]]
    if baseline is None or not scores:
        return
    spread = max(scores) - min(scores)
    is_near = min(scores) - baseline < 3 * max(spread, 0.02)
    if is_near:
        axes.axhline(baseline, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlabel(
        f"{'dotted: ' if is_near else ''}baseline {baseline:.4g}{'' if is_near else ', far below'}", fontsize=9
    )
