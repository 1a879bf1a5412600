"""The process that Keras is imported into: backend, number type, silence, threads; does not depend on models or data.

`prepare` is called before anything imports Keras, as Keras reads its settings while it is imported. The settings are
a file that ships with this package (`keras_home/keras.json`): a stray `~/.keras/keras.json` cannot change the numbers
of a training, and nothing is written anywhere.
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

# Keras imports these wherever they are installed, for helpers that nobody calls here: 1.5 of 3.5 seconds, and
# matplotlib writes its font cache into the user's home.
_NOT_NEEDED = ("matplotlib", "pandas", "scipy", "sklearn")

# Settings of the caller's shell that would shorten training or exchange Keras in silence.
_UNWANTED = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "TF_USE_LEGACY_KERAS")

# At its own level, 3, XLA's compiler unrolls Adam's moments of a kernel such as 784 x 25 instead of using the vector
# units: a step of 25-15-10 at batch 32 took 73 microseconds there, and 60 at 2 and 1. Larger networks did not change.
_XLA_LEVEL = "--xla_backend_optimization_level=2"


def prepare(threads: int | None = None, *, side_by_side: bool = False) -> int:
    """Imports Keras into a known environment and sets the threads of each operation; may be called again.

    Call it once without `threads` (in a thread of its own, if you like) to have the import done early, and again with
    them before the first tensor is made: TensorFlow starts its threads then, and later calls change nothing. Returns
    the number of threads in force, 0 standing for all cores. With `side_by_side` each operation has one thread, and so
    many operations run at once. The import takes 2 to 6 seconds.
    """
    set_environment()
    if "keras" not in sys.modules:
        with without_collection(), held_stderr(), without(*_NOT_NEEDED):
            # Imported here and by name: this function exists to decide what happens around the import.
            importlib.import_module("tensorflow")
            importlib.import_module("keras")
    _quiet_loggers()
    return _set_threads(importlib.import_module("tensorflow").config.threading, threads, side_by_side)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Imports in the body go on without the garbage collector, which will never look at what is there after them.

    TensorFlow's modules are some 300,000 objects that stay for good. Looking through them for garbage again and again
    took 0.7 of 2.6 seconds of the import, and a tenth of a second of tracing and exporting after it.
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
    """Sets the variables that TensorFlow and Keras read when they are imported; imports neither."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = str(KERAS_HOME)
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_optimization_level" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_XLA_LEVEL}".strip()


def has_accelerator() -> bool:
    """Whether TensorFlow sees a GPU; after `prepare`."""
    return bool(importlib.import_module("tensorflow").config.list_physical_devices("GPU"))


def _set_threads(threading: Any, threads: int | None, side_by_side: bool) -> int:
    if threads is not None:
        try:
            threading.set_intra_op_parallelism_threads(1 if side_by_side else threads)
            threading.set_inter_op_parallelism_threads(threads)
        except RuntimeError:  # TensorFlow is at work already, with the threads of an earlier call
            pass
    return int(max(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()))


def _quiet_loggers() -> None:
    """TensorFlow's Python code logs to these two; an error is still shown."""
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
