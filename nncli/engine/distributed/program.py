"""The compiled loops of a network that several workers train; each keeps all examples and gathers its slices.

Workers run the same chunks: how long one is follows from the speed of the chief.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.distributed.agreement import Agreement
from nncli.engine.distributed.slices import share_out
from nncli.engine.distributed.step import exchanging, run_slice
from nncli.engine.distributed.watch import SharedWatch
from nncli.engine.divergence.watch import Watch
from nncli.engine.loop.compiled_loop import CompiledLoop, Logs, build
from nncli.engine.loop.data_pass import DataPass
from nncli.engine.loop.program import Program
from nncli.engine.randomness import layer_words, seed_states


class SharedProgram(Program):
    """The loops for a `model` that was built and compiled in the scope of the `strategy`."""

    def __init__(
        self,
        strategy: Any,
        model: keras.Model,
        train: Arrays,
        validation: Arrays | None,
        plan: Plan,
        *,
        several_processes: bool,
    ) -> None:
        self.model: keras.Model = model
        self._strategy = strategy
        self._agreement = Agreement(strategy, several_processes=several_processes)
        with strategy.scope():
            build(model, train)
        self._workers = _workers_here(strategy)

        def make(step: Callable[[Any], Any], arrays: Arrays, batch_size: int) -> DataPass:
            return _SharedPass(model, step, arrays, batch_size, strategy=strategy, agreement=self._agreement)

        self.training = make(model.train_step, train, plan.batch_size)
        self.validation: DataPass | None = None
        if validation is not None and len(validation):
            batch_size = evaluation_batch_size(validation, plan.batch_size)
            self.validation = make(model.test_step, validation, batch_size)

    def watch(self, train: Arrays, plan: Plan) -> Watch:
        """What looks for divergence."""
        return SharedWatch(self.model, self.training.batches)

    def seed(self, seed: int, epoch: int) -> None:
        """Sets the random layers for an epoch, differently for each worker, as their slices are different rows."""
        for position, state in enumerate(seed_states(self.model)):
            own = self._strategy.experimental_local_results(state.value)
            for worker, variable in zip(self._workers, own, strict=True):
                words = layer_words(seed, epoch, position, worker=worker)
                variable.assign(words.astype(variable.dtype.as_numpy_dtype))

    def chiefs(self, numbers: Sequence[int]) -> list[int]:
        """The chief's numbers in the place of one's own, each below 2²⁴, which float32 has exactly."""
        return [int(self._agreement.on(float(number))) for number in numbers]

    def agree_to_stop(self, stop: bool) -> bool:
        """Whether the chief ends the training after this epoch."""
        return bool(self._agreement.on(float(stop)))


def _workers_here(strategy: Any) -> list[int]:
    """The numbers of the workers in this process."""
    values = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(context.replica_id_in_sync_group)
    )
    return [int(value) for value in strategy.experimental_local_results(values)]


class _SharedPass(DataPass):
    """A pass over all examples by all workers, in chunks that the chief's speed decides."""

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        arrays: Arrays,
        batch_size: int,
        *,
        strategy: Any,
        agreement: Agreement,
    ) -> None:
        self._strategy, self._agreement = strategy, agreement
        super().__init__(model, step, arrays, batch_size, jit_compile=False)

    def _make_loop(self, *arguments: Any, **options: Any) -> CompiledLoop:
        return _SharedLoop(*arguments, strategy=self._strategy, **options)

    def _agree(self, seconds: float) -> float:
        return self._agreement.on(seconds)


class _SharedLoop(CompiledLoop):
    """Runs a Keras step on the slices of consecutive batches."""

    def __init__(
        self, model: keras.Model, step: Callable[[Any], Any], *arguments: Any, strategy: Any, **options: Any
    ) -> None:
        self._strategy, self._model = strategy, model
        self._slices = share_out(options["batch_size"], strategy.num_replicas_in_sync)
        with exchanging(model.optimizer, self._slices), strategy.scope():
            super().__init__(model, step, *arguments, **options)

    def __call__(self, order: Any, first: int, count: int) -> Logs:
        """Like that of the compiled loop; in the scope where it was traced, as it would be traced again elsewhere."""
        with self._strategy.scope():
            return super().__call__(order, first, count)

    def _run_batch(self, step: Callable[[Any], Any], rows: Any, data: Any) -> None:
        self._strategy.run(lambda: run_slice(self._model, step, self._slices, rows, data))
