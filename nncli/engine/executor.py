"""Which executor and how many threads suit a network; decided from plain facts, before Keras is imported.

`xla` is one compiled loop over the batches, `graph` the same loop of TensorFlow's own operations, `keras` is
`model.fit`. The facts are the kinds of the layers, named as in a config (`conv2d`, `multi_head_attention`), and the
arithmetic of the largest layer.
"""

import os
import re
from collections.abc import Iterable

from nncli.engine.arrays import EXECUTORS
from nncli.errors import UsageError, UserError

REQUESTS = ("auto", *EXECUTORS)

# Layers that XLA has no code for.
_NO_KERNEL = frozenset(
    {
        "random_translation",
        "random_rotation",
        "random_zoom",
        "random_perspective",
        "random_shear",
        "random_crop",
        "random_elastic_transform",
        "string_lookup",
        "integer_lookup",
        "text_vectorization",
        "hashing",
        "hashed_crossing",
    }
)
# Inside an XLA loop on a CPU these are slower than in a graph, or no faster and slower to compile.
_SLOW_IN_XLA = re.compile(r"conv|random|dropout|noise")
# Attention gains from batches in parts side by side (`parallel/part_count.py`), which only a graph has; recurrent
# layers do not.
_FAST_IN_PARTS = re.compile(r"attention|transformer")
_RECURRENT = frozenset({"gru", "lstm"})
# Multiplications and additions of a step in its largest layer, from which on that is faster than xla.
_PARTS_PAY = 25_000_000

# Multiplications and additions of a step in its largest layer, from which on more threads pay; per executor.
_THREADS_PAY = {
    "xla": ((1_000_000, 2), (25_000_000, None)),
    "graph": ((10_000_000, None),),
    "keras": ((10_000_000, None),),
}


def plan_executor(
    kinds: Iterable[str],
    requested: str = "auto",
    *,
    accelerator: bool = False,
    work: int = 0,
    threads: int | None = None,
) -> str:
    """`xla`, `graph` or `keras` for a network with layers of these kinds.

    `work` counts the multiplications and additions of a batch in the largest layer; `threads` are those asked for, all
    cores otherwise. `auto` is a rule, no calibration. On a CPU it takes `graph` as soon as one layer is convolutional
    or random, or where there is attention, enough work and a second thread for parts of it; else `xla`. On an
    accelerator it takes `xla` wherever there is code for it.

    Measured on 4 cores by benchmarks/executors.py, milliseconds a step in xla, graph and keras, each with its best
    number of threads: MNIST 25-15-10 at batch 32: 0.075, 0.139, 1.2; eight layers of 32: 0.15, 0.36, 1.7; a GRU of 32
    units over 8 rows: 0.28, 0.88, 3.2; one neuron, all 409 examples in a batch: 1.8, 3.0, 24; the CNN of three
    convolutions: 283, 9.3 (in parts 6), 12.4. The vision transformer at batch 128: 6.9 to 8.7 in xla, 12.7 in graph,
    5.2 there in parts, 16; at batch 64: 4.7 in xla, 4.4 in parts; at 32: 2.4 and 4.2. A GRU of 128 units over 28 rows
    at batch 128: 11.5 in xla, 11.9 in parts. Dense 64 with dropout: 1.7 in xla and 0.25 in graph (XLA draws random
    numbers slowly, and other ones than `fit` does).

    Raises UserError where `xla` is asked for and a layer has no code in it.
    """
    if requested not in REQUESTS:
        raise UsageError(
            f"got executor {requested!r}, expected one of {', '.join(REQUESTS)}", hint="`auto` is the default"
        )
    kinds = list(kinds)
    unknown_to_xla = sorted(_NO_KERNEL.intersection(kinds))
    if requested == "xla" and unknown_to_xla:
        raise UserError(
            f"executor: got xla, which cannot run the layer {', '.join(unknown_to_xla)}",
            hint="use `executor: graph`, or `auto`",
        )
    if requested != "auto":
        return requested
    if unknown_to_xla or (not accelerator and _is_faster_as_graph(kinds, work, threads or available_cores())):
        return "graph"
    return "xla"


def _is_faster_as_graph(kinds: list[str], work: int, threads: int) -> bool:
    if any(_SLOW_IN_XLA.search(kind) for kind in kinds):
        return True
    parts_pay = threads > 1 and work >= _PARTS_PAY and not _RECURRENT.intersection(kinds)
    return parts_pay and any(_FAST_IN_PARTS.search(kind) for kind in kinds)


def choose_threads(
    executor: str, multiply_adds: int, batch_size: int, requested: int | None = None, *, cores: int | None = None
) -> int:
    """How many threads an operation may use: `requested`, or what was measured to be fastest.

    `multiply_adds` is that of the largest layer for one example: the values of its kernel, times the positions where a
    convolution applies it. Small steps are fastest on one thread, as handing work over costs more than it saves:
    with xla, 25-15-10 at batch 32 (0.6 million a step) took 75 microseconds a step on one thread, 85 on two, 103 on
    four; 128 units at batch 32 (3 million) 143, 99 and 110; 512-512-10 at batch 128 (51 million) 2700, 2500 and 1200.
    A graph runs small dense nets best on one thread too, convolutions of 12 million on all.
    """
    if requested is not None:
        return requested
    available = cores or available_cores()
    threads = 1
    for enough, paying in _THREADS_PAY[executor]:
        if multiply_adds * batch_size >= enough:
            threads = min(paying or available, available)
    return threads


def available_cores() -> int:
    """The cores this process may run on, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
