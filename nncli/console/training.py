"""What a person sees of a training while it runs."""

import time
from collections.abc import Callable, Mapping, Sequence

import rich.console
from rich.console import RenderableType
from rich.markup import escape
from rich.progress import TextColumn
from rich.table import Column
from rich.text import Text

from nncli.console.drawing.curves import Line
from nncli.console.epochs import EpochTable, short_name, show_seconds
from nncli.console.live.bars import Bars, make_bar
from nncli.console.live.pace import Pace
from nncli.console.live.panel import Panel
from nncli.console.sparkline import sparkline

# A verdict on the health is looked for no more often.
_HEALTH_SECONDS = 1.0
# Columns from which on bars have details.
_WIDE = 60


class TrainingView:
    """A line an epoch in fixed columns, not too many (see `Pace`); on a terminal a panel below them; curves at the end.

    The panel has the curves, a bar of the training and one of the epoch, the best epoch so far and the health.
    `title` names one training of many, which is shown by its bar alone. `monitor` is the number that decides which
    epoch is the best; the best so far is marked. With `all_lines`, each epoch has a line.
    """

    judge: Callable[[], str] | None = None
    """Says what is wrong with the training so far, "" if nothing is."""
    can_stop_early = False
    """Whether the time left is one at most."""

    def __init__(
        self,
        console: rich.console.Console,
        epochs: int,
        batches: int,
        *,
        title: str = "",
        monitor: str = "",
        larger_is_better: bool = False,
        shown: bool = True,
        all_lines: bool = False,
    ) -> None:
        self._shown = shown
        self._console, self._epochs, self._batches, self._title = console, epochs, batches, title
        self._monitor = monitor
        self._records: list[Mapping[str, float]] = []
        self._are_best: list[bool] = []  # whether each of the records was the best so far
        self._panel = Panel(epochs, monitor, larger_is_better, self._records)
        self._table: EpochTable | None = None
        self._skipped: list[int] = []  # positions in the records of the epochs since the last line
        self._best, self._best_shown = -1, True  # the position of the best epoch so far; whether that needs no line
        self._is_closed = False
        self._done_before = 0  # batches of earlier trainings of the run
        self._bars: Bars | None = None
        self._started: float | None = None
        self._judged = -float("inf")
        is_live = shown and console.is_terminal and not console.is_dumb_terminal
        self._pace = Pace(epochs, live=is_live, all_lines=all_lines)
        if is_live:
            self._show_bars()

    def _show_bars(self) -> None:
        self._bars = Bars(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            make_bar(),
            TextColumn("{task.fields[detail]}", table_column=Column(no_wrap=True, justify="right")),
            console=self._console,
        )
        if not self._title:
            self._bars.above, self._bars.below = self._panel_above, self._panel_below
        self._bars.start()
        self._all = self._bars.add_task(f"{self._title or 'training'}: compiling", total=None, detail="")
        self._one = self._bars.add_task("epoch", total=self._batches, detail="", visible=False)

    def _panel_above(self) -> list[RenderableType]:
        has_colour = self._console.color_system is not None and not self._console.no_color
        width, height = self._console.size
        lines = self._panel.above(width, height, colour=has_colour, unicode=self._speaks_unicode())
        return [_as_text(line) for line in lines]

    def _panel_below(self) -> list[RenderableType]:
        return [_as_text(line) for line in self._panel.below(*self._console.size)]

    def on_batch(self, epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        """`batch` batches of the epoch (counted from 0) are done, with the metrics so far."""
        if self._bars is None:
            return
        now = time.monotonic()
        self._started = self._started or now
        done = epoch * self._batches + batch
        elapsed = now - self._started
        left = elapsed / max(1, done - self._done_before) * (self._epochs * self._batches - done)
        at_most = "at most " if self.can_stop_early and self._console.width >= _WIDE else ""
        loss = f"  loss {metrics['loss']:.4g}" if "loss" in metrics and self._console.width >= _WIDE else ""
        self._bars.update(
            self._one,
            visible=not self._title,
            description=f"epoch {epoch + 1}/{self._epochs}",
            completed=batch,
            detail=f"{batch:,}/{self._batches:,} batches{loss}",
        )
        self._bars.update(
            self._all,
            description=self._title or "training",
            total=self._epochs * self._batches,
            completed=done,
            detail=f"{_clock(elapsed)} elapsed, {at_most}{_clock(left)} left",
        )

    @property
    def width(self) -> int:
        """Columns of a line."""
        return self._console.width

    def show_sketch(self, lines: Sequence[str]) -> None:
        """Lines above the bars of a terminal that has room for them, in place of those before; nowhere else."""
        self._panel.sketch = list(lines)

    def print_sketch(self, lines: Sequence[str]) -> None:
        """Lines that stay, when the training is over."""
        if self._shown and not self._title:
            for line in lines:
                self._print(line)

    def recall(self, records: Sequence[Mapping[str, float]]) -> None:
        """Takes over the records of a resumed training's earlier epochs, which are not shown again."""
        for record in records:
            self._note(record)
        self._done_before = len(records) * self._batches

    def _note(self, record: Mapping[str, float]) -> None:
        self._records.append(record)
        self._are_best.append(self._panel.note_last())

    def on_epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """An epoch (counted from 0) is over."""
        self._note(record)
        if self._title or not self._shown:
            return
        self._look_at_health()
        is_first = self._table is None
        if self._table is None:
            self._table = EpochTable(self._records[0], self._epochs, self._console.width, monitor=self._monitor)
            self._print(self._table.header)
        if self._are_best[-1]:
            self._best, self._best_shown = len(self._records) - 1, False
        if self._pace.is_due(epoch, is_first=is_first):
            self._print_epoch(len(self._records) - 1)
        else:
            self._skipped.append(len(self._records) - 1)

    def _look_at_health(self) -> None:
        if self._bars is not None and self.judge is not None and time.monotonic() - self._judged > _HEALTH_SECONDS:
            self._panel.health = self.judge()
            self._judged = time.monotonic()

    def _print_epoch(self, position: int) -> None:
        """The line of an epoch by its position in the records."""
        self._skipped.clear()
        if position == self._best:
            self._best_shown = True
        if self._table is not None:
            self._print(self._table.line(position, self._records[position], is_best=self._are_best[position]))

    def _print_skipped(self) -> None:
        """Prints the lines that are missing at the end: that of the last epoch, and that of the best one, which may
        follow it."""
        last, best = self._skipped[-1:], [] if self._best_shown else [self._best]
        for position in sorted({*last, *best}) if set(best) <= set(self._skipped) else [*last, *best]:
            self._print_epoch(position)

    def hold(self) -> None:
        """Leaves the panel as it is, and shows what somebody types below it, until `release`."""
        if self._bars is not None:
            self._bars.hold()

    def release(self) -> None:
        """Shows the panel again when the training continues."""
        if self._bars is not None:
            self._bars.release()

    def remark(self, line: str) -> None:
        """A line of text between the epochs, of a training that is shown epoch by epoch."""
        if self._shown and not self._title:
            self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(escape(line), soft_wrap=True)

    def close(self) -> None:
        """Ends the bars and the lines, also those of a training that was stopped, and says what the mark means."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        self._print_skipped()
        if self._table is not None and self._table.legend:
            self._print(self._table.legend)

    def draw_curves(self) -> None:
        """Sparklines of the loss, and of val_loss and the first validation metric, one character per epoch."""
        if len(self._records) < 3 or self._title or self._table is None:
            return
        validation = [name for name in self._records[0] if name.startswith("val_")]
        chosen = [name for name in ("loss", *validation[:2]) if name in self._records[0]]
        width = max(len(short_name(name)) for name in chosen)
        courses = {name: [float(record[name]) for record in self._records if name in record] for name in chosen}
        ends = {name: f"{values[0]:.4g} to {values[-1]:.4g}" for name, values in courses.items()}
        room = max(8, min(40, self._console.width - width - 4 - max(map(len, ends.values()))))
        for name, values in courses.items():
            line = sparkline(values, room, ascii_only=not self._speaks_unicode())
            self._print(f"{short_name(name):<{width}}  {line}  {ends[name]}")

    def _speaks_unicode(self) -> bool:
        return (self._console.encoding or "").lower().startswith("utf")


def _clock(seconds: float) -> str:
    return show_seconds(seconds) if seconds >= 99.95 else f"{seconds:.0f} s"


def _as_text(line: Line) -> Text:
    """Cut at the edge: a line that went on would make the panel another height than it is taken for."""
    return Text.assemble(*[(text, style) for text, style in line], no_wrap=True, overflow="crop")
