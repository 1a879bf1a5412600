"""Folders for what a process on a node keeps meanwhile; those of killed processes are removed by the next ones."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_scratch(kind: str) -> Path:
    """A new temporary folder of this process, after removing those of the same `kind` that killed processes left.

    Its name has the id of the process, by which the folders of killed processes are known.
    """
    prefix = f"nncli-{kind}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        number = left.name.removeprefix(prefix).partition("-")[0]
        if number.isdecimal() and not _is_alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


@contextmanager
def scratch(kind: str) -> Iterator[Path]:
    """A folder as `make_scratch` makes it, for as long as the body runs."""
    place = make_scratch(kind)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True
