"""The arrays of an .npz file, or of a folder of .npy files: listed, read whole, or mapped into memory.

Nothing is ever unpickled. An array that an archive stores as it is can be mapped where it lies in the archive; a
compressed one is first inflated into a file of its own.
"""

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from nncli.errors import DataError

SUFFIX = ".npy"
KEYS = "x_train, y_train, x_test, y_test, or x and y"
_NAMES = ("class_names", *(f"{x}{suffix}" for x in "xy" for suffix in ("", "_train", "_test", "_val")))
INPUT_NAMES = tuple(name for name in _NAMES if name.startswith("x"))
_CHUNK = 1 << 22
# What damaged, encrypted and strangely packed archives make the readers raise.
_DAMAGED = (
    *(OSError, ValueError, EOFError, KeyError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
# Arrays up to this size are read, not mapped.
_SMALL = 1 << 20
# The fixed part of what a zip file has before each member: its last two numbers are the lengths of what follows.
_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass(frozen=True)
class ArrayFile:
    """An array as its header describes it, and where its values lie.

    `member` is its name in an archive, None for a file of its own; `is_packed` says that it is compressed there.
    `start` counts the bytes before the values: in the member, or in the file.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    start: int
    member: str | None = None
    is_packed: bool = False

    @property
    def bytes(self) -> int:
        """The bytes of the values."""
        return prod(self.shape) * self.dtype.itemsize


def is_archive(path: Path) -> bool:
    """Whether a path is an .npz file, or a folder that has inputs as .npy files: x.npy, x_train.npy or x_test.npy."""
    if path.suffix.lower() == ".npz":
        return True
    return path.is_dir() and any((path / f"{name}{SUFFIX}").is_file() for name in ("x", "x_train", "x_test"))


def list_arrays(path: Path) -> dict[str, ArrayFile]:
    """The arrays by name, from their headers alone.

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    with _reporting_damage(path):
        if path.is_dir():
            return {file.stem: _of_file(file) for file in _files(path)}
        _refuse_one_array(path)
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.removesuffix(SUFFIX): _of_member(path, archive, info)
                for info in archive.infolist()
                if info.filename.endswith(SUFFIX)
            }


def used_arrays(found: dict[str, ArrayFile]) -> dict[str, ArrayFile]:
    """The arrays that a data set is read from; all where there are no inputs, so that they can be named."""
    used = {name: each for name, each in found.items() if name in _NAMES}
    return used if any(name in used for name in INPUT_NAMES) else found


def list_inputs(path: Path) -> dict[str, ArrayFile]:
    """Like `list_arrays`; also of a single .npy file, whose array is called x."""
    if path.suffix.lower() != SUFFIX or path.is_dir():
        return list_arrays(path)
    with _reporting_damage(path):
        return {"x": _of_file(path)}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name, in memory. Raises DataError like `list_arrays`."""
    with _reporting_damage(path):
        if path.is_dir():
            return {file.stem: np.load(file, allow_pickle=False) for file in _files(path)}
        _refuse_one_array(path)
        # Opened here because numpy leaves the file of a damaged archive open.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            return {name: archive[name] for name in archive.files}


def map_arrays(
    found: dict[str, ArrayFile], folder: Path, progress: Callable[[float], None] = lambda share: None
) -> dict[str, np.ndarray]:
    """The listed arrays as memory maps; those that are compressed are inflated into files in `folder`, which is there.

    All bytes of an archive are read once, so that a damaged one is noticed.

    Raises:
        DataError: the archive is damaged. OSError: a file cannot be written.
    """
    whole, done, mapped = max(1, sum(each.bytes for each in found.values())), 0, {}
    for name, each in found.items():
        mapped[name] = _map(each, folder / name, lambda size, done=done: progress((done + size) / whole))  # type: ignore[misc]
        done += each.bytes
    return mapped


def read_array(array: ArrayFile) -> np.ndarray:
    """A listed array, in memory. Raises DataError for a damaged file."""
    return np.ndarray(array.shape, array.dtype, b"".join(_content(array)), order="F" if array.is_fortran else "C")


def _map(array: ArrayFile, inflated: Path, progress: Callable[[int], None]) -> np.ndarray:
    if array.bytes <= _SMALL:
        return read_array(array)
    path, start, done = array.path, array.start, 0
    if array.is_packed:
        path, start = inflated, 0
        with inflated.open("wb") as file:
            for content in _content(array):
                done += file.write(content)
                progress(done)
    elif array.member is not None:
        for content in _content(array):
            done += len(content)
            progress(done)
        start += _start_of(array)
    return np.memmap(path, array.dtype, "r", start, array.shape, "F" if array.is_fortran else "C")


def _content(array: ArrayFile) -> Iterator[bytes]:
    """The bytes of the values; of a member of an archive read to its end, where its checksum is compared."""
    with _reporting_damage(array.path):
        with _opened(array) as stream:
            stream.read(array.start)
            left = array.bytes
            while content := stream.read(_CHUNK if left else 1):
                left -= len(content)
                if left < 0:
                    break
                yield content
        if left:
            raise ValueError(f"{array.member or array.path.name} has not as many values as its header says")


@contextmanager
def _opened(array: ArrayFile) -> Iterator[IO[bytes]]:
    if array.member is None:
        with array.path.open("rb") as file:
            yield file
    else:
        with zipfile.ZipFile(array.path) as archive, archive.open(array.member) as stream:
            yield stream


def _start_of(array: ArrayFile) -> int:
    """Where in its archive the content of a member begins that is stored as it is."""
    with zipfile.ZipFile(array.path) as archive:
        offset = archive.getinfo(str(array.member)).header_offset
    with array.path.open("rb") as file:
        file.seek(offset)
        _, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return offset + _LOCAL_HEADER.size + int(name) + int(extra)


def _refuse_one_array(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            raise DataError(
                f"{path} holds one array, not an archive", hint=f"use np.savez(path, x=..., y=...) with {KEYS}"
            )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def _of_file(path: Path) -> ArrayFile:
    with path.open("rb") as file:
        shape, is_fortran, kind = _read_header(file)
        array = ArrayFile(path, shape, kind, is_fortran, file.tell())
        if os.fstat(file.fileno()).st_size < array.start + array.bytes:
            raise ValueError(f"{path.name} is shorter than its header says")
    return array


def _of_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ArrayFile:
    with archive.open(info) as stream:
        shape, is_fortran, kind = _read_header(stream)
        start = stream.tell()
    return ArrayFile(path, shape, kind, is_fortran, start, info.filename, info.compress_type != zipfile.ZIP_STORED)


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"an array in the format {version}, which is for records")
    shape, is_fortran, kind = read(file)
    if kind.hasobject:
        raise ValueError("Object arrays")
    return shape, is_fortran, kind


@contextmanager
def _reporting_damage(path: Path) -> Iterator[None]:
    """Raises DataError for what goes wrong with an archive or folder of arrays."""
    if not path.exists():
        raise DataError(
            f"there is no file {path}", hint="relative paths in a config are relative to the config's folder"
        )
    if path.is_dir() and not _files(path):
        raise DataError(f"{path} is a folder without .npy files, not an .npz file")
    what = "a .npy file" if path.suffix.lower() == SUFFIX else "an .npz archive"
    what = "a folder of .npy files" if path.is_dir() else what
    try:
        yield
    except _DAMAGED as error:
        if "pickle" in str(error).lower() or "Object arrays" in str(error):
            told = "is not an .npz archive, or holds Python objects, which are not loaded (they could run code)"
            raise DataError(f"{path} {told}", hint="save plain numeric arrays with np.savez") from None
        raise DataError(f"{path} cannot be read as {what}: {' '.join(str(error).split())[:150]}") from None
