"""TensorFlow takes seconds to import: a daemon thread begins while config and data are read.

An error never waits for it: the command ends the process while the thread is still at work.
"""

import contextlib
import threading

_thread: threading.Thread | None = None


def begin_import() -> None:
    """Starts the import once; what needs TensorFlow imports it as usual and waits for what is left."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_import, daemon=True, name="import tensorflow")
        _thread.start()


def is_importing() -> bool:
    """Whether the thread is still at it."""
    return _thread is not None and _thread.is_alive()


def _import() -> None:
    # Whatever goes wrong here goes wrong again, and is told, where TensorFlow is first needed.
    with contextlib.suppress(Exception):
        from nncli.engine import environment

        environment.prepare()
        import nncli.engine.loop
        import nncli.model  # noqa: F401
