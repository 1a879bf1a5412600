"""Imports slow packages in daemon threads while something else is done.

TensorFlow while config and data are read, matplotlib during the first epochs. An error never waits for them: the
command ends the process while they are still at work.
"""

import contextlib
import threading
import time
from pathlib import Path

from nncli.data.prepared.loading import must_download
from nncli.evaluate.comparing.summary import load_statistics
from nncli.evaluate.plots.canvas import load_matplotlib

_thread: threading.Thread | None = None
_seconds, _done = 0.0, False


def begin_import(*sources: str, data_dir: Path | None = None) -> None:
    """Starts the import once; what needs TensorFlow calls `finish_import` first and then imports it as usual.

    Not where one of the sources has to be downloaded: tensorflow-datasets imports TensorFlow itself, and two imports
    at once would see each other's half-made modules.
    """
    global _thread
    if _thread is None and not any(must_download(source, data_dir) for source in sources):
        _thread = threading.Thread(target=_import, daemon=True, name="import tensorflow")
        _thread.start()


def finish_import() -> float:
    """Imports TensorFlow, or waits for the thread that does; two threads must never import it at the same time.

    Returns how many seconds of the import had gone by while something else was done.
    """
    global _seconds
    if _thread is None:
        if not _done:
            _import()
        return 0.0
    start = time.perf_counter()
    _thread.join()
    hidden, _seconds = max(0.0, _seconds - (time.perf_counter() - start)), 0.0
    return hidden


def _import() -> None:
    global _seconds, _done
    start = time.perf_counter()
    # An error here occurs again, and is reported, where TensorFlow is first needed.
    with contextlib.suppress(Exception):
        from nncli.engine.process import environment, silence

        with environment.without_collection(), silence.held_stderr(tell_failure=False):
            environment.prepare()
            import nncli.engine.loop.program
            import nncli.engine.loop.training
            import nncli.model  # noqa: F401
    _seconds, _done = time.perf_counter() - start, True


def begin_drawing() -> None:
    """Imports what draws the curves in a daemon thread, while the main thread waits for batches."""
    threading.Thread(target=load_matplotlib, daemon=True, name="import matplotlib").start()


def begin_summarizing() -> None:
    """Imports what sums up a comparison in a daemon thread, while the last trainings run."""

    def load() -> None:
        load_matplotlib()
        load_statistics()

    threading.Thread(target=load, daemon=True, name="import matplotlib and scipy").start()
