"""Connected regions of ink, with their areas and boxes; knows nothing of what they draw."""

from dataclasses import dataclass

import numpy as np

# Regions are found on a copy of at most this many cells a side; ink of one cell or of neighbours is connected, so that
# a gap of about a hundredth of the picture, as a dry pen leaves it, does not part a stroke.
_CELLS = 192


@dataclass(frozen=True)
class Box:
    """Rows top to bottom and columns left to right, the latter of each excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def longest(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)

    def around(self, other: "Box") -> "Box":
        """The smallest box around both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True)
class Region:
    """A connected region: its label in the picture of labels, its pixels of ink, the box around them."""

    label: int
    area: int
    box: Box


def find_regions(on: np.ndarray) -> tuple[np.ndarray, list[Region]]:
    """The label of each pixel of ink, int32 (height, width) with 0 for paper, and the regions, the largest first."""
    height, width = on.shape
    step = max(1, -(-max(height, width) // _CELLS))
    padded = np.pad(on, ((0, -height % step), (0, -width % step)))
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    cells = np.asarray(blocks.any(axis=(1, 3)))
    labels = np.repeat(np.repeat(_label(cells), step, axis=0), step, axis=1)[:height, :width] * on
    return labels, _measure(labels)


def _label(cells: np.ndarray) -> np.ndarray:
    """A label from 1 for each region of cells that touch, also at corners; int32 of the same shape.

    Rows are cut into runs of cells, and runs that touch those of the row above are joined (union-find).
    """
    rows, columns = cells.shape
    edges = np.diff(np.pad(cells, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row_of, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parent = list(range(len(starts)))

    def find(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first_of_row = np.searchsorted(row_of, np.arange(rows + 1)).tolist()
    lefts, rights = starts.tolist(), ends.tolist()
    for row in range(1, rows):
        above, run = first_of_row[row - 1], first_of_row[row]
        while above < first_of_row[row] and run < first_of_row[row + 1]:
            if lefts[above] <= rights[run] and lefts[run] <= rights[above]:
                parent[find(run)] = find(above)
            if rights[above] < rights[run]:
                above += 1
            else:
                run += 1
    roots = np.array([find(run) for run in range(len(parent))], np.int64)
    numbers = np.unique(roots, return_inverse=True)[1].astype(np.int32) + 1
    labels = np.zeros(rows * columns + 1, np.int32)
    flat = row_of * columns
    # Each run adds its number where it starts and takes it away after its end.
    np.add.at(labels, flat + starts, numbers)
    np.add.at(labels, flat + ends, -numbers)
    return np.cumsum(labels[:-1], dtype=np.int32).reshape(rows, columns)


def _measure(labels: np.ndarray) -> list[Region]:
    rows, columns = np.nonzero(labels)
    if not len(rows):
        return []
    which = labels[rows, columns]
    count = int(which.max()) + 1
    areas = np.bincount(which, minlength=count)
    low = np.full((2, count), max(labels.shape), np.int64)
    high = np.zeros((2, count), np.int64)
    for axis, places in enumerate((rows, columns)):
        np.minimum.at(low[axis], which, places)
        np.maximum.at(high[axis], which, places + 1)
    boxes = np.concatenate([low, high]).T.tolist()  # top, left, bottom, right
    found = [Region(label, int(areas[label]), Box(*boxes[label])) for label in np.nonzero(areas)[0].tolist()]
    return sorted(found, key=lambda region: -region.area)
