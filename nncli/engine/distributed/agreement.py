"""What workers must decide alike although their clocks differ: the chief's number counts."""

from typing import Any

import tensorflow as tf


class Agreement:
    """Gives every worker the number of the chief; without several processes there is nothing to agree on."""

    def __init__(self, strategy: Any, *, several_processes: bool) -> None:
        self._exchange = _exchange_of(strategy) if several_processes else None

    def on(self, number: float) -> float:
        """The chief's number; all workers must ask at the same point of the training."""
        return number if self._exchange is None else float(self._exchange(tf.constant(number, tf.float32)))


def _exchange_of(strategy: Any) -> Any:
    def of_chief(number: Any) -> Any:
        context = tf.distribute.get_replica_context()
        is_chief = tf.get_static_value(context.replica_id_in_sync_group) == 0
        # An operation of the replica has its device, which the exchange asks for.
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.multiply(number, 1.0 if is_chief else 0.0))

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def exchange(number: Any) -> Any:
        return strategy.experimental_local_results(strategy.run(of_chief, args=(number,)))[0]

    return exchange
