"""What an answer for a person is made of: plain tables, and texts with colours; prints nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported late: an answer for a program has neither
    from rich.table import Table
    from rich.text import Text

# Between two columns; and a longer word, such as a path, may be broken.
_GAP = 2
_LONGEST_WORD = 24


def make_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> "PlainTable":
    """A plain table; the first `left` columns are text, the others numbers."""
    return PlainTable(tuple(columns), tuple(map(tuple, rows)), left)


@dataclass(frozen=True)
class PlainTable:
    """A table that rich draws at any width: where its words do not fit side by side, its rows are listed one by one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int

    def __rich_console__(self, console: Any, options: Any) -> "Iterator[Table | Text]":
        room = options.max_width - _GAP * (len(self.columns) - 1)
        widths = self._widths(room)
        if widths is None:
            yield make_text([[(line, "")] for line in self._listed(console, options.max_width)])
            return
        yield self._side_by_side(widths)

    def _widths(self, room: int) -> list[int] | None:
        """The width of each column, the widest made narrower until they fit; None if that would break words."""
        cells = list(zip(self.columns, *self.rows, strict=True))
        widths = [max(map(_width, column)) for column in cells]
        least = [
            max(min(_LONGEST_WORD, _width(word)) for text in column for word in text.split() or [""])
            for column in cells
        ]
        if sum(least) > room:
            return None
        while sum(widths) > room:
            widest = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
            widths[widest] -= 1
        return widths

    def _side_by_side(self, widths: Sequence[int]) -> "Table":
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for position, (name, width) in enumerate(zip(self.columns, widths, strict=True)):
            justify: Any = "left" if position < self.left else "right"
            table.add_column(escape(name), justify=justify, overflow="fold", width=width)
        for row in self.rows:
            table.add_row(*(escape(cell) for cell in row))
        return table

    def _listed(self, console: Any, width: int) -> Iterator[str]:
        """The first cell of each row, and below it a line for each other cell, after the name of its column."""
        from rich.text import Text

        for row in self.rows:
            for place, (name, cell) in enumerate(zip(self.columns, row, strict=True)):
                if cell:
                    told = f"{name}: {cell}" if place and name else cell
                    indent = "  " if place else ""
                    # Wrapped by rich, which knows that some letters take two cells.
                    first, *others = Text(told).wrap(console, max(2, width - len(indent) - 2), overflow="fold")
                    yield f"{indent}{first.plain.rstrip()}"
                    yield from (f"{indent}  {line.plain.rstrip()}" for line in others)


def _width(text: str) -> int:
    """The cells of a terminal that a text takes."""
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def make_text(lines: Sequence[Sequence[tuple[str, str]]], *, wraps: bool = False) -> "Text":
    """Lines of pieces, each a text with rich's name of its style, exactly as they are; long lines wrap or are cut."""
    from rich.text import Text

    text = Text(no_wrap=not wraps, overflow="fold" if wraps else "crop")
    for position, line in enumerate(lines):
        text.append("\n" if position else "")
        for piece, style in line:
            text.append(piece, style or None)
    return text
