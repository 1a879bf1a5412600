"""Whether probabilities are calibrated: the reliability diagram."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nncli.evaluate.plots.canvas import COLOURS, GREY, Picture, new_figure, plain_frame, thousands, to_picture


def reliability(calibration: Mapping[str, Any]) -> Picture:
    """The share of right answers over the probability of the answer, and below it the rows of each bin.

    `calibration` is what `measure_calibration` gives. Points below the diagonal are answers the model is too sure of
    (DeGroot and Fienberg, "The comparison and evaluation of forecasters", 1983). The bars are two standard errors.
    """
    bins = calibration["bins"]
    confidence = np.array([entry["confidence"] for entry in bins])
    right = np.array([entry["accuracy"] for entry in bins])
    rows = np.array([entry["rows"] for entry in bins])
    figure = new_figure(5.2, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], ":", color=GREY, linewidth=1, label="right as often as said")
    errors = 2 * np.sqrt(right * (1 - right) / rows)
    # Points at the edge of what is possible have no error that way: a share is never above 1.
    spread = np.stack([np.minimum(errors, right), np.minimum(errors, 1 - right)])
    above.errorbar(confidence, right, yerr=spread, fmt="o-", color=COLOURS[0], markersize=5, capsize=2, label="model")
    above.set_ylabel("share of right answers")
    above.set_ylim(-0.02, 1.02)
    above.set_title(f"expected calibration error {calibration['expected_calibration_error']:.4f}", fontsize=11)
    above.legend(frameon=False, fontsize=9, loc="lower right")
    below.bar(confidence, rows, width=1 / 18, color=COLOURS[0])
    below.set_ylabel("answers")
    thousands(below.yaxis, below.get_ylim())
    below.set_xlabel("probability of the predicted answer")
    below.set_xlim(0.0, 1.02)
    for axes in (above, below):
        plain_frame(axes)
    return to_picture(figure)
