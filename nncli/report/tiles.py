"""Where the tiles of a first layer, their numbers and the scale of their colours lie."""

from collections.abc import Sequence
from typing import Any

_WIDTH, _HIGHEST, _LEAST_GAP = 480, 64, 14
_BAR, _FOOT = 180, 46


def lay_out_tiles(
    uri: str,
    *,
    count: int,
    columns: int,
    tile: tuple[int, int],
    gap: tuple[int, int],
    limit: float,
    colours: Sequence[str],
) -> dict[str, Any]:
    """For the template: an image with a tile for each unit, whose number stands below it, and a bar of `colours`.

    `tile` and `gap` are pixels of the image (height, width); `limit` is the weight at the ends of the bar.
    """
    rows = -(-count // columns)
    pixel = min(_WIDTH / (columns * (tile[1] + gap[1])), _HIGHEST / tile[0])
    pixel = max(pixel, _LEAST_GAP / gap[0])
    across, down = pixel * (tile[1] + gap[1]), pixel * (tile[0] + gap[0])
    foot = rows * down + 12
    share = _BAR / len(colours)
    return {
        "uri": uri,
        "width": round(max(columns * across, _BAR + 60)),
        "height": round(foot + _FOOT - 12),
        "image": (round(columns * across, 2), round(rows * down, 2)),
        "numbers": [
            (
                round((unit % columns) * across + pixel * tile[1] / 2, 1),
                round((unit // columns) * down + pixel * tile[0] + 11, 1),
                unit + 1,
            )
            for unit in range(count)
        ],
        "foot": round(foot, 1),
        "share": share + 0.3,  # so that no line shows between two
        "bar": [(round(30 + place * share, 2), colour) for place, colour in enumerate(colours)],
        "marks": [(30, f"\u2212{limit:.3g}"), (30 + _BAR / 2, "0"), (30 + _BAR, f"{limit:.3g}")],
    }
