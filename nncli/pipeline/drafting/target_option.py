"""What `--target` means, the same for every command; does not depend on data."""

import csv
from collections.abc import Sequence

from nncli.errors import UsageError


def split_targets(texts: Sequence[str]) -> tuple[str, ...]:
    """`a,b` names two columns; a name with a comma in it stands in double quotes.

    Raises UsageError where the option was given and names no column.
    """
    cells = [cell.strip() for text in texts for cell in next(csv.reader([text], skipinitialspace=True), [])]
    names = tuple(cell for cell in cells if cell)
    if texts and not names:
        raise UsageError("--target names no column", hint="--target COLUMN, or --target a,b for several")
    return names
