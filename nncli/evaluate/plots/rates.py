"""The loss over the learning rate, as a range test measured it."""

from collections.abc import Sequence

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, GREY, label, new_figure, plain_frame, to_png


def rate_curve(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], rate: float | None, *, name: str = ""
) -> bytes:
    """The loss of each batch as a point, their smoothed course as a line, the named rate as a vertical line; a PNG.

    Losses above twice those at the first rates are cut off, so that the fall before them can be seen.
    """
    figure = new_figure(7.0, 4.2)
    axes = figure.subplots()
    axes.plot(rates, losses, ".", color=GREY, markersize=4, label="loss of a batch")
    axes.plot(rates[: len(smoothed)], smoothed, "-", color=COLOURS[0], label="smoothed")
    if rate is not None:
        axes.axvline(rate, color=COLOURS[1], linestyle="--", label=f"learning rate {rate:g}")
    axes.set_xscale("log")
    finite = np.asarray(smoothed)
    if len(finite):
        start = float(finite[: max(1, len(finite) // 10)].mean())
        low, high = min(float(finite.min()), float(np.nanmin(losses))), min(float(finite.max()), 2 * start)
        margin = 0.08 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)
    plain_frame(axes)
    axes.set_xlabel("learning rate (log scale)")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    if name:
        axes.set_title(f"{label(name, 50)}: one batch at each learning rate", fontsize=11)
    return to_png(figure)
