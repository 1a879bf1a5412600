"""TensorFlow takes seconds to import: a daemon thread begins while config and data are read.

An error never waits for it: the command ends the process while the thread is still at work.
"""

import contextlib
import threading

_thread: threading.Thread | None = None


def begin_import() -> None:
    """Starts the import once; what needs TensorFlow calls `finish_import` first and then imports it as usual."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_import, daemon=True, name="import tensorflow")
        _thread.start()


def finish_import() -> None:
    """Waits for the thread: two threads that import TensorFlow at once see each other's half-made modules."""
    if _thread is not None:
        _thread.join()


def _import() -> None:
    # Whatever goes wrong here goes wrong again, and is told, where TensorFlow is first needed.
    with contextlib.suppress(Exception):
        from nncli.engine import environment

        environment.prepare()
        import nncli.engine.loop
        import nncli.model  # noqa: F401
