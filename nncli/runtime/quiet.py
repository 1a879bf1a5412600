"""Keeps one line of a native library away from the user; does not depend on models.

LiteRT writes "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." to the process's stderr, and its Python
package has no switch for it. Running without that delegate is quiet too, and ten times slower for a CNN.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOTICE = b"Created TensorFlow Lite XNNPACK delegate"


@contextmanager
def without_delegate_notice() -> Iterator[None]:
    """Holds back what is written to file descriptor 2, then passes on every line but the notice."""
    try:
        stderr = os.dup(2)
    except OSError:  # stderr is closed: there is nobody to spare the line
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if _NOTICE not in line:
                    os.write(2, line)
