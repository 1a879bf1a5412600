"""Checks on pixels, from files or arrays: borders, blank and inverted images; and the tiles of a contact sheet."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from nncli.data.dataset import Dataset, count_distinct, hash_rows
from nncli.data.images.border import BORDER_AGREEMENT
from nncli.data.images.decoding import INVERTED
from nncli.data.profile.values import Finding, Level, Tile

# The most classes on a contact sheet, and the most examples of each.
TILE_CLASSES = 20
TILES_A_CLASS = 8
TILES_WITHOUT_CLASS = 24
# The longer side of a tile, in pixels.
TILE_SIDE = 96
# The mean colour is said to give the class away from here on: 0 is no better than guessing, 1 always right.
_TELLING = 0.5
# From here on mean images have a left and a right: 14 for 430 digits of MNIST, 1.4 for shapes that are rotated at
# random, 2.2 for dots and checks that are cut off by the left edge (benchmarks/images.py).
_ONE_WAY = 3.0
_DIRECTION = re.compile(r"(^|[\W_])(left|right|links|rechts|gauche|droite|izquierda|derecha)($|[\W_])")
_SHOWN = 3


def look_at_light(
    borders: np.ndarray, blank: np.ndarray, name: Callable[[int], str]
) -> tuple[float | None, list[Finding]]:
    """The median border (0 to 1) of all images, and findings for blank and for inverted images.

    `borders` (n,) are the border medians, `blank` bool (n,) says which images have the same value in every pixel,
    `name` gives the name of the image at an index.
    """
    findings = []
    empty = np.flatnonzero(blank)
    if len(empty):
        what = "is blank: all its pixels are the same" if len(empty) == 1 else "are blank: all pixels are the same"
        findings.append(
            Finding("blank", Level.WARNING, name_some(empty, name), what, "remove them, or look up what they were")
        )
    border = float(np.median(borders))
    far = np.abs(borders - border) > INVERTED
    if far.any() and far.mean() <= 1 - BORDER_AGREEMENT:
        ours, theirs = ("light", "dark") if border < 0.5 else ("dark", "light")
        many = int(far.sum()) > 1
        what = f"{'look' if many else 'looks'} inverted: the border is {ours}, that of the others {theirs}"
        findings.append(
            Finding(
                "inverted", Level.WARNING, name_some(np.flatnonzero(far), name), what, "invert them, or remove them"
            )
        )
    return border, findings


def colour_tells(pixels: np.ndarray, labels: np.ndarray) -> bool:
    """Whether the mean colour of an image alone gives its class away.

    Every second image gives the mean colours of the classes; the others are put into the class with the nearest mean.
    That tells the class if it gets at least halfway from guessing to always right.
    `pixels` is (n, height, width, channels), `labels` int64 (n,).
    """
    colours = np.stack([image.mean(axis=(0, 1), dtype=np.float64) for image in pixels])
    known, asked = labels[::2], labels[1::2]
    classes = np.unique(known)
    if not len(asked) or len(classes) < 2:
        return False
    means = np.stack([colours[::2][known == label].mean(axis=0) for label in classes])
    distances = ((colours[1::2, None] - means[None]) ** 2).sum(axis=2)
    right = float((classes[distances.argmin(axis=1)] == asked).mean())
    guessing = float(np.bincount(labels).max() / len(labels))
    return right >= guessing + _TELLING * (1 - guessing)


def why_not_mirrored(pixels: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> str:
    """Why a mirrored image may mean something other than the image; empty if there is no reason against mirroring.

    `pixels` (n, height, width, channels) and `labels` int64 (n,) as in `colour_tells`. Grey images may be writing or
    drawings, and so may images whose classes are named like digits, letters or directions. If the images of a class all
    face one way, their mean image differs from its mirror image by more than chance.
    """
    if pixels.shape[-1] != 3:
        return "grey images may be digits or text"
    named = [name for name in classes if len(name) == 1 or name.isdecimal() or _DIRECTION.search(name.casefold())]
    if not classes or named:
        return f"{named[0]} may be another class, mirrored" if named else "the target may depend on left and right"
    if _asymmetry(pixels, labels) > _ONE_WAY:
        return "the images of a class face one way"
    return ""


def _asymmetry(pixels: np.ndarray, labels: np.ndarray) -> float:
    """How far the mean images of the classes are from their mirror images; 1 is what chance alone would give."""
    classes, places = np.unique(labels, return_inverse=True)
    drawn = np.stack([_outlines(image) for image in pixels])
    half = (drawn - drawn[:, :, ::-1])[:, :, : drawn.shape[2] // 2]
    found = expected = 0.0
    for index in range(len(classes)):
        of_class = half[places == index]
        if len(of_class) > 1:
            found += len(of_class) * float((of_class.mean(axis=0) ** 2).mean())
            expected += float(of_class.var(axis=0, ddof=1).mean())
    return found / expected if expected else 0.0


def _outlines(image: np.ndarray) -> np.ndarray:
    """How far each region of an image is from its median colour: a grid of at most 24 by 24 cells with mean 1."""
    step = max(1, max(image.shape[:2]) // 12)
    far = np.abs(image - np.median(image.astype(np.float32), axis=(0, 1))).sum(axis=2)
    height, width = (length // step * step for length in far.shape)
    cells: np.ndarray = far[:height, :width].reshape(height // step, step, width // step, step).mean(axis=(1, 3))
    return cells / max(float(cells.mean()), 1e-6)


def count_repeated(dataset: Dataset) -> int:
    """How many images of all sets are equal to an earlier one, pixel by pixel."""
    parts = (dataset.train, dataset.validation, dataset.test)
    hashes = np.concatenate([hash_rows(list(part.inputs.values())) for part in parts if len(part)])
    return len(hashes) - count_distinct(hashes)


def name_some(indices: Sequence[int] | np.ndarray, name: Callable[[int], str]) -> str:
    """The first few by name, and how many more there are."""
    told = ", ".join(name(int(index)) for index in indices[:_SHOWN])
    return told + (f" and {len(indices) - _SHOWN:,} more" if len(indices) > _SHOWN else "")


def choose_examples(labels: np.ndarray, classes: int) -> list[int]:
    """Indices of examples for a contact sheet, class by class, evenly spaced; `labels` is int64 (n,)."""
    shown = np.unique(np.linspace(0, classes - 1, min(classes, TILE_CLASSES)).round().astype(np.int64))
    chosen: list[int] = []
    for label in shown:
        found = np.flatnonzero(labels == label)
        most = TILES_A_CLASS if classes > 1 else TILES_WITHOUT_CLASS
        chosen += [int(index) for index in found[_spread(len(found), most)]]
    return chosen


def make_tile(group: str, caption: str, pixels: np.ndarray) -> Tile:
    """A tile from uint8 pixels (height, width, channels), made smaller by skipping rows and columns of pixels."""
    step = -(-max(pixels.shape[:2]) // TILE_SIDE)
    return Tile(group, caption, np.ascontiguousarray(pixels[::step, ::step, : 3 if pixels.shape[2] > 2 else 1]))


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).round().astype(np.int64))
