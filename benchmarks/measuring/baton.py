"""A contender's end of the two pipes to the one who calls the turns; knows no work."""

import json
import time
from collections.abc import Callable
from typing import Any, TextIO


class Baton:
    """Held while it is this process's turn: `wait` for it, work, `report`; `detail` is told with each report."""

    def __init__(self, orders: TextIO, answers: TextIO) -> None:
        self._orders, self._answers = orders, answers
        self.detail = ""

    def order(self) -> Any:
        """The next order, blocking until it is there; ends the process when nobody is left to give one."""
        line = self._orders.readline()
        if not line:
            raise SystemExit("the one who calls the turns is gone")
        return json.loads(line)

    def wait(self) -> None:
        """Blocks until it is this process's turn."""
        self.order()

    def report(self, **values: Any) -> None:
        """Answers an order, which ends the turn."""
        self._answers.write(json.dumps({"detail": self.detail, **values}) + "\n")
        self._answers.flush()

    def repeat(self, turns: int, work: Callable[[], object], *, pieces: int = 1) -> None:
        """Works once in each turn and reports the seconds of a piece of it."""
        for _ in range(turns):
            self.wait()
            start = time.perf_counter()
            work()
            self.report(seconds=(time.perf_counter() - start) / pieces)
