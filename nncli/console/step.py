"""How far a stretch of work is, shown while it lasts; knows not what the work is."""

import time
from typing import Any

import rich.console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# A step that takes longer than this is worth a word; a shorter one would only flicker.
_PATIENCE_SECONDS = 0.4


class Step:
    """Progress of one stretch of work: on a terminal a spinner, or a bar once it reports; nothing elsewhere."""

    def __init__(self, console: rich.console.Console, what: str) -> None:
        self._console, self._what = console, what
        self._started = time.monotonic()
        self._progress: Progress | None = None
        self._tasks: dict[str, Any] = {}
        self._spinner = console.status(escape(what)) if console.is_terminal else None
        if self._spinner is not None:
            self._spinner.start()

    def __call__(self, what: str, fraction: float) -> None:
        """Reports that `fraction` (0 to 1) of `what` is done."""
        late = time.monotonic() - self._started > _PATIENCE_SECONDS
        if self._progress is None and (not self._console.is_terminal or not late):
            return
        if self._progress is None:
            self._stop_spinner()
            columns = (TextColumn("{task.description}"), BarColumn(20), TimeRemainingColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._progress.start()
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(escape(what), total=1.0)
        self._progress.update(self._tasks[what], completed=fraction)

    def close(self) -> None:
        """Ends the spinner or bar."""
        self._stop_spinner()
        if self._progress is not None:
            self._progress.stop()

    def _stop_spinner(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
