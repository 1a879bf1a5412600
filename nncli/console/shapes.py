"""What an answer for a person is made of: plain tables, and texts with colours; prints nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported late: an answer for a program has neither
    from rich.table import Table
    from rich.text import Text


def make_table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> "Table":
    """A plain table; the first `left` columns are text, the others numbers."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title and escape(title), box=None, title_justify="left", header_style="bold", pad_edge=False)
    for position, name in enumerate(columns):
        table.add_column(escape(name), justify="left" if position < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def make_text(lines: Sequence[Sequence[tuple[str, str]]], *, wraps: bool = False) -> "Text":
    """Lines of pieces, each a text with rich's name of its style, exactly as they are; long lines wrap or are cut."""
    from rich.text import Text

    text = Text(no_wrap=not wraps, overflow="fold" if wraps else "crop")
    for position, line in enumerate(lines):
        text.append("\n" if position else "")
        for piece, style in line:
            text.append(piece, style or None)
    return text
