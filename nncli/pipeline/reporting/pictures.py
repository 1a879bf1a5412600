"""The pictures that are in a run folder already, for its page; and the weights of a first layer, painted."""

from pathlib import Path
from typing import Any

import numpy as np

from nncli.errors import NncliError
from nncli.evaluate.plots.images.thumbnails import with_few_colours
from nncli.pipeline.reporting.evaluation import read_evaluation
from nncli.pipeline.weights import read_weights
from nncli.report.figures import inline_figure
from nncli.report.page import data_uri
from nncli.report.tiles import lay_out_tiles
from nncli.run import files
from nncli.run.folder import RunFolder

_MOST_BYTES = 400_000  # of one picture
_MOST_TILES = 36
_SHADES = 31  # of the scale of their colours
_LEARNED, _PROBABILITIES = "learned", "probabilities"
# file -> the section it belongs to, its caption; its twin that ends in .svg is taken where there is one
_PICTURES = {
    "plots/boundary.png": (_LEARNED, "What was predicted over the plane of the two inputs, while it learned."),
    "plots/weights.png": (_LEARNED, "The weights of the first layer while they formed."),
    "evaluation/layercam.png": (_LEARNED, "What the last convolution looks at."),
    "evaluation/importance.png": (
        _LEARNED, "How much worse the predictions are without a column or a place of the image."
    ),
    "evaluation/calibration.png": (
        _PROBABILITIES, "How often answers are right, by the probability they were given; the table has the numbers."
    ),
    "evaluation/ranking.png": (_PROBABILITIES, "ROC and precision-recall curves."),
    "evaluation/probabilities.png": (_PROBABILITIES, "Predicted probabilities for each true class."),
    "evaluation/residuals.png": (_PROBABILITIES, "Residuals of the test rows."),
    "evaluation/predictions.png": (_PROBABILITIES, "Predicted against true values of the test rows."),
}  # fmt: skip


def pictures_of(folder: RunFolder) -> dict[str, list[dict[str, Any]]]:
    """The pictures by the section they belong to: `learned`, `probabilities`."""
    evaluated = bool(read_evaluation(folder))  # pictures of earlier weights are left out
    known = {file: told for file, told in _PICTURES.items() if evaluated or not file.startswith(files.EVALUATION)}
    return {
        name: _taken(folder, {file: caption for file, (place, caption) in known.items() if place == name})
        for name in (_LEARNED, _PROBABILITIES)
    }


def comparison_pictures(folder: RunFolder) -> list[dict[str, Any]]:
    """Scores, differences and the course over seconds; those of earlier versions are one picture."""
    parts = {
        "plots/scores.svg": "The test score of each training, and differences with their 95 % intervals.",
        "plots/seconds.svg": "The course over the time of training: thin lines are trainings, thick ones their means.",
    }
    whole = {"plots/comparison.png": "Curves, test scores and differences with their 95 % intervals."}
    return _taken(folder, parts) or _taken(folder, whole)


def _taken(folder: RunFolder, names: dict[str, str]) -> list[dict[str, Any]]:
    taken = []
    for name, caption in names.items():
        path = folder.path / name
        found = _drawn(path.with_suffix(".svg"), caption) or _painted(path)
        if found is not None:
            taken.append({"uri": None, "svg": None, **found, "alt": caption, "caption": caption})
    return taken


def _drawn(path: Path, caption: str) -> dict[str, str] | None:
    """An SVG as a part of the page; None where there is none that can be used."""
    try:
        return {"svg": inline_figure(path.read_bytes(), path.stem, caption)}
    except (OSError, ValueError):
        return None


def _painted(path: Path) -> dict[str, str] | None:
    if path.suffix != ".png" or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return None
    return {"uri": data_uri(_smaller(path.read_bytes()))}


def _smaller(png: bytes) -> bytes:
    """With fewer colours; as it is where it is no picture, which a browser then tells."""
    try:
        return with_few_colours(png)
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for damaged files
        return png


def first_layer(folder: RunFolder, shape: tuple[int, ...]) -> dict[str, Any] | None:
    """The kernels of the first layer of a network on images (height, width, channels), for the template.

    None for other networks, and where the weights were filmed while they formed.
    """
    from nncli.evaluate.plots.images.kernels import kernel_tiles, paint

    if not shape or (folder.path / "plots" / "weights.png").exists():
        return None
    kernels = _kernels(folder, shape)
    if kernels is None:
        return None
    tiles = kernel_tiles(kernels[..., :_MOST_TILES])
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in paint(np.linspace(-1, 1, _SHADES)).tolist()]
    drawn = lay_out_tiles(
        data_uri(tiles.png),
        count=tiles.count,
        columns=tiles.columns,
        tile=tiles.tile,
        gap=tiles.gap,
        limit=tiles.limit,
        colours=colours,
    )
    units = kernels.shape[-1]
    those = f"the first {_MOST_TILES} of its {units} units" if units > _MOST_TILES else f"its {units} units"
    mean = ", the mean of the channels" if kernels.shape[2] > 1 else ""
    return {**drawn, "caption": f"The weights of the first layer: a tile for each of {those}{mean}."}


def _kernels(folder: RunFolder, shape: tuple[int, ...]) -> np.ndarray | None:
    """Of the first layer, (height, width, channels, units); None where a unit's weights are no picture."""
    try:
        weights = read_weights(folder)
    except NncliError:
        return None
    kernel = next((each for name, each in weights.items() if name.endswith("kernel") and each.ndim in (2, 4)), None)
    if kernel is None or kernel.ndim == 4:
        return kernel
    return kernel.reshape(*shape, -1) if kernel.shape[0] == int(np.prod(shape)) else None
