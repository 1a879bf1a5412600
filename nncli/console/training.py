"""What a person sees of a training while it runs."""

import time
from collections.abc import Mapping, Sequence

import rich.console
from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Column

from nncli.console.epochs import EpochTable, best_so_far, short_name, show_seconds
from nncli.console.sparkline import sparkline
from nncli.console.step import make_bar

_EPOCH_LINES = 40


class TrainingView:
    """A line an epoch in fixed columns, about 40 of them at most; on a terminal two bars below; curves at the end.

    `title` names one training of many, which is shown by its bar alone. `monitor` is the number that decides which
    epoch is the best; the best so far is marked.
    """

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
    ) -> None:
        self._shown = shown
        self._console, self._epochs, self._batches, self._title = console, epochs, batches, title
        self._monitor, self._larger_is_better = monitor, larger_is_better
        self._records: list[Mapping[str, float]] = []
        self._table: EpochTable | None = None
        self._skipped: list[int] = []  # positions in the records of the epochs since the last line
        self._is_closed = False
        self._done_before = 0  # batches of earlier trainings of the run
        self._progress: Progress | None = None
        self._started: float | None = None
        if shown and console.is_terminal:
            self._show_bars()

    def _show_bars(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            make_bar(),
            TextColumn("{task.fields[detail]}", table_column=Column(no_wrap=True, justify="right")),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._progress.start()
        self._all = self._progress.add_task(f"{self._title or 'training'}: compiling", total=None, detail="")
        self._one = self._progress.add_task("epoch", total=self._batches, detail="", visible=False)

    def on_batch(self, epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        """`batch` batches of the epoch (counted from 0) are done, with the metrics so far."""
        if self._progress is None:
            return
        now = time.monotonic()
        self._started = self._started or now
        done = epoch * self._batches + batch
        elapsed = now - self._started
        left = elapsed / max(1, done - self._done_before) * (self._epochs * self._batches - done)
        loss = f"  loss {metrics['loss']:.4g}" if "loss" in metrics and self._console.width >= 60 else ""
        self._progress.update(
            self._one,
            visible=not self._title,
            description=f"epoch {epoch + 1}/{self._epochs}",
            completed=batch,
            detail=f"{batch:,}/{self._batches:,} batches{loss}",
        )
        self._progress.update(
            self._all,
            description=self._title or "training",
            total=self._epochs * self._batches,
            completed=done,
            detail=f"{_clock(elapsed)} elapsed, {_clock(left)} left",
        )

    def recall(self, records: Sequence[Mapping[str, float]]) -> None:
        """Sets the records of the epochs that are done where a training goes on; they are not shown again."""
        self._records = list(records)
        self._done_before = len(records) * self._batches

    def on_epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """An epoch (counted from 0) is over."""
        self._records.append(record)
        if self._title or not self._shown:
            return
        is_first = self._table is None
        if self._table is None:
            self._table = EpochTable(self._records[0], self._epochs, self._console.width, monitor=self._monitor)
            self._print(self._table.header)
        every = max(1, -(-self._epochs // _EPOCH_LINES))
        if is_first or (epoch + 1) % every == 0 or epoch + 1 == self._epochs:
            self._print_epoch(len(self._records) - 1)
        else:
            self._skipped.append(len(self._records) - 1)

    def _print_epoch(self, position: int) -> None:
        """The line of an epoch by its position in the records."""
        self._skipped.clear()
        if self._table is not None:
            self._print(self._table.line(position, self._records[position], is_best=self._is_best(position)))

    def _is_best(self, position: int) -> bool:
        """Whether an epoch is better than all before it."""
        watched = [float(each[self._monitor]) for each in self._records[: position + 1] if self._monitor in each]
        return bool(watched) and best_so_far(watched, larger_is_better=self._larger_is_better)

    def _print_skipped(self) -> None:
        """Of the epochs since the last line, when no more follow: the best of all if it is there, and the last."""
        if self._skipped:
            best = [position for position in self._skipped if self._is_best(position)][-1:]
            for position in sorted({*best, self._skipped[-1]}):
                self._print_epoch(position)

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
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
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
        room = max(8, min(40, self._console.width - width - len("  123456 to 123456  ")))
        for name in chosen:
            values = [float(record[name]) for record in self._records if name in record]
            line = sparkline(values, room, ascii_only=not self._speaks_unicode())
            self._print(f"{short_name(name):<{width}}  {line}  {values[0]:.4g} to {values[-1]:.4g}")

    def _speaks_unicode(self) -> bool:
        return (self._console.encoding or "").lower().startswith("utf")


def _clock(seconds: float) -> str:
    return show_seconds(seconds) if seconds >= 99.95 else f"{seconds:.0f} s"
