"""The content of a file as UTF-8 text: read, unpacked and decoded into memory that the system can reclaim.

Content that has to be unpacked or decoded is written in pieces to an unnamed temporary file and mapped from there, so
that a large file is never in memory as a whole. Does not look at cells.
"""

import codecs
import gzip
import io
import mmap
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from nncli.errors import DataError

_CHUNK = 1 << 20
# Up to this many bytes stay in memory; more go to a temporary file.
_IN_MEMORY = 1 << 24
_BINARY = {b"PAR1": "a Parquet file", b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)", b"SQLite format 3": "a database"}
_FIXES = {b"PAR1": "say `source: parquet`"}
# What the tables of a folder are called, perhaps with .gz after it.
_FOLDER_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".dat", ".json", ".jsonl", ".ndjson")


def read_bytes(path: Path) -> bytes | mmap.mmap:
    """The content of a file, mapped into memory if possible.

    Raises:
        DataError: the file does not exist, is a folder, a pipe or a device, is empty, or may not be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            raise DataError(f"{path} is a pipe or a device", hint="write what comes from it into a file, and name that")
        with path.open("rb") as file:
            if found.st_size == 0:
                raise DataError(f"{path} is empty")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise DataError(
            f"there is no file {path}", hint="relative paths in a config are relative to the config's folder"
        ) from None
    except IsADirectoryError:
        raise DataError(
            f"{path} is a folder, not a table", hint="name a file; for image folders say `source: images`"
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def read_start(path: Path, size: int) -> bytes:
    """Up to `size` bytes from the start of a file; none if it cannot be read or is no regular file: opening a pipe
    would block until someone writes to it, and take bytes from its reader."""
    if not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""  # reading all of it says what is wrong


def is_pattern(path: Path) -> bool:
    """Whether a path stands for several files: a folder, or a pattern such as `part-*.csv`."""
    return path.is_dir() or (any(mark in path.name for mark in "*?[") and not path.exists())


def matching(path: Path) -> list[Path]:
    """The files that match a pattern, or the tables in a folder, sorted by name. Raises DataError if there are none."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and _is_table_name(file.name))
        if not files:
            raise DataError(
                f"{path} is a folder without tables", hint="name a file; for image folders say `source: images`"
            )
        return files
    files = sorted(file for file in path.parent.glob(path.name) if file.is_file())
    if not files:
        raise DataError(
            f"no file matches {path}", hint="relative paths in a config are relative to the config's folder"
        )
    return files


