"""What a person sees of a training while it runs; knows no model."""

from collections.abc import Iterator, Mapping

import rich.console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from nncli.console.sparkline import sparkline

_PLAIN_EPOCH_LINES = 40


class TrainingView:
    """What a person sees of a training: a line an epoch, on a terminal a bar inside it, curves at the end.

    A brief view is the bar alone.
    """

    def __init__(self, console: rich.console.Console, epochs: int, batches: int, *, brief: bool = False) -> None:
        self._console, self._epochs, self._batches, self._brief = console, epochs, batches, brief
        self._records: list[Mapping[str, float]] = []
        self._epoch = 0
        self._progress: Progress | None = None
        if console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(14),
                TextColumn("{task.fields[batches]}"),
                TextColumn("{task.fields[metrics]}"),
                TimeRemainingColumn(compact=True),
                console=console,
                transient=True,
            )
            self._progress.start()
            self._bar = self._progress.add_task("compiling", total=epochs * batches, metrics="", batches="")

    def on_batch(self, epoch: int, batch: int, metrics: Mapping[str, float]) -> None:
        """`batch` batches of the epoch (counted from 0) are done, with the metrics so far."""
        if self._progress is not None:
            text = "  ".join(f"{name} {_short(value)}" for name, value in list(metrics.items())[:2])
            description = f"epoch {epoch + 1}/{self._epochs}"
            done = epoch * self._batches + batch
            batches = f"{batch}/{self._batches}"
            self._progress.update(self._bar, completed=done, metrics=text, description=description, batches=batches)

    def on_epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """An epoch (counted from 0) is over."""
        self._records.append(record)
        every = max(1, -(-self._epochs // _PLAIN_EPOCH_LINES))
        is_between = (epoch + 1) % every and epoch + 1 != self._epochs and epoch
        if self._brief or is_between:
            return
        width = len(str(self._epochs))
        text = f"epoch {epoch + 1:>{width}}/{self._epochs}"
        ending = f"  {record.get('seconds', 0.0):.2f} s"
        for position, cell in enumerate(_epoch_cells(record)):
            if position > 1 and len(text + cell + ending) > self._console.width - 2:
                break  # the loss and one metric always stand there; all are in metrics.jsonl
            text += f"  {cell}"
        self._console.print(escape(text + ending), soft_wrap=True)

    def close(self) -> None:
        """Ends the bar."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def draw_curves(self) -> None:
        """The course of the loss and of the validation's loss and first metric, a character an epoch."""
        if len(self._records) < 3 or self._brief:
            return
        validation = [name for name in self._records[0] if name.startswith("val_")]
        chosen = [name for name in ("loss", *validation[:2]) if name in self._records[0]]
        width = max(len(name) for name in chosen)
        room = max(10, min(40, self._console.width - width - len("  12.3456 to 12.3456  ")))
        for name in chosen:
            values = [float(record[name]) for record in self._records if name in record]
            line = sparkline(values, room, ascii_only=not self._speaks_unicode())
            self._console.print(escape(f"{name:<{width}}  {line}  {_short(values[0])} to {_short(values[-1])}"))

    def _speaks_unicode(self) -> bool:
        return (self._console.encoding or "").lower().startswith("utf")


def _epoch_cells(record: Mapping[str, float]) -> Iterator[str]:
    """Each number of an epoch with its twin on the validation part: `loss 0.4528 | val 0.2689`."""
    for name, value in record.items():
        if name.startswith("val_") or name in ("epoch", "learning_rate", "train_seconds", "seconds"):
            continue
        twin = record.get(f"val_{name}")
        yield f"{name} {_short(value)}" + (f" | val {_short(twin)}" if twin is not None else "")


def _short(value: float) -> str:
    """Four significant digits, as people compare them."""
    return f"{value:#.4g}".rstrip(".")
