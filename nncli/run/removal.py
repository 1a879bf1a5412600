"""Removing a run folder so that nobody ever sees half of one.

A folder is renamed to a hidden name first, so that a removal that is interrupted leaves no half run; the next one
clears what was left.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

_REMOVED = ".removed-"
_MORE_TRIES = 2


def remove_folder(path: Path) -> None:
    """Removes a folder with all that is in it; tries again where a call fails. Raises OSError."""
    hidden = hidden_twin(path)
    path.rename(hidden)
    for _ in range(_MORE_TRIES):  # after an interrupted call, with which Python does not go on by itself here
        with suppress(OSError):
            shutil.rmtree(hidden)
            return
    shutil.rmtree(hidden)


def hidden_twin(path: Path) -> Path:
    """A name beside `path` that nobody takes for a run, and that `clear_removed` clears."""
    return path.with_name(f"{_REMOVED}{path.name}-{os.getpid()}")


def clear_removed(folder: Path) -> None:
    """Clears what interrupted removals left in a folder, as far as that is possible."""
    for left in folder.glob(f"{_REMOVED}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
