"""The names of the files in a run folder, and atomic writing of files."""

import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from nncli.errors import NncliError, RunError
from nncli.run import lock

CONFIG = "config.yaml"
RECORD = "run.json"
METRICS = "metrics.jsonl"
HEALTH = "health.jsonl"
SUMMARY = "summary.json"
WEIGHTS = "weights.npz"
KERAS_MODEL = "model.keras"
LITE_MODEL = "model.tflite"
INPUTS = "inputs.json"
SPLITS = "splits.npz"
ANSWERS = "answers.npz"
FOLDS = "folds.json"
OUT_OF_FOLD = "out_of_fold.npz"
NOVELTY = "novelty.npz"
CHECKPOINT = "checkpoint.npz"
MANIFEST = "manifest.json"
PLOTS = "plots"
EVALUATION = "evaluation"
COMPARISON = "comparison.json"
CELLS = "cells.csv"
REPORT = "report.html"
CARD = "model_card.md"
TENSORBOARD = "tensorboard"
LOCK = ".lock"

_UNFINISHED = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file atomically: to a temporary file in the same folder, which is synced and renamed.

    A reader sees the old or the new file; if the disk is full or the process is killed, the old one remains. Raises
    OSError.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends; if it fails, `path` stays as it was.

    Raises OSError.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    lock.hold(handle)
    try:
        with _synced(handle) as file:
            yield file
        Path(temporary).chmod(0o666 & ~_umask())
        _rename(temporary, path)
    except BaseException:  # Ctrl-C included: no temporary file may stay behind
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def clear_unfinished(folder: Path) -> None:
    """Removes the temporary files that killed processes left below a folder, as far as that is possible.

    Those that another process is writing stay.
    """
    with suppress(OSError):
        for path in folder.rglob(".*.tmp"):
            if _UNFINISHED.fullmatch(path.name) and lock.is_held(path) is False:
                with suppress(OSError):
                    path.unlink()


@contextmanager
def replacing_output(path: Path) -> Iterator[BinaryIO]:
    """The same for a file that a person named: behind a link that one; a device or pipe is written to, never replaced.

    Raises OSError.
    """
    is_other = path.exists() and not path.is_file()
    with path.open("wb") if is_other else replacing(path.resolve()) as file:
        yield file


def write_output(path: Path, content: bytes) -> None:
    """Writes a file that a person named, as `replacing_output` does. Raises OSError."""
    with replacing_output(path) as file:
        file.write(content)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object; see `json_bytes`. Raises OSError."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A JSON object as the content of a file; NaN and infinity, which JSON does not support, become null."""
    return encode(json.dumps(finite(value), indent=2, ensure_ascii=False) + "\n")


def encode(text: str) -> bytes:
    """Text as UTF-8. Bytes of file names that are none become `\\udcff`, with which JSON gives the same name again."""
    return text.encode(errors="backslashreplace")


def finite(value: Any) -> Any:
    """The value with every float that JSON cannot represent replaced by None."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Appends one JSON line as `append_bytes` does, so that readers see whole lines. Raises OSError."""
    append_bytes(path, encode(json.dumps(finite(value), ensure_ascii=False) + "\n"))


def append_bytes(path: Path, content: bytes) -> None:
    """Appends to a file in a single write where the system takes it whole; nothing of it stays if that fails.

    Raises OSError.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        before = os.fstat(handle).st_size
        try:
            rest = memoryview(content)
            while rest:  # a disk that is full takes the beginning, and says at the next call why no more
                rest = rest[os.write(handle, rest) :]
        except BaseException:  # Ctrl-C included: half a line would be lost together with the next one
            os.ftruncate(handle, before)
            raise
    finally:
        os.close(handle)


def open_bytes(path: Path) -> BinaryIO:
    """A file of a run to read. Raises OSError, also for what is no file: a pipe would be waited for without end."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise OSError(errno.EINVAL, "it is not a file", str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file of a run. Raises OSError as `open_bytes` does."""
    file = open_bytes(path)
    try:
        return file.read()
    finally:
        with suppress(OSError):  # it is closed all the same, and its content has been read
            file.close()


def begins_with(path: Path, mark: bytes, *, within: int) -> bool:
    """Whether a file has the mark in its first bytes; what is no file, or cannot be read, has none."""
    try:
        with open_bytes(path) as file:
            return mark in file.read(within)
    except OSError:
        return False


def is_replaced(error: OSError) -> bool:
    """Whether a file cannot be read because something else is in its place: a folder, a pipe, a circle of links.

    That is damage; anything else, such as an input/output error or missing permission, says nothing about the content.
    """
    return error.errno in (errno.EISDIR, errno.EINVAL, errno.ELOOP, errno.ENOTDIR, errno.ENXIO)


def unreadable(path: Path, error: OSError) -> NncliError:
    """The error for a file that cannot be read: damaged where something else is in its place, else as it was."""
    if is_replaced(error):
        return RunError(f"{path} is damaged ({error.strerror})", hint="restore the file, or train again")
    return NncliError(f"{path} cannot be read: {error.strerror}", hint="try again; is it readable for you?")


@contextmanager
def _synced(handle: int) -> Iterator[BinaryIO]:
    """The file of a handle, on the disk when the block ends."""
    file = os.fdopen(handle, "wb")
    try:
        yield file
        file.flush()
        os.fsync(handle)
    except BaseException:  # Ctrl-C included: no handle may stay open
        with suppress(OSError):
            file.close()
        raise
    with suppress(InterruptedError):  # it is closed all the same, and its content is safe
        file.close()


def _rename(temporary: str, path: Path) -> None:
    """Renames a file; retries where a signal interrupts that, which happens on network file systems."""
    while True:
        try:
            Path(temporary).replace(path)
            return
        except InterruptedError:
            continue


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    """Makes the entries of a folder durable: new, renamed and removed files. Raises OSError."""
    if os.name == "nt":  # Windows cannot open folders; it syncs the entry with the file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        with suppress(InterruptedError):
            os.close(handle)
