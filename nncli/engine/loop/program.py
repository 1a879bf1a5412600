"""A network with its compiled loops, used again to train the same network from another start.

Building the loops takes a second, training a small network hardly more. A program keeps the model it was built for; to
train another model of the same network, variables are copied into it and the trained weights copied back.
"""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.divergence.watch import DivergenceWatch, Watch
from nncli.engine.loop.compiled_loop import build
from nncli.engine.loop.data_pass import DataPass
from nncli.engine.parallel.dividing import dividing
from nncli.engine.randomness import seed_layers
from nncli.engine.streaming.windowed_pass import WINDOW_BYTES, WindowedPass


class Program:
    """The compiled loops for training, and for validation if there is any, on examples of one shape."""

    def __init__(self, model: keras.Model, train: Arrays, validation: Arrays | None, plan: Plan) -> None:
        self.model = model
        build(model, train)
        jit_compile = plan.executor == "xla"
        with dividing(model, plan.parts):
            self.training = _make_pass(model, model.train_step, train, plan.batch_size, jit_compile=jit_compile)
            self.validation: DataPass | WindowedPass | None = None
            if validation is not None and len(validation):
                # A forward pass in large batches: without XLA it compiles faster and runs as fast.
                batch_size = evaluation_batch_size(validation, plan.batch_size)
                # Small windows, as nothing is shuffled.
                self.validation = _make_pass(
                    model, model.test_step, validation, batch_size, jit_compile=False, window_bytes=WINDOW_BYTES // 4
                )

    def watch(self, train: Arrays, plan: Plan) -> Watch:
        """What looks for divergence."""
        return DivergenceWatch(self.model, self.training, train, plan)

    def seed(self, seed: int, epoch: int) -> None:
        """Sets the random layers for an epoch."""
        seed_layers(self.model, seed, epoch)

    def agree_to_stop(self, stop: bool) -> bool:
        """Whether the training ends after this epoch; nobody else has a say."""
        return stop

    def take_over(self, model: keras.Model, train: Arrays, validation: Arrays | None) -> None:
        """Restarts from the state of `model`, a new model of the same network, with other arrays of the same shapes."""
        if model is not self.model:
            # Initializes the optimizer's variables: zeros for most optimizers, copies of the weights for some.
            model.optimizer.build(model.trainable_variables)
            _copy(model.variables, self.model.variables)
            _copy(model.optimizer.variables, self.model.optimizer.variables)
        self.training.give(train)
        if self.validation is not None and validation is not None:
            self.validation.give(validation)

    def hand_back(self, model: keras.Model) -> None:
        """Copies the trained weights to `model`."""
        if model is not self.model:
            _copy(self.model.variables, model.variables)

    def close(self) -> None:
        """Frees the examples; the program cannot be used again."""
        self.training.close()
        if self.validation is not None:
            self.validation.close()


def _make_pass(
    model: keras.Model,
    step: Callable[[Any], Any],
    arrays: Arrays,
    batch_size: int,
    *,
    jit_compile: bool,
    window_bytes: int = WINDOW_BYTES,
) -> DataPass | WindowedPass:
    """A pass over examples in memory, or over streamed ones in windows."""
    if not arrays.streamed:
        return DataPass(model, step, arrays, batch_size, jit_compile=jit_compile)
    return WindowedPass(model, step, arrays, batch_size, jit_compile=jit_compile, window_bytes=window_bytes)


def _copy(sources: Iterable[Any], targets: Iterable[Any]) -> None:
    for source, target in zip(sources, targets, strict=True):
        target.assign(source)
