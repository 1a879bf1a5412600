"""Epochs as lines of fixed columns: a header once, one width for every number, the best epoch marked."""

import math
from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 8
# Below it numbers have an exponent.
_SMALLEST = 1e-4
_TIME = 7
_GAP = "  "
_MARK = " *"
# Keras's own short names; the long ones take a third of a terminal.
_SHORT = {
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "root_mean_squared_error": "rmse",
    "top_3_accuracy": "top_3",
}
_NO_METRICS = ("epoch", "learning_rate", "train_seconds", "seconds")


def short_name(metric: str) -> str:
    """The name of a metric in a narrow column: `mae` for mean_absolute_error, also after `val_`."""
    prefix = "val_" if metric.startswith("val_") else ""
    name = metric.removeprefix("val_")
    return prefix + _SHORT.get(name, name)


class EpochTable:
    """Turns the records of a training into lines no wider than `width`; the first record decides on the columns.

    The epoch, the loss and the time always have a column; others follow as far as there is room, in the order in which
    people compare them: loss, val_loss, then each metric and its value on the validation set.
    """

    def __init__(self, first: Mapping[str, float], epochs: int, width: int, *, monitor: str = "") -> None:
        self._first = len(f"{epochs}/{epochs}")
        self._epochs, self._monitor = epochs, monitor if monitor in first else ""
        room = width - max(self._first, len("epoch")) - len(_GAP) - _TIME - len(_MARK) * bool(self._monitor)
        self._columns: list[tuple[str, int]] = []
        for name in _in_order(first):
            needed = max(len(short_name(name)), _WIDTH)
            room -= len(_GAP) + needed
            if room < 0 and self._columns:
                break
            self._columns.append((name, needed))
        self._decimals = {name: _decimals(first[name]) for name, _ in self._columns}

    @property
    def header(self) -> str:
        """The names of the columns."""
        cells = [f"{short_name(name):>{width}}" for name, width in self._columns]
        return _GAP.join(["epoch".rjust(max(self._first, 5)), *cells, "time".rjust(_TIME)])

    @property
    def legend(self) -> str:
        """What the mark after a line means, empty without marks."""
        return f"* the best {short_name(self._monitor)} so far" if self._monitor else ""

    def line(self, epoch: int, record: Mapping[str, float], *, is_best: bool) -> str:
        """One epoch, counted from 0."""
        cells = [f"{self._cell(name, record):>{width}}" for name, width in self._columns]
        number = f"{f'{epoch + 1}/{self._epochs}':>{max(self._first, 5)}}"
        time = f"{show_seconds(record.get('seconds', 0.0)):>{_TIME}}"
        return _GAP.join([number, *cells, time]) + (_MARK if is_best and self._monitor else "")

    def _cell(self, name: str, record: Mapping[str, float]) -> str:
        """The decimals of a column only increase as its values shrink, so that values near a limit do not jump."""
        if name not in record:
            return "-"
        self._decimals[name] = _decimals_needed(record[name], self._decimals[name])
        return show_number(record[name], self._decimals[name])


def _in_order(record: Mapping[str, float]) -> Iterator[str]:
    """Each metric, followed by its value on the validation set."""
    for name in record:
        if name.startswith("val_") or name in _NO_METRICS:
            continue
        yield name
        if f"val_{name}" in record:
            yield f"val_{name}"


def _decimals(first: float) -> int:
    """Four decimals for losses and shares, fewer for large numbers, so that all fit one width."""
    size = abs(first)
    if not size < float("inf"):
        return 4
    return max(0, 4 - max(0, len(str(int(size))) - 2))


def _decimals_needed(value: float, decimals: int) -> int:
    """The column's decimals, or more where a value between 1e-4 and 1e6 would have fewer than three digits left."""
    size = abs(value)
    if not _SMALLEST <= size < 10.0 ** (2 - decimals):
        return decimals
    return max(decimals, min(_WIDTH - len("0."), 3 - math.floor(math.log10(size))))


def show_number(value: float, decimals: int) -> str:
    """A number of at most eight characters: with fewer decimals where it is long, with an exponent at the extremes."""
    if value and abs(value) < _SMALLEST:
        return _with_exponent(value)
    texts = (f"{value:.{fewer}f}" for fewer in range(decimals, -1, -1))
    return next((text for text in texts if len(text) <= _WIDTH), None) or _with_exponent(value)


def _with_exponent(value: float) -> str:
    text = f"{value:.2e}"
    return text if len(text) <= _WIDTH else f"{value:.1e}"


def show_seconds(seconds: float) -> str:
    """`0.04 s`, `12.3 s`, `4:07` or `1:02:03`."""
    if seconds < 99.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def best_so_far(values: Sequence[float], *, larger_is_better: bool) -> bool:
    """Whether the last of the values is better than all before it."""
    *before, last = values
    if last != last:
        return False
    others = [value for value in before if value == value]
    return not others or (last > max(others) if larger_is_better else last < min(others))
