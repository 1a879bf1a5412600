"""Values as a row of small bars, for a line of text; does not depend on terminals."""

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"


def sparkline(
    values: Sequence[float], width: int, *, ascii_only: bool = False, limits: tuple[float, float] | None = None
) -> str:
    """Values as a row of at most `width` bars; the scale reaches from one of the `limits` to the other.

    Without them, from the lowest to the highest.
    """
    finite = [value for value in values if value == value and abs(value) != float("inf")]
    if not finite:
        return ""
    count = min(width, len(finite))
    groups = [finite[len(finite) * i // count : len(finite) * (i + 1) // count] for i in range(count)]
    means = [sum(group) / len(group) for group in groups]
    low, high = limits or (min(means), max(means))
    span = (high - low) or 1.0
    bars = _ASCII_BARS if ascii_only else _BARS
    return "".join(bars[max(0, min(len(bars) - 1, int((mean - low) / span * len(bars))))] for mean in means)
