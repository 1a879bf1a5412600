"""Into how many parts a batch is divided, decided from plain facts before Keras is imported; does not depend on models.

The parts of a batch run in parallel, each on one thread, which uses the cores of a CPU better than splitting every
single convolution among them; `dividing.py` runs them.
"""

from collections.abc import Iterable

# For convolutions, more parts than threads: a thread that finishes early takes another part, and a part fits into a
# core's own cache. Attention consists of many small operations, and every part adds as many again.
_PARTS_OF_A_THREAD = {"conv2d": 2, "transformer_block": 1, "multi_head_attention": 1}
# The smallest number of multiply-adds of a batch, and of examples in a part, for which dividing pays off.
_ENOUGH_WORK = 10_000_000
_ENOUGH_EXAMPLES = 8


def choose_parts(
    kinds: Iterable[str], executor: str, multiply_adds: int, batch_size: int, threads: int, *, accelerator: bool = False
) -> int:
    """The number of parts a batch is divided into; 1 leaves it whole.

    `kinds` are the layers as in `plan_executor`, `multiply_adds` those of the largest layer for one example. Networks
    with 2-d convolutions train faster: a step of 12 ms became 6 ms on 4 threads; see docs/performance.md. So does
    attention: 12.7 ms became 5.2 with four parts, 7.9 with eight, and on two threads 7.0 with two.
    """
    of_a_thread = max(
        (parts for kind in kinds for name, parts in _PARTS_OF_A_THREAD.items() if name in kind), default=0
    )
    if executor != "graph" or accelerator or threads < 2 or not of_a_thread:
        return 1
    if multiply_adds * batch_size < _ENOUGH_WORK:
        return 1
    return max(1, min(of_a_thread * threads, batch_size // _ENOUGH_EXAMPLES))
