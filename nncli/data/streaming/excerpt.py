"""Excerpts of tables that are too large to be looked at whole: the beginning, and lines from all over the file."""

import gzip
from pathlib import Path

import numpy as np

from nncli.data.tables.files.columns import Table
from nncli.data.tables.files.content import is_pattern, matching
from nncli.data.tables.files.parquet import open_dataset, sample_dataset
from nncli.errors import DataError

# Text files up to this size are read whole, and Parquet files with up to this many cells.
WHOLE_BYTES = 1 << 28
WHOLE_CELLS = 1 << 25
_HEAD = 1 << 23
_SPOTS, _SPOT = 64, 1 << 20
_ROWS = 1 << 19
# A packed table is perhaps this many times as large.
_PACKED = 5


def holds_tables(folder: Path) -> bool:
    """Whether a folder holds nothing but tables, apart from hidden files."""
    if not folder.is_dir():
        return False
    files = [each for each in folder.iterdir() if not each.name.startswith((".", "_"))]
    try:
        return bool(files) and len(matching(folder)) == len(files)
    except DataError:
        return False


def excerpt_text(path: Path) -> tuple[memoryview, float] | None:
    """Whole lines of a text table, and which share of it (0 to 1) they are; None for one that can be read whole.

    Of a compressed file, and where a cell has several lines, they are those at the beginning.
    """
    files = matching(path) if is_pattern(path) else [path]
    sizes = [file.stat().st_size for file in files if file.is_file()]
    packed = bool(sizes) and _starts_as_gzip(files[0])
    if len(sizes) < len(files) or sum(sizes) <= WHOLE_BYTES // (_PACKED if packed else 1):
        return None
    total = sum(sizes)
    if packed:
        with files[0].open("rb") as file, gzip.open(file, "rb") as stream:
            head = stream.read(_SPOTS * _SPOT)
            return memoryview(_whole_lines(head)), file.tell() / total
    with files[0].open("rb") as file:
        head = _whole_lines(file.read(_HEAD))
    if b"\0" in head[:_SPOT] or head[:2] == b"PK":
        return None
    spots = _read_spots(files, sizes)
    if spots is None:
        with files[0].open("rb") as file:
            head, spots = _whole_lines(file.read(_SPOTS * _SPOT)), b""
    return memoryview(head + spots), (len(head) + len(spots)) / total


def excerpt_parquet(path: Path, missing: tuple[str, ...]) -> tuple[Table, float] | None:
    """Rows of a Parquet table, and which share of it (0 to 1) they are; None for one that can be read whole."""
    files = matching(path) if is_pattern(path) else [path]
    names, rows = open_dataset(files, str(path))
    if len(names) * rows <= WHOLE_CELLS:
        return None
    table = sample_dataset(files, missing, str(path), _ROWS)
    return table, len(table) / rows


def _starts_as_gzip(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(2) == b"\x1f\x8b"


def _read_spots(files: list[Path], sizes: list[int]) -> bytes | None:
    """Lines from below the head on; None where a line has half a quoted cell."""
    starts = np.cumsum([0, *sizes])
    found = bytearray()
    for place in np.linspace(_HEAD, starts[-1] - _SPOT, _SPOTS).astype(np.int64):
        index = int(np.searchsorted(starts, place, side="right")) - 1
        with files[index].open("rb") as file:
            file.seek(int(place - starts[index]))
            lines = file.read(_SPOT)
        whole = _whole_lines(lines[lines.find(b"\n") + 1 :])
        if b'"' in whole and any(line.count(b'"') % 2 for line in whole.split(b"\n")):
            return None
        found += whole
    return bytes(found)


def _whole_lines(text: bytes) -> bytes:
    return text[: text.rfind(b"\n") + 1]
