"""TensorFlow takes seconds to import: a daemon thread begins while config and data are read.

An error never waits for it: the command ends the process while the thread is still at work.
"""

import contextlib
import threading

_thread: threading.Thread | None = None


def begin_import(*sources: str) -> None:
    """Starts the import once; what needs TensorFlow calls `finish_import` first and then imports it as usual.

    Not where one of the sources may have to be downloaded: tensorflow-datasets imports TensorFlow itself, and two
    imports at once would see each other's half-made modules.
    """
    global _thread
    may_download = any(source == "mnist" or source.startswith("tfds:") for source in sources)
    if _thread is None and not may_download:
        _thread = threading.Thread(target=_import, daemon=True, name="import tensorflow")
        _thread.start()


def finish_import() -> None:
    """Waits for the thread, so that TensorFlow is never imported by two at once."""
    if _thread is not None:
        _thread.join()


def _import() -> None:
    # Whatever goes wrong here goes wrong again, and is told, where TensorFlow is first needed.
    with contextlib.suppress(Exception):
        from nncli.engine import environment

        environment.prepare()
        import nncli.engine.loop
        import nncli.model  # noqa: F401
