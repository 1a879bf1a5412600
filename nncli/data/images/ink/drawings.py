"""Which regions of ink are drawings, each of one or more strokes, and which are specks, lines or the table's edge."""

from dataclasses import dataclass

import numpy as np

from nncli.data.images.ink.regions import Box, Region, find_regions

# Of the largest drawing: what is smaller is a speck.
_SPECK_AREA, _SPECK_SIDE = 0.03, 0.12
# Of the largest drawing's longest side and ink: what is smaller is no drawing of its own.
_LEAST_SIDE, _LEAST_AREA = 0.4, 0.12
# A stroke of at most this share of another's longest side may be a part of it that the pen did not join, such as the
# bar of a 5, where the gap is no larger than this share of that side, above or below it and beside it.
_PART = 0.7
_GAP_BELOW, _GAP_BESIDE = 0.25, 0.15
# Larger ones are parts of one broken stroke where the gap is tiny, and otherwise drawings of their own.
_GAP_BROKEN = 0.05
_MOST_REGIONS = 60  # after that many regions, the largest first, the rest is noise


@dataclass(frozen=True)
class Drawing:
    """The labels of its regions in the picture of labels, its pixels of ink, the box around them."""

    labels: tuple[int, ...]
    area: int
    box: Box


def find_drawings(on: np.ndarray) -> tuple[np.ndarray, list[Drawing]]:
    """The label of each pixel of ink, int32 (height, width), and the drawings in the order in which one reads."""
    labels, regions = find_regions(on)
    kept = _without_specks(_without_edges(regions[:_MOST_REGIONS], on.shape))
    drawings = [Drawing((region.label,), region.area, region.box) for region in kept]
    joined = True
    while joined:
        joined = False
        for index, one in enumerate(drawings):
            other = next((other for other in drawings[index + 1 :] if _belong_together(one, other)), None)
            if other is not None:
                drawings.remove(other)
                drawings[index] = Drawing(one.labels + other.labels, one.area + other.area, one.box.around(other.box))
                joined = True
                break
    if not drawings:
        return labels, []
    largest = max(drawings, key=lambda drawing: drawing.area)
    side, area = _LEAST_SIDE * largest.box.longest, _LEAST_AREA * largest.area
    return labels, _in_reading_order(
        [drawing for drawing in drawings if drawing.box.longest >= side and drawing.area >= area]
    )


def _without_edges(regions: list[Region], shape: tuple[int, ...]) -> list[Region]:
    """Without what comes from outside the picture, such as ruled lines or the table beside the paper."""
    inside = [region for region in regions if not _comes_from_outside(region.box, shape)]
    if not inside:
        return regions
    # Unless only specks are left, beside a drawing that is cut by the picture's edge.
    largest = max(region.box.longest for region in inside)
    return inside if largest >= 0.12 * min(shape) or largest >= 0.3 * regions[0].box.longest else regions


def _comes_from_outside(box: Box, shape: tuple[int, ...]) -> bool:
    height, width = shape
    touches = box.top == 0, box.bottom == height, box.left == 0, box.right == width
    spans = box.height >= 0.95 * height or box.width >= 0.95 * width
    return any(touches) and (sum(touches) >= 2 or spans or min(box.height, box.width) <= 0.08 * max(shape))


def _without_specks(regions: list[Region]) -> list[Region]:
    if not regions:
        return []
    area = _SPECK_AREA * max(region.area for region in regions)
    side = _SPECK_SIDE * max(region.box.longest for region in regions)
    return [region for region in regions if region.area >= area and region.box.longest >= side]


def _belong_together(one: Drawing, other: Drawing) -> bool:
    """Whether two are strokes of the same drawing: a short one close to a longer one, or one that is broken."""
    first, second = one.box, other.box
    size, shorter = max(first.longest, second.longest), min(first.longest, second.longest)
    across = _overlap(first.left, first.right, second.left, second.right)
    down = _overlap(first.top, first.bottom, second.top, second.bottom)
    if across > 0 and down > 0 and across * down >= 0.5 * min(_size(first), _size(second)):
        return True
    lower, higher = sorted((first.height, second.height))
    if down >= 0.5 * lower and lower > _PART * higher and across < 0.2 * min(first.width, second.width):
        return False  # side by side and about as high as each other, as two digits are, however close
    gap = max(-across, -down, 0)
    if shorter > _PART * size:
        return gap <= _GAP_BROKEN * size
    return gap <= (_GAP_BELOW if across > 0 else _GAP_BESIDE) * size


def _size(box: Box) -> int:
    return box.height * box.width


def _overlap(low: int, high: int, other_low: int, other_high: int) -> int:
    """The length that two stretches share; negative for the gap between them."""
    return min(high, other_high) - max(low, other_low)


def _in_reading_order(drawings: list[Drawing]) -> list[Drawing]:
    """Line by line from the top, each from left to right; in a line, the middles lie within one another's heights."""
    lines: list[list[Drawing]] = []
    for drawing in sorted(drawings, key=lambda drawing: drawing.box.top + drawing.box.bottom):
        middle = (drawing.box.top + drawing.box.bottom) / 2
        line = lines[-1] if lines else []
        if line and any(other.box.top <= middle < other.box.bottom for other in line):
            line.append(drawing)
        else:
            lines.append([drawing])
    return [drawing for line in lines for drawing in sorted(line, key=lambda drawing: drawing.box.left)]
