"""The names of the files in a run folder, and atomic writing of files."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

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
NOVELTY = "novelty.npz"
CHECKPOINT = "checkpoint.npz"
MANIFEST = "manifest.json"
PLOTS = "plots"
EVALUATION = "evaluation"
COMPARISON = "comparison.json"
LOCK = ".lock"


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
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:  # Ctrl-C included: no temporary file may stay behind
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object; NaN and infinity, which JSON does not support, become null."""
    write_bytes(path, (json.dumps(finite(value), indent=2, ensure_ascii=False) + "\n").encode())


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
    """Appends one JSON line in a single write, so that readers see whole lines; none of it if the disk is full.

    Raises OSError.
    """
    line = (json.dumps(finite(value), ensure_ascii=False) + "\n").encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        before = os.fstat(handle).st_size
        if os.write(handle, line) < len(line):
            os.ftruncate(handle, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders; it syncs the entry with the file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
