"""Measures how long each part of a training takes; passed along as a value, not kept as a global.

Does not depend on what the parts do.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# In the order they are shown.
PARTS = (
    "start", "config", "data", "tensorflow", "build", "trace", "compile", "first_batch",
    "training", "validation", "health", "test", "export", "plots", "verify", "other",
)  # fmt: skip


class Stopwatch:
    """The seconds of each part of a command; time outside all parts is `other`."""

    def __init__(self, started: float | None = None) -> None:
        """`started` is a reading of time.perf_counter(); now, when left out."""
        self._started = time.perf_counter() if started is None else started
        self._seconds: dict[str, float] = {}
        self._first_batch: float | None = None
        self._hidden = 0.0

    @classmethod
    def since_enter(cls) -> "Stopwatch":
        """A stopwatch that began with the process."""
        return cls(time.perf_counter() - _age_of_process())

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._started

    def add(self, part: str, seconds: float) -> None:
        """Adds seconds to a part."""
        self._seconds[part] = self._seconds.get(part, 0.0) + seconds

    def add_rest(self, part: str) -> None:
        """Adds the time since the start that no part has to this part."""
        self.add(part, max(0.0, self.elapsed - sum(self._seconds.values())))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts the body's time for the part, minus time added to others meanwhile; not if it fails."""
        start, known = time.perf_counter(), sum(self._seconds.values())
        yield
        self.add(name, time.perf_counter() - start - (sum(self._seconds.values()) - known))

    def hide(self, seconds: float) -> None:
        """Seconds of the import that overlapped with other parts, which already count them."""
        self._hidden += max(0.0, seconds)

    def reach_first_batch(self) -> bool:
        """Called after each batch; true for the first one, which gets the time that no part has so far."""
        if self._first_batch is not None:
            return False
        self.add_rest("first_batch")
        self._first_batch = self.elapsed
        return True

    def to_mapping(self) -> dict[str, Any]:
        """Seconds: `to_first_batch` and `total` from the beginning, `hidden` of the import, and of the `parts`."""
        total = self.elapsed
        parts = {name: self._seconds[name] for name in PARTS if name in self._seconds}
        parts["other"] = max(0.0, parts.get("other", 0.0) + total - sum(parts.values()))
        return {
            "to_first_batch": None if self._first_batch is None else round(self._first_batch, 3),
            "total": round(total, 3),
            "hidden": round(self._hidden, 3),
            "parts": {name: round(seconds, 3) for name, seconds in parts.items()},
        }


def _age_of_process() -> float:
    """Seconds since the process was started.

    Linux says when that was, to a hundredth of a second. Elsewhere it is taken from the processor time used so far,
    as nothing but importing was done.
    """
    used = time.process_time()
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):  # no /proc, or another system's
        return used
    return age if age >= used - 0.02 else used  # inside some sandboxes the two clocks differ
