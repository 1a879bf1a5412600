"""Training: epochs over the examples, validation after each, Keras's callbacks along the way; does not depend on files.

The executors `xla` and `graph` run Keras's own steps in a compiled loop (`compiled_loop.py`); `keras` is `model.fit`
itself on the same batches (`keras_fit.py`). The same seed gives the same batches in all three, and the same dropout in
`graph` and `keras`; XLA generates other random numbers from the same state.
"""

import time
from collections.abc import Hashable, Sequence

import keras

from nncli.engine.arrays import Arrays, Plan
from nncli.engine.loop.compiled_loop import Logs
from nncli.engine.loop.epoch_logs import learning_rate
from nncli.engine.loop.keras_fit import fit_with_keras
from nncli.engine.loop.program import Program
from nncli.engine.loop.program_cache import ProgramCache


def fit(
    model: keras.Model,
    train: Arrays,
    validation: Arrays | None,
    plan: Plan,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    program_cache: ProgramCache | None = None,
    network: Hashable = None,
    program: Program | None = None,
) -> list[Logs]:
    """Trains a compiled model; returns one dict per epoch with the names and values of `model.fit`'s logs.

    With a `program_cache`, the compiled loops of the last run are reused if they belong to the same `network` (see
    `ProgramCache`). Callbacks then see the model of that run; the trained weights, which are the same as without the
    cache, end up in `model`. The same holds for a `program` that is given, as for several workers.

    The logs contain `loss`, the metrics, the same with the prefix `val_`, and also `learning_rate`, `train_seconds`
    (training only) and `seconds` (including validation); neither includes compilation. Callbacks receive the same dict;
    `on_train_batch_end` is called once per chunk of batches, with the index of its last batch and the metrics so far.

    Raises TrainingDivergedError when the loss or a weight is not finite, which leaves the model with the last weights
    that were; it names the batch and the first layer. A KeyboardInterrupt is raised within about half a
    second and leaves the model with the weights of the last finished chunk; `on_train_end` is then not called.
    """
    if program is None and plan.executor == "keras":
        return fit_with_keras(model, train, validation, plan, callbacks)
    if program is None and program_cache is not None:
        program = program_cache.program_for(network, model, train, validation, plan)
    program = program or Program(model, train, validation, plan)
    try:
        return _Training(program, train, plan, callbacks).run()
    finally:
        program.hand_back(model)
        if program_cache is None:
            program.close()


class _Training:
    def __init__(
        self, program: Program, train: Arrays, plan: Plan, callbacks: Sequence[keras.callbacks.Callback]
    ) -> None:
        self._model, self._plan, self._program = program.model, plan, program
        self._training, self._validation = program.training, program.validation
        self._watch = program.watch(train, plan)
        self._callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=self._model, epochs=plan.epochs, steps=self._training.batches, verbose=0
        )

    def run(self) -> list[Logs]:
        model, plan = self._model, self._plan
        model.stop_training = False
        history: list[Logs] = []
        self._callbacks.on_train_begin()
        for epoch in range(plan.start_epoch, plan.epochs):
            history.append(self._run_epoch(epoch))
            if model.stop_training:
                break
        if history:
            # Some optimizers keep averaged weights and assign them at the end.
            model.optimizer.finalize_variable_values(model.trainable_weights)
        self._callbacks.on_train_end(history[-1] if history else None)
        return history

    def _run_epoch(self, epoch: int) -> Logs:
        start = time.perf_counter()
        self._model.reset_metrics()
        self._program.seed(self._plan.seed, epoch)
        self._callbacks.on_epoch_begin(epoch)
        logs = self._train(epoch)
        train_seconds = time.perf_counter() - start
        logs |= {f"val_{name}": value for name, value in self._validate().items()}
        logs["learning_rate"] = learning_rate(self._model)
        logs["train_seconds"] = train_seconds
        logs["seconds"] = time.perf_counter() - start
        self._watch.after_epoch(epoch, logs, is_last=epoch + 1 == self._plan.epochs)
        self._callbacks.on_epoch_end(epoch, logs)
        self._model.stop_training = self._program.agree_to_stop(self._model.stop_training)
        return logs

    def _train(self, epoch: int) -> Logs:
        order = self._training.shuffled(self._plan.seed, epoch)
        position, logs = 0, Logs()
        while position < self._training.batches and not self._model.stop_training:
            self._callbacks.on_train_batch_begin(position)
            self._watch.before_chunk(epoch, position)
            count, logs = self._training.run_chunk(order, position)
            self._watch.after_chunk(epoch, position, position + count, logs["loss"])
            position += count
            self._callbacks.on_train_batch_end(position - 1, logs)
        return dict(logs)

    def _validate(self) -> Logs:
        if self._validation is None:
            return {}
        self._model.reset_metrics()
        self._callbacks.on_test_begin()
        order, position, logs = self._validation.in_order(), 0, Logs()
        while position < self._validation.batches:
            self._callbacks.on_test_batch_begin(position)
            count, logs = self._validation.run_chunk(order, position)
            position += count
            self._callbacks.on_test_batch_end(position - 1, logs)
        self._callbacks.on_test_end(logs)
        return logs
