"""Decides whether this process, with Keras imported, can still be forked into workers that share the import.

TensorFlow starts threads and opens devices with its first tensor; a fork copies neither, so a child would hang. Before
that, forking is safe, and takes milliseconds where another import takes seconds.
"""

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nncli.engine.process.environment import has_accelerator, prepare


def may_fork() -> bool:
    """Whether forking is safe: on Linux, before TensorFlow has started its threads, and without a GPU.

    Call it after `environment.prepare`. On other systems, system libraries do not survive a fork.
    """
    return sys.platform == "linux" and hasattr(os, "fork") and not is_at_work() and not has_accelerator()


def is_at_work() -> bool:
    """Whether TensorFlow has started its threads, which fixes their number; call after `environment.prepare`."""
    threading = importlib.import_module("tensorflow").config.threading
    number = threading.get_intra_op_parallelism_threads()
    try:
        threading.set_intra_op_parallelism_threads(number + 1)  # the public way to find out: fails once they run
    except RuntimeError:
        return True
    threading.set_intra_op_parallelism_threads(number)
    return False


def takes_threads(threads: int, *, side_by_side: bool) -> bool:
    """Sets the threads of this process as `environment.prepare` does; returns whether they took effect."""
    prepare(threads, side_by_side=side_by_side)
    threading = importlib.import_module("tensorflow").config.threading
    wanted = (1 if side_by_side else threads, threads)
    return (threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()) == wanted


@contextmanager
def accepting_threads() -> Iterator[None]:
    """Suppresses the warning of Python 3.12 and later about forking with threads: numpy's idle threads survive it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
        yield
