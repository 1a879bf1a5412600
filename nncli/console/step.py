"""How far a stretch of work is, shown while it lasts."""

import time
from typing import Any

import rich.console
from rich.markup import escape
from rich.progress import TextColumn, TimeRemainingColumn
from rich.table import Column

from nncli.console.live import echo
from nncli.console.live.bars import Bars, make_bar

# A step that takes longer than this gets a bar; in a shorter one it would only flicker.
_PATIENCE_SECONDS = 0.4


class Step:
    """Progress of one stretch of work: on a terminal a spinner, or a bar once it reports; nothing elsewhere."""

    def __init__(self, console: rich.console.Console, what: str, *, shown: bool = True) -> None:
        self._console = console
        self._started = time.monotonic()
        self._bars: Bars | None = None
        self._task: Any = None
        self._spinner = console.status(escape(what), spinner_style="cyan") if shown and console.is_terminal else None
        if self._spinner is not None:
            echo.silence(console.file)
            self._spinner.start()

    def __call__(self, what: str, fraction: float) -> None:
        """Reports that `fraction` (0 to 1) of `what` is done."""
        late = time.monotonic() - self._started > _PATIENCE_SECONDS
        if self._bars is None and (self._spinner is None or not late):
            return
        if self._bars is None:
            self._stop_spinner()
            columns = (
                TextColumn("{task.description}", table_column=Column(no_wrap=True)),
                make_bar(),
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
            )
            self._bars = Bars(*columns, console=self._console)
            self._bars.start()
            self._task = self._bars.add_task(escape(what), total=1.0)
        self._bars.update(self._task, description=escape(what), completed=fraction)

    def close(self) -> None:
        """Ends the spinner or bar."""
        self._stop_spinner()
        if self._bars is not None:
            self._bars.stop()

    def _stop_spinner(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            echo.restore()
            self._spinner = None
