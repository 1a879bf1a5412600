"""Which epochs of a training get a line, so that many of them do not flood a terminal or a log."""

import time
from collections.abc import Callable

# Up to this many epochs each has a line, however short they are: that floods no screen.
_FEW = 40
# Lines of epochs at most, with the first, the last and the best one since the line before.
MOST_LINES = 100
_SECONDS = 1.0


class Pace:
    """A line for every epoch of few, else for evenly spaced ones, on a `live` screen at most one a second.

    `every` is the distance between the epochs that can have one. A screen that is `live` shows the others in its
    panel; a log is to be the same each time, so no clock decides about it. With `all_lines`, each epoch has one.
    """

    def __init__(
        self, epochs: int, *, live: bool, all_lines: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._epochs, self._clock = epochs, clock
        self.every = 1 if all_lines or epochs <= MOST_LINES else _round_up(-(-epochs // (MOST_LINES - 3)))
        self._waits = live and not all_lines and epochs > _FEW
        self._last = -float("inf")

    def is_due(self, epoch: int, *, is_first: bool) -> bool:
        """Whether this epoch, counted from 0, has a line; the first one that is shown and the last always have."""
        if not is_first and epoch + 1 != self._epochs:
            if (epoch + 1) % self.every:
                return False
            if self._waits and self._clock() - self._last < _SECONDS:
                return False
        self._last = self._clock()
        return True


def _round_up(number: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    ten = int("1" + "0" * (len(str(number)) - 1))
    return next(ten * step for step in (1, 2, 5, 10) if ten * step >= number)
