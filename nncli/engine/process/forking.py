"""Whether this process, with Keras imported, may still be forked into workers that share the import; starts none.

TensorFlow starts threads and opens devices with its first tensor, and a fork copies neither: a child could only hang.
Before that, a fork is sound, and costs milliseconds where another import costs seconds.
"""

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nncli.engine.process.environment import has_accelerator, prepare


def may_fork() -> bool:
    """Whether a fork is sound: on Linux, before TensorFlow is at work, and without a GPU, which has been asked by now.

    Call it after `environment.prepare`. Elsewhere than on Linux, libraries of the system itself do not survive a fork.
    """
    return sys.platform == "linux" and hasattr(os, "fork") and not is_at_work() and not has_accelerator()


def is_at_work() -> bool:
    """Whether TensorFlow has started its threads, so that their number is fixed; after `environment.prepare`."""
    threading = importlib.import_module("tensorflow").config.threading
    number = threading.get_intra_op_parallelism_threads()
    try:
        threading.set_intra_op_parallelism_threads(number + 1)  # the public way to ask: it is refused then
    except RuntimeError:
        return True
    threading.set_intra_op_parallelism_threads(number)
    return False


def takes_threads(threads: int, *, side_by_side: bool) -> bool:
    """Sets the threads of this process as `environment.prepare` does; whether they are in force now."""
    prepare(threads, side_by_side=side_by_side)
    threading = importlib.import_module("tensorflow").config.threading
    wanted = (1 if side_by_side else threads, threads)
    return (threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()) == wanted


@contextmanager
def accepting_threads() -> Iterator[None]:
    """Keeps Python 3.12 and later from warning of a fork beside the idle threads of numpy, which survive it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
        yield
