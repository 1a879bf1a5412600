"""Chooses the executor and the number of threads for a network, before Keras is imported.

`xla` runs the loop over the batches compiled by XLA, `graph` runs the same loop with TensorFlow's own operations, and
`keras` is `model.fit`. The choice depends on the kinds of layers, named as in a config (`conv2d`,
`multi_head_attention`), and on the multiply-adds of the largest layer.
"""

import os
import re
from collections.abc import Iterable

from nncli.engine.arrays import EXECUTORS
from nncli.errors import UsageError, UserError

REQUESTS = ("auto", *EXECUTORS)

# Layers that XLA cannot compile.
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
# In an XLA loop on a CPU these are slower than in a graph, or no faster and slower to compile.
_SLOW_IN_XLA = re.compile(r"conv|random|dropout|noise")
# Attention is faster on a batch split into parallel parts (`parallel/part_count.py`), which only `graph` supports;
# recurrent layers are not.
_FAST_IN_PARTS = re.compile(r"attention|transformer")
_RECURRENT = frozenset({"gru", "lstm"})
# From this many multiply-adds of a step in the largest layer on, split batches are faster than xla.
_PARTS_PAY = 25_000_000

# By executor: (multiply-adds of a step in the largest layer, threads that pay off from there on; None for all cores).
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

    `work` is the number of multiply-adds of a batch in the largest layer; `threads` is the number requested, by default
    all cores. `auto` is a fixed rule and measures nothing. On a CPU it chooses `graph` if any layer is convolutional or
    random, or for attention with enough work and at least two threads to split it among; otherwise `xla`. On an
    accelerator it chooses `xla` unless XLA cannot compile one of the layers.

    Measured on 4 cores with benchmarks/executors.py, in milliseconds a step for xla, graph and keras, each with its
    best number of threads: MNIST 25-15-10 at batch 32: 0.075, 0.139, 1.2; eight layers of 32: 0.15, 0.36, 1.7; a GRU of
    32 units over 8 rows: 0.28, 0.88, 3.2; one neuron, all 409 examples in a batch: 1.8, 3.0, 24; the CNN with three
    convolutions: 283, 9.3 (split 6), 12.4. The vision transformer at batch 128: 6.9 to 8.7 in xla, 12.7 in graph, 5.2
    in graph with the batch split, 16 in keras; at batch 64: 4.7 in xla, 4.4 split; at 32: 2.4 and 4.2. A GRU of 128
    units over 28 rows at batch 128: 11.5 in xla, 11.9 split. Dense 64 with dropout: 1.7 in xla and 0.25 in graph (XLA
    generates random numbers slowly, and not the ones that `fit` does).

    Raises UserError if `xla` is requested and XLA cannot compile one of the layers.
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
    """How many threads an operation may use: `requested`, or the number measured to be fastest.

    `multiply_adds` counts those of the largest layer for one example: the size of its kernel, times the number of
    positions for a convolution. Small steps are fastest on one thread, because distributing the work costs more than it
    saves: with xla, 25-15-10 at batch 32 (0.6 million a step) took 75 microseconds a step on one thread, 85 on two, 103
    on four; 128 units at batch 32 (3 million) 143, 99 and 110; 512-512-10 at batch 128 (51 million) 2700, 2500 and
    1200. With graph, small dense networks are fastest on one thread too, convolutions of 12 million on all.
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
    """The number of cores this process may use; all of the machine's where the system does not report it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
