"""The differences of a comparison: each seed, the mean and its 95 % interval, beside zero and the margin."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nncli.evaluate.comparing.sentences import unit_of
from nncli.evaluate.plots.canvas import COLOURS, GREY, label, plain_frame
from nncli.evaluate.plots.curves import words


def draw_differences(axes: Any, result: Mapping[str, Any]) -> None:
    """A row for each variant that the best one was compared with, in the unit of the sentences."""
    shown = [each for each in result["verdicts"] if each["values"]]
    unit, scale = unit_of(result["metric"])
    names = [variant["name"] for variant in result["variants"]]
    for place, each in enumerate(shown):
        colour = COLOURS[names.index(each["other"]) % len(COLOURS)]
        values = np.asarray(each["values"]) * scale
        spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(values, place + spread, "o", color=colour, alpha=0.5, ms=5, mew=0)
        if each["interval"] is not None:
            low, high = (bound * scale for bound in each["interval"])
            axes.plot([low, high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
        is_clear = each["verdict"] == "better"
        axes.plot(each["mean"] * scale, place, "D", color=colour, ms=8, mfc=colour if is_clear else "white", mew=2)
    axes.axvline(0, color=GREY, linewidth=1)
    if result.get("margin") is not None:
        axes.axvspan(-result["margin"], result["margin"], color=GREY, alpha=0.15, linewidth=0)
    axes.set_yticks(range(len(shown)), [label(each["other"], 30).replace("=", "=\n", 1) for each in shown], fontsize=8)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    plain_frame(axes)
    axes.set_title(f"{label(shown[0]['best'], 30)} minus each other variant", fontsize=11)
    kinds = {each["verdict"] == "better" for each in shown}
    legend = " and ".join(text for kind, text in ((True, "filled: sure"), (False, "open: not sure")) if kind in kinds)
    told = "" if unit == words(result["metric"]) else f" ({unit})"
    what = f"difference of the test {words(result['metric'])}{told}"
    axes.set_xlabel(f"{what}\nbar: 95 % interval, dots: seeds, {legend}", fontsize=9)


def has_differences(result: Mapping[str, Any]) -> bool:
    """Whether there is anything to draw."""
    return any(each["values"] for each in result.get("verdicts") or ())
