"""How far a stretch of work is, shown while it lasts."""

import time
from typing import Any

import rich.console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

# A step that takes longer than this gets a bar; in a shorter one it would only flicker.
_PATIENCE_SECONDS = 0.4


def make_bar() -> BarColumn:
    """A bar as wide as there is room, in a colour that is not that of an error."""
    return BarColumn(None, style="bright_black", complete_style="cyan", finished_style="cyan", pulse_style="cyan")


class Step:
    """Progress of one stretch of work: on a terminal a spinner, or a bar once it reports; nothing elsewhere."""

    def __init__(self, console: rich.console.Console, what: str, *, shown: bool = True) -> None:
        self._console = console
        self._started = time.monotonic()
        self._progress: Progress | None = None
        self._task: Any = None
        self._spinner = console.status(escape(what), spinner_style="cyan") if shown and console.is_terminal else None
        if self._spinner is not None:
            self._spinner.start()

    def __call__(self, what: str, fraction: float) -> None:
        """Reports that `fraction` (0 to 1) of `what` is done."""
        late = time.monotonic() - self._started > _PATIENCE_SECONDS
        if self._progress is None and (self._spinner is None or not late):
            return
        if self._progress is None:
            self._stop_spinner()
            columns = (
                TextColumn("{task.description}", table_column=Column(no_wrap=True)),
                make_bar(),
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
            )
            self._progress = Progress(*columns, console=self._console, transient=True, expand=True)
            self._progress.start()
            self._task = self._progress.add_task(escape(what), total=1.0)
        self._progress.update(self._task, description=escape(what), completed=fraction)

    def close(self) -> None:
        """Ends the spinner or bar."""
        self._stop_spinner()
        if self._progress is not None:
            self._progress.stop()

    def _stop_spinner(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
