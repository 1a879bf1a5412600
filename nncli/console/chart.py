"""A curve drawn with characters, for a terminal without pictures; plain ASCII, so that it looks the same everywhere."""

from collections.abc import Sequence

_ROWS = 10


def chart(values: Sequence[float], width: int, *, top: float, mark: float | None = None) -> list[str]:
    """Values from left to right as lines of at most `width` characters; those above `top` are cut off.

    `mark` is a place along the values, from 0 to 1, where a column of bars stands.
    """
    columns = min(len(values), max(10, width - 10))
    groups = [values[len(values) * i // columns : len(values) * (i + 1) // columns] for i in range(columns)]
    heights = [min(top, sum(group) / len(group)) for group in groups]
    low, high = min(heights), max(heights)
    levels = [round((height - low) / ((high - low) or 1.0) * (_ROWS - 1)) for height in heights]
    marked = None if mark is None else min(columns - 1, int(mark * columns))
    lines = []
    for row in range(_ROWS - 1, -1, -1):
        cells = ["*" if level == row else "|" if place == marked else " " for place, level in enumerate(levels)]
        number = f"{low + (high - low) * row / (_ROWS - 1):8.3g}" if row in (0, _ROWS - 1) else " " * 8
        lines.append(f"{number} {''.join(cells)}".rstrip())
    return lines
