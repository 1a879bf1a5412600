"""Charts over the epochs, thinned to as many points as a screen can show."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_POINTS = 2000
_LONG_RANGE = 100  # of a loss that is drawn on a logarithmic axis


def chart(title: str, x: Sequence[float], series: Mapping[str, Sequence[float | None]], **extra: Any) -> dict[str, Any]:
    """A chart as page.js takes it: a title, the values across, and named series; at most 2,000 points each.

    A loss that changes by a factor of 100 has a logarithmic axis. `extra` may have `bands` (pairs of series between
    which is filled) and `marks` (values across that are marked).
    """
    step = max(1, -(-len(x) // MOST_POINTS))
    places = sorted({*range(0, len(x), step), len(x) - 1} if x else ())
    values = [each for some in series.values() for each in map(_clean, some) if each is not None]
    is_long = title.endswith("loss") and bool(values) and 0 < _LONG_RANGE * min(values) < max(values)
    return {
        "title": f"{title} (log scale)" if is_long else title,
        "log": is_long,
        "x": [x[place] for place in places],
        "series": [
            {"name": name, "values": [_clean(values[place]) for place in places]} for name, values in series.items()
        ],
        **extra,
    }


def _clean(value: float | None) -> float | None:
    """JSON has no nan and no infinity."""
    return None if value is None or value != value or abs(value) == float("inf") else float(f"{value:.6g}")
