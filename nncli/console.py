"""The only printing: answers on stdout (text or JSON), talk and progress on stderr. Knows no run and no model."""

import codecs
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import rich.console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nncli.errors import NncliError

# The name by which `sys.stdout.reconfigure(errors=...)` finds the handler below.
ENCODING_ERRORS = "nncli"
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"
# A step that takes longer than this is worth a word; a shorter one would only flicker.
_PATIENCE_SECONDS = 0.4
_PLAIN_EPOCH_LINES = 40


class Console:
    """Says things where they belong; `json_mode` turns the answer into one JSON object on stdout."""

    def __init__(self, *, json_mode: bool = False, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.json_mode = json_mode
        self._said: set[str] = set()
        # Without a file rich looks up sys.stdout and sys.stderr each time, which others may exchange for a while.
        self._stdout = rich.console.Console(file=stdout, highlight=False, emoji=False)
        self._stderr = rich.console.Console(file=stderr, stderr=True, highlight=False, emoji=False)

    @property
    def is_terminal(self) -> bool:
        """Whether talk goes to a person's terminal."""
        return self._stderr.is_terminal

    @property
    def shows_pictures(self) -> bool:
        """Whether answers go to a person's terminal and not into a file, a pipe or a program."""
        return self._stdout.is_terminal and not self.json_mode

    @property
    def has_colour(self) -> bool:
        """Whether answers may have colours."""
        return self._stdout.color_system is not None and not self._stdout.no_color

    @property
    def speaks_unicode(self) -> bool:
        """Whether answers may have characters beyond ASCII."""
        return (self._stdout.encoding or "").lower().startswith("utf")

    @property
    def width(self) -> int:
        """Columns that an answer has."""
        return self._stdout.width

    def answer(self, value: Mapping[str, Any], *renderables: Any) -> None:
        """The result of a command: the JSON object, or its readable form."""
        if self.json_mode:
            self.write(json.dumps(value, ensure_ascii=not self.speaks_unicode) + "\n")
            return
        # Rendered first and written by us: rich would end the process where the reader of a pipe has gone.
        with _told(), self._stdout.capture() as captured:
            for renderable in renderables:
                if isinstance(renderable, str):
                    self._stdout.print(renderable, markup=False, soft_wrap=True)
                else:
                    self._stdout.print(renderable)
        self.write(captured.get())

    def write(self, text: str) -> None:
        """Text for stdout exactly as it is. Raises NncliError when it takes no more, as a full disk does."""
        with _told():
            self._stdout.file.write(text)
            self._stdout.file.flush()

    def say(self, text: str, *, once: bool = False) -> None:
        """One line of talk; with `once`, only if it was not said before."""
        self._talk(escape(text), once)

    def warn(self, text: str, *, once: bool = False) -> None:
        """One line that the user should not miss."""
        self._talk(f"[bold yellow]warning:[/] {escape(text)}", once)

    def _talk(self, markup: str, once: bool) -> None:
        if not (once and markup in self._said):
            self._said.add(markup)
            self._stderr.print(markup, soft_wrap=True)

    def fail(self, error: NncliError) -> None:
        """An error in its own words, and how to mend it."""
        for line in error.message.splitlines():
            self._stderr.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True)
        if error.hint:
            self._stderr.print(f"[bold]fix:[/] {escape(error.hint)}", soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Iterator["Step"]:
        """A stretch of work, shown while it lasts; call the step to report what share of it is done."""
        step = Step(self._stderr, what)
        try:
            yield step
        finally:
            step.close()

    def training(self, epochs: int, batches: int, *, brief: bool = False) -> "TrainingView":
        """The view of one training, `brief` for one of many; close it when it ends, however it ends."""
        return TrainingView(self._stderr, epochs, batches, brief=brief)


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


@contextmanager
def _told() -> Iterator[None]:
    """A stdout that takes no more is no defect; a reader that has gone is left for the command to see."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NncliError(f"stdout cannot be written: {error.strerror}") from None


def _without_unicode(error: UnicodeError) -> tuple[str, int]:
    """For streams that take no more than ASCII: the signs of our tables in letters, all else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = {"±": "+/-", "×": "x", "…": "...", "→": "->", "−": "-", "·": "*", "∂": "d", "²": "^2", "⁻": "^-", "ᶻ": "z"}
    signs |= {"₁": "1", "₂": "2"}
    text = error.object[error.start : error.end]
    known = "".join(signs.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return known, error.end


codecs.register_error(ENCODING_ERRORS, _without_unicode)


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """Values as a row of at most `width` bars, the lowest and the highest value at the ends of the scale."""
    finite = [value for value in values if value == value and abs(value) != float("inf")]
    if not finite:
        return ""
    count = min(width, len(finite))
    groups = [finite[len(finite) * i // count : len(finite) * (i + 1) // count] for i in range(count)]
    means = [sum(group) / len(group) for group in groups]
    low, span = min(means), (max(means) - min(means)) or 1.0
    bars = _ASCII_BARS if ascii_only else _BARS
    return "".join(bars[min(len(bars) - 1, int((mean - low) / span * len(bars)))] for mean in means)


def make_table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> Table:
    """A plain table; the first `left` columns are text, the others numbers."""
    table = Table(title=title and escape(title), box=None, title_justify="left", header_style="bold", pad_edge=False)
    for position, name in enumerate(columns):
        table.add_column(escape(name), justify="left" if position < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def make_text(lines: Sequence[Sequence[tuple[str, str]]], *, wraps: bool = False) -> Text:
    """Lines of pieces, each a text with rich's name of its style, exactly as they are; long lines wrap or are cut."""
    text = Text(no_wrap=not wraps, overflow="fold" if wraps else "crop")
    for position, line in enumerate(lines):
        text.append("\n" if position else "")
        for piece, style in line:
            text.append(piece, style or None)
    return text


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
