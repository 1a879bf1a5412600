"""Intervals as lines of text on one scale, with a mark at zero; does not depend on terminals."""

from collections.abc import Mapping

_NARROWEST = 16


def interval_rows(intervals: Mapping[str, tuple[float, float, float]], width: int) -> list[str]:
    """A line for each (low, middle, high), at most `width` columns: its name, the interval, `│` where zero is.

    All share one scale, which has room for zero. [] where the names leave too little room.
    """
    longest = max(map(len, intervals), default=0)
    room = width - longest - 2
    if not intervals or room < _NARROWEST:
        return []
    lowest = min(0.0, *(low for low, _, _ in intervals.values()))
    highest = max(0.0, *(high for _, _, high in intervals.values()))
    step = (highest - lowest) / (room - 1) or 1.0

    def place(value: float) -> int:
        return round((value - lowest) / step)

    lines = []
    for name, (low, middle, high) in intervals.items():
        signs = [" "] * room
        signs[place(low) : place(high) + 1] = "─" * (place(high) - place(low) + 1)
        signs[place(low)], signs[place(high)] = "├", "┤"
        signs[place(0.0)] = "│"
        signs[place(middle)] = "•"
        lines.append(f"{name:<{longest}}  {''.join(signs).rstrip()}")
    return lines
