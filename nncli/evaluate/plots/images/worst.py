"""The examples a model is most wrong about, as a sheet of images with captions."""

import math
from collections.abc import Sequence

import numpy as np

from nncli.evaluate.plots.canvas import label, new_figure, to_png
from nncli.evaluate.worst import WorstExample

# Characters of a file name above an image that is 1.85 inches wide.
_LONGEST_PLACE = 26


def worst_images(images: np.ndarray, examples: Sequence[WorstExample], places: Sequence[str]) -> bytes:
    """A contact sheet as a PNG: the images (n, height, width, channels) with truth, prediction and probability.

    `places` names the file or row of each, which stands above it; of a long path the end is shown.
    """
    columns = max(2, math.ceil(math.sqrt(len(examples))))
    rows = max(1, math.ceil(len(examples) / columns))
    figure = new_figure(1.85 * columns, 0.45 + 2.25 * rows)
    figure.suptitle("Largest losses", fontsize=11)
    brightest = float(np.max(images)) if len(images) else 1.0
    for index, axes in enumerate(np.atleast_1d(figure.subplots(rows, columns)).ravel()):
        axes.set_axis_off()
        if index < len(examples):
            axes.imshow(_picture(images[index], brightest), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
            axes.set_title(f"{_end_of(places[index])}\n{_caption(examples[index])}", fontsize=8)
    return to_png(figure)


def _picture(image: np.ndarray, brightest: float) -> np.ndarray:
    """Values from 0 to 1, (height, width) for a grey image, (height, width, 3 or 4) else."""
    lowest = min(0.0, float(np.min(image)))
    picture: np.ndarray = (image.astype(np.float64) - lowest) / max(brightest - lowest, 1e-12)
    return picture if image.shape[-1] in (3, 4) else picture[..., 0]


def _caption(example: WorstExample) -> str:
    true, predicted = _answer(example.true), _answer(example.predicted)
    if example.probability is None:
        return f"true {true}\npredicted {predicted}"
    verdict = "right, but only" if true == predicted else "at"
    percent = f"{100 * example.probability:.0f} %"
    return f"true {true}\npredicted {predicted}\n{verdict} {percent}"


def _end_of(place: str) -> str:
    """A path cut at its start, where it differs least from the others."""
    shown = place if len(place) <= _LONGEST_PLACE else f"...{place[3 - _LONGEST_PLACE :]}"
    return label(shown, _LONGEST_PLACE)


def _answer(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return label(", ".join(_answer(item) for item in value) or "none")
    return label(value, 16)
