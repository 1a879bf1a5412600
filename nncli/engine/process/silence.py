"""Holding back what C++ code writes past Python to the standard error."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

_STDERR = 2
# Lines of absl's and TensorFlow's C++ loggers, and of the converter's statistics.
_NOISE = re.compile(
    rb"WARNING: All log messages before absl|To enable the following instructions:"
    rb"|[IWE]\d{4} [\d:.]+ +\d+ |\d{4}-\d\d-\d\d [\d:.]+ *: ?[IWE] "
)
_lock = threading.RLock()


@contextlib.contextmanager
def held_stderr(*, give_out: bool = True, tell_failure: bool = True) -> Iterator[None]:
    """Holds file descriptor 2 back while the body runs, drops the loggers' lines, then gives out the rest.

    If the body raises, the loggers' lines are given out too; without `give_out`, nothing is, and without
    `tell_failure` nothing of a body that raises, as one that is tried again will say the same. In the `nncli` command
    Python's own `sys.stderr` is another descriptor (`cli.process`), so that messages of other threads appear at once.
    """
    with _lock, tempfile.TemporaryFile() as held:
        _flush()
        kept = os.dup(_STDERR)
        os.dup2(held.fileno(), _STDERR)
        dropped: re.Pattern[bytes] | None = None
        told = give_out and tell_failure
        try:
            yield
            dropped, told = _NOISE, give_out
        finally:
            _flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            if told:
                _give_out(held, dropped)


def _give_out(held: IO[bytes], dropped: re.Pattern[bytes] | None) -> None:
    held.seek(0)
    for line in held:
        if dropped is None or not dropped.match(line):
            os.write(_STDERR, line)


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # closed, or its reader is gone
            sys.stderr.flush()
