"""How many batches to run between two looks at the clock; knows no model.

A chunk cannot be interrupted, so it is kept short enough for Ctrl-C and the progress bar, and long enough that its
start costs nothing.
"""

CHUNK_SECONDS = 0.25
_GROWTH = 8


class Pace:
    """The length of the next chunk, from the measured speed of those before; starts carefully, with one batch."""

    def __init__(self, chunk_seconds: float = CHUNK_SECONDS) -> None:
        self._chunk_seconds = chunk_seconds
        self._batches = 1

    def next(self, remaining: int) -> int:
        """Batches of the next chunk, at least 1 and at most `remaining`; the rest is never a sliver of its own."""
        return remaining if remaining <= self._batches * 1.25 else self._batches

    def record(self, batches: int, seconds: float) -> None:
        """Takes note that so many batches took so long."""
        fitting = int(self._chunk_seconds * batches / max(seconds, 1e-9))
        self._batches = max(1, min(fitting, batches * _GROWTH))
