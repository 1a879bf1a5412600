"""A contender's end of the two pipes to the process that assigns the turns."""

import json
import time
from collections.abc import Callable
from typing import Any, TextIO


class Baton:
    """Held while it is this process's turn: `wait` for it, work, `report`; `detail` is sent with each report."""

    def __init__(self, orders: TextIO, answers: TextIO) -> None:
        self._orders, self._answers = orders, answers
        self.detail = ""

    def order(self) -> Any:
        """Blocks until the next order arrives and returns it; ends the process if the pipe is closed."""
        line = self._orders.readline()
        if not line:
            raise SystemExit("the process that assigns the turns has ended")
        return json.loads(line)

    def wait(self) -> None:
        """Blocks until it is this process's turn."""
        self.order()

    def report(self, **values: Any) -> None:
        """Answers an order, and so ends the turn."""
        self._answers.write(json.dumps({"detail": self.detail, **values}) + "\n")
        self._answers.flush()

    def repeat(self, turns: int, work: Callable[[], object], *, pieces: int = 1) -> None:
        """Calls `work` once in each turn and reports the seconds per piece."""
        for _ in range(turns):
            self.wait()
            start = time.perf_counter()
            work()
            self.report(seconds=(time.perf_counter() - start) / pieces)
