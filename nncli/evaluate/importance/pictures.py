"""Pictures of what a model uses: bars for columns, maps over images."""

from collections.abc import Mapping, Sequence

import numpy as np

from nncli.evaluate.importance.permutation import ColumnImportance
from nncli.evaluate.plots.canvas import (
    COLOURS,
    GREY,
    Picture,
    distinct_labels,
    label,
    new_figure,
    plain_frame,
    to_picture,
    to_png,
)

_MOST_BARS = 30


def importance_bars(columns: Sequence[ColumnImportance], metric: str) -> Picture:
    """The importance of each column with two deviations to both sides; above thirty columns the first."""
    shown = columns[:_MOST_BARS]
    figure = new_figure(6.4, 1.0 + 0.28 * len(shown))
    axes = figure.subplots()
    places = np.arange(len(shown))
    colours = [COLOURS[0] if column.is_clear else "#BBBBBB" for column in shown]
    axes.barh(places, [column.importance for column in shown], color=colours, height=0.7)
    spread = [2 * column.deviation for column in shown]
    axes.errorbar([column.importance for column in shown], places, xerr=spread, fmt="none", ecolor=GREY, capsize=2)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(places, distinct_labels([column.name for column in shown], 28), fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel(f"fall of {label(metric.replace('_', ' '), 30)} when the column is shuffled (0: not used)")
    plain_frame(axes)
    return to_picture(figure)


def importance_maps(images: np.ndarray, captions: Sequence[str], maps: Mapping[str, np.ndarray]) -> bytes:
    """Each image (n, height, width, channels) and beside it what each method marks, (n, height, width), as a PNG.

    Red is what the prediction rests on, blue what speaks against it; each map is scaled by its own largest value.
    """
    columns = 1 + len(maps)
    figure = new_figure(0.3 + 1.9 * columns, 0.3 + 2.15 * len(images))
    grid = np.atleast_2d(figure.subplots(len(images), columns, squeeze=False))
    low, high = float(min(0.0, images.min())), float(images.max())
    for row, image in enumerate(images):
        picture = (image.astype(np.float64) - low) / max(high - low, 1e-12)
        picture = picture if image.shape[-1] == 3 else picture[..., 0]
        for axes in grid[row]:
            axes.set_axis_off()
            axes.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        grid[row][0].set_title(captions[row], fontsize=8)
        for axes, (name, values) in zip(grid[row][1:], maps.items(), strict=True):
            strongest = float(np.abs(values[row]).max()) or 1.0
            height, width = image.shape[:2]
            # A map of a deep layer is coarser than the image: it is stretched over it.
            area = (-0.5, width - 0.5, height - 0.5, -0.5)
            axes.imshow(values[row], cmap="bwr", vmin=-strongest, vmax=strongest, alpha=0.55, extent=area)
            axes.set_title(name, fontsize=8)
    return to_png(figure)
