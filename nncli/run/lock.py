"""The lock of a run folder, which ends with the process that holds it, however that ends; does not know records.

It is a `flock` (flock(2)) on a file in the folder. Processes that the holder forks hold it as well, so a comparison
counts as running until its last worker has ended. Windows has no such lock, and some network file systems neither: the
file is then absent and nobody can tell.

The file takes some room on the disk, which is given up where a full disk would keep a run from recording how it ended.
"""

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

# Someone who looks whether a lock is held is in the way of a taker for a moment.
_TAKING_SECONDS = 1.0
_RETRY_SECONDS = 0.02
# Enough for a run.json and its temporary name.
_RESERVE_BYTES = 16384
# What flock(2) says on file systems that have no locks; after another error, somebody else may have one.
_WITHOUT_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK)


class LockedError(Exception):
    """Another process holds the lock."""


def take(path: Path) -> int | None:
    """Locks the file, making it if need be; returns the handle that holds the lock, or None where there are no locks.

    Raises LockedError if another has it, and OSError if the file cannot be made.
    """
    if sys.platform == "win32":
        return None
    deadline = time.monotonic() + _TAKING_SECONDS
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() > deadline:
                raise LockedError from None
            time.sleep(_RETRY_SECONDS)
            continue
        except OSError as error:
            os.close(handle)
            if error.errno not in _WITHOUT_LOCKS:
                raise
            path.unlink(missing_ok=True)  # it would claim that there is one
            return None
        if _is_same_file(handle, path):
            _reserve(handle)
            return handle
        os.close(handle)  # the one who held it has just removed it


def hold(handle: int) -> None:
    """Locks a file that this process has just made until it is closed, so that others see that it is being written."""
    if sys.platform != "win32":
        with suppress(OSError):  # where there are no locks, nobody clears it
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def release(handle: int, path: Path, *, keep: bool = False) -> None:
    """Removes the file and gives the lock up, in this order, so that no one can lock a file that is about to go.

    With `keep` the file stays, and says by itself that nobody holds it.
    """
    if not keep:
        path.unlink(missing_ok=True)
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_UN)  # also where a forked process has the handle, too
    os.close(handle)


def _reserve(handle: int) -> None:
    with suppress(OSError, AttributeError):  # a full disk, or a system without it: then there is no reserve
        os.posix_fallocate(handle, 0, _RESERVE_BYTES)


def spend_reserve(path: Path) -> None:
    """Frees the room that the file takes. Raises OSError."""
    os.truncate(path, 0)


def is_held(path: Path) -> bool | None:
    """Whether a living process holds the lock; None where nobody can tell."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: several may look at once
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(handle)
    return False


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