def _is_table_name(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(_FOLDER_SUFFIXES) and not name.startswith((".", "_"))


def let_go(body: memoryview) -> None:
    """Free the text that was read, so that it is not kept beside its numbers; it can be read from the file again."""
    if isinstance(body.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        body.obj.madvise(mmap.MADV_DONTNEED)


def unpack(content: bytes | mmap.mmap | memoryview, name: str) -> memoryview:
    """The content itself, or the unpacked content of a gzip file or of a zip archive with a single table.

    Raises:
        DataError: the archive is damaged, or does not contain exactly one table.
    """
    if content[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(memoryview(content))) as packed:
            return _unpacked(packed, name, "gzip file")
    if content[:4] == b"PK\x03\x04":
        return _unzip(content, name)
    return memoryview(content)


def _unzip(content: bytes | mmap.mmap | memoryview, name: str) -> memoryview:
    try:
        archive = zipfile.ZipFile(io.BytesIO(memoryview(content)))
    except zipfile.BadZipFile as error:
        raise DataError(f"{name} is a damaged zip file: {error}") from None
    with archive:
        entries = archive.namelist()
        if "[Content_Types].xml" in entries:
            return memoryview(content)  # an Excel file
        tables = [entry for entry in entries if _is_table(entry)]
        if len(tables) != 1:
            found = ", ".join(tables[:5] or entries[:5]) or "nothing"
            raise DataError(
                f"{name} holds {len(tables) or 'no'} table{'s' * (len(tables) != 1)}: {found}",
                hint="unpack it and name the table, or keep one table in it",
            )
        if archive.getinfo(tables[0]).flag_bits & 1:
            raise DataError(f"{name} is protected by a password", hint="unpack it first")
        with archive.open(tables[0]) as packed:
            return _unpacked(packed, name, "zip file")


def _is_table(entry: str) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in entry.split("/"))
    return entry.lower().endswith(_TABLE_SUFFIXES) and not hidden


def _unpacked(packed: IO[bytes] | gzip.GzipFile, name: str, kind: str) -> memoryview:
    try:
        return spool(iter(lambda: packed.read(_CHUNK), b""))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{name} is a damaged {kind}: {error}") from None


def refuse_binary(content: memoryview, name: str) -> None:
    """Raises DataError for content that is not text; the message names the file type if it is known."""
    start = bytes(content[: 1 << 16])
    for magic, kind in _BINARY.items():
        if start.startswith(magic):
            raise DataError(f"{name} is {kind}, not CSV", hint=_FIXES.get(magic, "export it as CSV (UTF-8)"))
    if b"\0" in start and guess_encoding(content) == "utf-8":
        raise DataError(f"{name} is a binary file, not CSV")


def guess_encoding(content: memoryview) -> str:
    """The likely encoding of a text: utf-8, utf-16 (utf-16-le, utf-16-be without a byte-order mark), cp1252 or latin-1.

    UTF-16 is recognized by its byte-order mark, or by zeros in every second byte near the start, where the text is
    mostly ASCII. Text that is not UTF-8 is taken for cp1252, whose letters are those of latin-1, unless it has one of
    the five bytes that cp1252 does not use. Binary content is called utf-8, and then refused when it is read.
    """
    start = bytes(content[: 1 << 12])
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if b"\0" in start:
        even, odd = start[::2].count(0), start[1::2].count(0)
        half = len(start) // 2
        if odd > 0.4 * half and even < 0.1 * half:
            return "utf-16-le"
        if even > 0.4 * half and odd < 0.1 * half:
            return "utf-16-be"
        return "utf-8"
    if find_undecodable(content, "utf-8") is None:
        return "utf-8"
    return "cp1252" if find_undecodable(content, "cp1252") is None else "latin-1"


def find_undecodable(content: memoryview, encoding: str) -> int | None:
    """The position of the first byte that is not valid in this encoding; None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(content), _CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(bytes(content[start : start + _CHUNK]), final=start + _CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return max(0, start - pending + error.start)
    return None


def decode(content: memoryview, encoding: str, name: str) -> memoryview:
    """The content as UTF-8 without a byte-order mark; content that already is UTF-8 is not checked.

    Raises:
        DataError: it is not in that encoding; the message gives the position of the first wrong byte.
    """
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii"):
        is_marked = bytes(content[:3]) == codecs.BOM_UTF8
        return content[len(codecs.BOM_UTF8) :] if is_marked else content
    decoder = codecs.getincrementaldecoder(encoding)()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(content), _CHUNK):
            text = decoder.decode(bytes(content[start : start + _CHUNK]), final=start + _CHUNK >= len(content))
            yield (text.removeprefix("\ufeff") if start == 0 else text).encode()

    try:
        return spool(pieces())
    except UnicodeError:
        raise wrong_encoding(content, encoding, name) from None


def wrong_encoding(content: memoryview, encoding: str, name: str) -> DataError:
    """The error for text that is not in its encoding: the position of the first wrong byte and an encoding that
    fits."""
    position = find_undecodable(content, encoding)
    where = ""
    if position is not None:
        line = len(re.findall(b"\n", bytes(content[:position]))) + 1
        where = f": line {line}, byte {position + 1}"
    better = guess_encoding(content)
    fix = f"say `encoding: {better}` under data" if better != encoding else "say `encoding: NAME` under data"
    return DataError(f"{name} is not {encoding.upper()} text{where}", hint=fix)


def read_stream(stream: IO[bytes]) -> memoryview:
    """All that comes from stdin or a pipe, like `spool`."""
    return spool(iter(lambda: stream.read(_CHUNK), b""))


def spool(pieces: Iterable[bytes]) -> memoryview:
    """The pieces joined, in memory or, if they are large, in an unnamed temporary file that is mapped into memory."""
    kept = bytearray()
    source = iter(pieces)
    for piece in source:
        kept += piece
        if len(kept) > _IN_MEMORY:
            break
    else:
        return memoryview(bytes(kept))
    with tempfile.TemporaryFile(prefix="nncli-") as file:
        file.write(kept)
        del kept
        for piece in source:
            file.write(piece)
        file.flush()
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
