"""Finds what the words of a command stand for: files, folders, patterns, and stdin; reads no input itself."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nncli.data.arrays.files import is_archive
from nncli.data.batches import STDIN, Failure
from nncli.data.images.files import SUFFIXES, files_below

TABLES = frozenset((".csv", ".tsv", ".txt", ".gz", ".zip", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".pq"))
ARCHIVES = frozenset((".npz", ".npy"))
# In a folder, a file may be a table only if its suffix can mean nothing else.
_TABLES_IN_FOLDERS = TABLES - {".txt", ".gz", ".zip"}
_IMAGE_STARTS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
    b"P5",
    b"P6",
    b"P4",
    b"\0\0\0",
)
_CHUNK = 1 << 20
# A list on stdin is taken for one if a file of its first entries exists.
_LOOKED_AT = 100
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class Found:
    """One input: the name that its answer gets, and the file or the bytes from stdin."""

    name: str
    source: Path | memoryview

    @property
    def suffix(self) -> str:
        """The suffix of the file's name in lower case; empty for stdin."""
        return self.source.suffix.lower() if isinstance(self.source, Path) else ""

    @property
    def is_archive(self) -> bool:
        """Whether it has arrays: an .npz or .npy file, or a folder of the latter."""
        return isinstance(self.source, Path) and (self.suffix in ARCHIVES or is_archive(self.source))

    @property
    def is_image(self) -> bool:
        """Whether it is an image, by the start of the bytes or, for a file, by its suffix."""
        return self.suffix in SUFFIXES if isinstance(self.source, Path) else _starts_as_image(self.source)


def find_inputs(words: Sequence[str], stdin: BinaryIO, *, images: bool, tables: bool) -> list[Found | Failure]:
    """The inputs that the words stand for, in order; a word that stands for none becomes a failure.

    Args:
        words: files; folders, of which all files of a suitable kind are taken, those in subfolders too; patterns such
            as `scans/**/*.png`; "-" for stdin, which holds one input, or the paths of many, one per line (or
            separated by zero bytes, as `find -print0` does).
        stdin: what "-" reads.
        images, tables: the kinds to look for in folders.
    """
    suffixes = (SUFFIXES if images else frozenset()) | (_TABLES_IN_FOLDERS if tables else frozenset()) | ARCHIVES
    kind = "images or tables" if images and tables else "images" if images else "tables"
    found: list[Found | Failure] = []
    for word in words:
        if word != STDIN:
            found += _find(word, suffixes, kind)
            continue
        from nncli.data.tables.files.content import read_stream  # late: only stdin needs it

        content = read_stream(stdin)
        listed = _paths_in(content)
        if listed:
            found += (each for path in listed for each in _find(path, suffixes, kind))
        elif not bytes(content[:_CHUNK]).strip():
            found.append(Failure(STDIN, "stdin is empty"))
        else:
            found.append(Found(STDIN, content))
    return found


def _find(word: str, suffixes: frozenset[str], kind: str) -> Iterator[Found | Failure]:
    path = Path(word)
    if path.is_dir() and is_archive(path):
        yield Found(word, path)
    elif path.is_dir():
        files = files_below(path, suffixes)
        yield from (Found(str(file), file) for file in files)
        if not files:
            yield Failure(word, f"is a folder without {kind}")
    elif path.exists():
        yield Found(word, path)
    elif not glob.has_magic(word):
        yield Failure(word, "there is no such file")
    else:
        # Path.glob takes no absolute pattern. A folder that is linked into itself gives each file many names.
        names = sorted(glob.glob(word, recursive=True), key=lambda name: (len(name), name))  # noqa: PTH207
        matches = sorted({Path(name).resolve(): name for name in reversed(names)}.values())
        for match in matches:
            if not Path(match).is_dir():
                yield Found(match, Path(match))
            elif "**" not in word:  # else the files below are matches themselves
                yield from _find(match, suffixes, kind)
        if not matches:
            yield Failure(word, "no file matches this pattern")


def _starts_as_image(content: memoryview) -> bool:
    return bytes(content[:8]).startswith(_IMAGE_STARTS)


def _paths_in(content: memoryview) -> list[str]:
    """The paths that are listed in the content of stdin; none if it is an input itself."""
    start = bytes(content[: _LONGEST_PATH * _LOOKED_AT])
    separator = b"\0" if b"\0" in start[:_LONGEST_PATH] else b"\n"
    entries = [entry.strip(b"\r\n") for entry in start.split(separator)[:_LOOKED_AT]]
    if _starts_as_image(content) or not any(_exists(entry) for entry in entries):
        return []
    return [os.fsdecode(entry) for line in bytes(content).split(separator) if (entry := line.strip(b"\r\n"))]


def _exists(entry: bytes) -> bool:
    try:
        return 0 < len(entry) <= _LONGEST_PATH and Path(os.fsdecode(entry)).exists()
    except (ValueError, OSError):  # a zero byte within
        return False
