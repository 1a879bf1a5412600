"""Keeps what Ray prints away from the user: stdout is for answers, and stderr for what nncli says.

Ray's C++ code writes to the descriptors 1 and 2. A thread of its Python code prints messages about nodes to stdout,
some 60 lines for one that is killed, and no option turns that off.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def captured() -> Iterator[None]:
    """Drops what native code and Ray print while the body runs; Ray has it in its own logs, too.

    Descriptor 2 is left alone where Python's stderr writes to it; in the `nncli` command that has one of its own
    (`cli.process`).
    """
    descriptors = [_STDOUT] if _is_python_stderr(_STDERR) else [_STDOUT, _STDERR]
    with tempfile.TemporaryFile() as held:
        _flush()
        kept = {number: os.dup(number) for number in descriptors}
        for number in descriptors:
            os.dup2(held.fileno(), number)
        try:
            yield
        finally:
            _flush()
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)


def silence_messages() -> None:
    """Drops the messages that Ray's thread prints, which would go into a progress bar; call after importing Ray.

    It is no public function. A version without it prints to stdout, and `captured` drops that.
    """
    import ray._private.worker as worker

    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = _drop


def _drop(*arguments: object, **named: object) -> None:
    """Prints nothing."""


def _is_python_stderr(number: int) -> bool:
    try:
        return sys.stderr.fileno() == number
    except (OSError, ValueError, AttributeError):  # no file, as in tests
        return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or its reader is gone
            stream.flush()
