"""The machine's peak: float32 operations per second and bytes copied per second.

    python -m measuring.peak THREADS

measures in a separate process, since the number of threads must be set before NumPy is imported.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_SIDE = 2048
_COPIED_BYTES = 1 << 28
_REPEATS = 10
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")


@dataclass(frozen=True)
class Peak:
    """The best of several tries: operations per second of a matrix product, bytes per second read and written."""

    threads: int
    operations: float
    bytes: float


def cores() -> int:
    """The number of cores this process may use; all cores of the machine if the system does not report it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure_peak(threads: int) -> Peak:
    """Measures the peak in a separate process with this number of threads."""
    path = str(Path(__file__).resolve().parent.parent)
    env = {**os.environ, "PYTHONPATH": path, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
    command = [sys.executable, "-m", "measuring.peak", str(threads)]
    return Peak(**json.loads(subprocess.run(command, env=env, capture_output=True, check=True).stdout))


def best_peak(found: Sequence[Peak]) -> Peak:
    """The maximum of each value, for the same number of threads."""
    return Peak(found[0].threads, max(peak.operations for peak in found), max(peak.bytes for peak in found))


def main() -> None:
    """Measures in this process and prints JSON."""
    threads = int(sys.argv[1])
    print(json.dumps({"threads": threads, "operations": _operations(), "bytes": _bytes(threads)}))


def _operations() -> float:
    import numpy as np

    left, right = np.random.default_rng(0).random((2, _SIDE, _SIDE), dtype=np.float32)
    result = np.empty_like(left)
    return 2 * _SIDE**3 / _least_seconds(lambda: np.matmul(left, right, out=result))


def _bytes(threads: int) -> float:
    import numpy as np

    source, target = np.ones(_COPIED_BYTES, np.uint8), np.zeros(_COPIED_BYTES, np.uint8)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    with ThreadPoolExecutor(threads) as pool:  # NumPy releases the GIL while it copies
        return 2 * _COPIED_BYTES / _least_seconds(lambda: list(pool.map(lambda part: np.copyto(*part), parts)))


def _least_seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
