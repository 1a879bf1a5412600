"""The process that Keras is imported into: backend, number type, silence, threads; does not depend on models or data.

`prepare` must be called before anything imports Keras, which reads its settings on import. They come from a file
shipped with this package (`keras_home/keras.json`), so the user's `~/.keras/keras.json` cannot change the results of
training, and no file is written.
"""

import contextlib
import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nncli.engine.process.import_blocking import without
from nncli.engine.process.silence import held_stderr

KERAS_HOME = Path(__file__).parent / "keras_home"

# Keras imports these if they are installed, for helpers not used here: 1.5 of 3.5 seconds, and matplotlib writes its
# font cache to the user's home.
_NOT_NEEDED = ("matplotlib", "pandas", "scipy", "sklearn")

# Environment variables that would silently shorten training or replace Keras.
_UNWANTED = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "TF_USE_LEGACY_KERAS")

# At its default level, 3, XLA unrolls Adam's update of a kernel such as 784 x 25 instead of vectorizing it: a step of
# 25-15-10 at batch 32 took 73 microseconds, and 60 at levels 2 and 1. Larger networks did not change.
_XLA_LEVEL = "--xla_backend_optimization_level=2"


def prepare(threads: int | None = None, *, side_by_side: bool = False) -> int:
    """Imports Keras in a known environment and sets the number of threads; may be called repeatedly.

    Call it once without `threads` (possibly in a background thread) to import early, and again with `threads` before
    the first tensor is created: TensorFlow then starts its threads, and later calls change nothing. With `side_by_side`
    each operation has one thread, and `threads` operations run at once. Returns the number of threads in effect, 0 for
    all cores. The import takes 2 to 6 seconds.
    """
    set_environment()
    if "keras" not in sys.modules:
        with without_collection(), held_stderr(), without(*_NOT_NEEDED):
            # Imported here and by name, as this function controls what happens around the import.
            importlib.import_module("tensorflow")
            importlib.import_module("keras")
    _quiet_loggers()
    return _set_threads(importlib.import_module("tensorflow").config.threading, threads, side_by_side)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Disables the garbage collector for imports in the body, and excludes their objects from later collections.

    TensorFlow's modules are some 300,000 objects that are never freed. Scanning them repeatedly took 0.7 of the 2.6
    seconds of the import, and another 0.1 seconds during tracing and export.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()


def set_environment() -> None:
    """Sets the environment variables that TensorFlow and Keras read on import; imports neither."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = str(KERAS_HOME)
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_optimization_level" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_XLA_LEVEL}".strip()


def has_accelerator() -> bool:
    """Whether TensorFlow sees a GPU; call after `prepare`."""
    return bool(accelerators())


def accelerators() -> list[str]:
    """The GPUs that TensorFlow sees, as `GPU:0`; call after `prepare`."""
    found = importlib.import_module("tensorflow").config.list_physical_devices("GPU")
    return [f"GPU:{index}" for index in range(len(found))]


def _set_threads(threading: Any, threads: int | None, side_by_side: bool) -> int:
    if threads is not None:
        try:
            threading.set_intra_op_parallelism_threads(1 if side_by_side else threads)
            threading.set_inter_op_parallelism_threads(threads)
        except RuntimeError:  # TensorFlow is already running, with the threads of an earlier call
            pass
    return int(max(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()))


def _quiet_loggers() -> None:
    """TensorFlow's Python code uses these two loggers; errors are still shown."""
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
