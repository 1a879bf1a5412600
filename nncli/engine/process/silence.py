"""Holding back what C++ code writes past Python to the standard error; knows nothing of who writes it."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, TextIO

_STDERR = 2
# Lines of absl's and TensorFlow's C++ loggers, and of the converter's statistics.
_NOISE = re.compile(
    rb"WARNING: All log messages before absl|To enable the following instructions:"
    rb"|[IWE]\d{4} [\d:.]+ +\d+ |\d{4}-\d\d-\d\d [\d:.]+ *: ?[IWE] "
)
_lock = threading.RLock()


@contextlib.contextmanager
def held_stderr(*, give_out: bool = True) -> Iterator[None]:
    """Holds file descriptor 2 back while the body runs, drops the loggers' lines, then gives out the rest.

    Python's own `sys.stderr` stays open the while, so what another thread says is seen at once. If the body raises,
    the loggers' lines are given out too; without `give_out`, nothing is.
    """
    with _lock, tempfile.TemporaryFile() as held:
        stream = sys.stderr
        _flush(stream)
        kept = os.dup(_STDERR)
        os.dup2(held.fileno(), _STDERR)
        if _writes_to_stderr(stream):
            sys.stderr = os.fdopen(os.dup(kept), "w", buffering=1, encoding=stream.encoding, errors=stream.errors)
        dropped: re.Pattern[bytes] | None = None
        try:
            yield
            dropped = _NOISE
        finally:
            if sys.stderr is not stream:
                sys.stderr.flush()
                sys.stderr = stream
            _flush(stream)
            os.dup2(kept, _STDERR)
            os.close(kept)
            if give_out:
                _give_out(held, dropped)


def _give_out(held: IO[bytes], dropped: re.Pattern[bytes] | None) -> None:
    held.seek(0)
    for line in held:
        if dropped is None or not dropped.match(line):
            os.write(_STDERR, line)


def _writes_to_stderr(stream: TextIO | None) -> bool:
    """Whether the stream is the process's own; a notebook's or a test's stays untouched."""
    try:
        return stream is not None and stream.fileno() == _STDERR
    except (OSError, ValueError):  # no descriptor behind it
        return False


def _flush(stream: TextIO | None) -> None:
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):  # closed, or its reader is gone
            stream.flush()
