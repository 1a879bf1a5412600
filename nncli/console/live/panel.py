"""What is shown of a training around its bars: curves above, the best epoch and the health below; prints nothing."""

import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nncli.console.drawing.curves import Curve, Line, draw_curves
from nncli.console.epochs import best_so_far, short_name

# Of the terminal, beside the panel, so that epochs can still be read.
LEAST_LINES = 8
_MOST_ROWS, _FEWEST_ROWS = 8, 4
# The bars, the best epoch, two lines of health, the line below the curves.
_OTHER_LINES = 6
_TITLE = 10
# Curves of thousands of epochs take milliseconds, and a terminal is drawn ten times a second.
_DRAWN_SECONDS = 0.5
_HEALTHY = "nothing wrong so far"


@dataclass
class Panel:
    """Lines for a terminal of some width and height, from the `records` of the epochs.

    `monitor` is the number that decides which epoch is the best. `health` is what is wrong, "" if nothing is, None
    where nobody looks. A `sketch` takes the place of the curves.
    """

    epochs: int
    monitor: str
    larger_is_better: bool
    records: Sequence[Mapping[str, float]] = ()
    health: str | None = None
    sketch: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic
    _best: tuple[int, float] | None = field(default=None, init=False)
    _drawn: tuple[float, tuple[int, ...], list[Line]] = field(default=(-float("inf"), (), []), init=False)

    def note_last(self) -> bool:
        """Whether the last of the records is the best so far; to be asked after each."""
        value = self.records[-1].get(self.monitor)
        if value is None:
            return False
        before = [] if self._best is None else [self._best[1]]
        if not best_so_far([*before, float(value)], larger_is_better=self.larger_is_better):
            return False
        self._best = len(self.records), float(value)
        return True

    def above(self, width: int, height: int, *, colour: bool, unicode: bool) -> list[Line]:
        """The sketch, or the curves of loss and val_loss; [] where the terminal has too few lines."""
        if self.sketch:
            return [[(line, "")] for line in self.sketch] if height >= len(self.sketch) + LEAST_LINES else []
        rows = min(_MOST_ROWS, height - LEAST_LINES - _OTHER_LINES)
        if rows < _FEWEST_ROWS or not self.records:
            return []
        when, size, lines = self._drawn
        if size != (width, rows) or self.clock() - when >= _DRAWN_SECONDS:
            lines = draw_curves(self._curves(), width, rows, epochs=self.epochs, braille=colour and unicode)
            self._drawn = self.clock(), (width, rows), lines
        return lines

    def _curves(self) -> list[Curve]:
        return [
            Curve(name, [float(record.get(name, float("nan"))) for record in self.records], style, sign)
            for name, style, sign in (("loss", "cyan", "."), ("val_loss", "yellow", "o"))
            if name in self.records[0]
        ]

    def below(self, width: int, height: int) -> list[Line]:
        """The best epoch and the health, as far as they are known and the terminal has lines for them."""
        if height < LEAST_LINES + _OTHER_LINES or not self.records:
            return []
        return [*self._best_line(width), *self._health_lines(width)]

    def _best_line(self, width: int) -> list[Line]:
        if self._best is None:
            return []
        position, value = self._best
        told = f"{'best':<{_TITLE}}epoch {position:,}: {short_name(self.monitor)} {value:.4g}"
        ago = len(self.records) - position
        more = "" if not ago else f", {ago:,} epoch{'s' if ago > 1 else ''} ago"
        return [[(f"{told}{more}" if len(told + more) <= width else told[:width], "")]]

    def _health_lines(self, width: int) -> list[Line]:
        if self.health is None or width < 2 * _TITLE:
            return []
        lines = textwrap.wrap(
            f"{'health':<{_TITLE}}{self.health or _HEALTHY}",
            width,
            subsequent_indent=" " * _TITLE,
            max_lines=2,
            placeholder=" ...",
        )
        return [[(line, "yellow" if self.health else "")] for line in lines]
