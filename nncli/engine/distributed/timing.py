"""How long workers take to add up numbers, without a training: the exchange of a step, measured between processes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nncli.engine.distributed.agreement import Agreement

_ROUNDS = 15
_MOST_IN_A_ROUND = 1000
_BYTES = 4  # of a float32


def time_exchanges(strategy: Any, sizes: Sequence[int], seconds: float) -> dict[int, list[float]]:
    """The seconds of an exchange by its bytes, one number for each of several rounds; a size takes about `seconds`.

    Each worker of the strategy calls it at the same time. The exchanges of a round follow one another in a compiled
    loop, as those of a training.
    """
    agreement = Agreement(strategy, several_processes=True)
    found = {}
    for size in sizes:
        values = tf.ones(max(1, size // _BYTES))
        run = _make_loop(strategy)
        _time(run, values, 1)  # traces it
        one = agreement.on(min(_time(run, values, 2) for _ in range(2)))
        count = int(np.clip(seconds / _ROUNDS / one, 1, _MOST_IN_A_ROUND))
        found[size] = [_time(run, values, count) for _ in range(_ROUNDS)]
    return found


def _time(run: Any, values: Any, count: int) -> float:
    start = time.perf_counter()
    run(values, tf.constant(count)).numpy()
    return (time.perf_counter() - start) / count


def _make_loop(strategy: Any) -> Any:
    def exchange(values: Any) -> Any:
        half = tf.multiply(values, 0.5)  # an operation of the replica has its device, which the exchange asks for
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, half)

    def turn(done: Any, values: Any) -> tuple[Any, Any]:
        return done + 1, strategy.experimental_local_results(strategy.run(exchange, args=(values,)))[0]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def run(values: Any, count: Any) -> Any:
        return tf.while_loop(lambda done, _: done < count, turn, [0, values], parallel_iterations=1)[1]

    return run
