"""A network with its compiled loops, used again to train the same network from another start.

Building the loops takes a second, a training of a small network hardly more. A program keeps the model it was built
for; a training of another model of the same network lends its variables to it and gets the trained ones back.
"""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.loop.compiled_loop import build
from nncli.engine.loop.data_pass import DataPass
from nncli.engine.parallel.dividing import dividing


class Program:
    """The loops of a compiled model over examples of one shape: for training, and for validation where there is any."""

    def __init__(self, model: keras.Model, train: Arrays, validation: Arrays | None, plan: Plan) -> None:
        self.model = model
        build(model, train)
        jit_compile = plan.executor == "xla"
        with dividing(model, plan.parts):
            self.training = DataPass(model, model.train_step, train, plan.batch_size, jit_compile=jit_compile)
            self.validation: DataPass | None = None
            if validation is not None and len(validation):
                # Forward only and in big batches: without XLA it compiles faster and takes no longer.
                batch_size = evaluation_batch_size(validation, plan.batch_size)
                self.validation = DataPass(model, model.test_step, validation, batch_size, jit_compile=False)
                self.validation_order = tf.range(len(validation), dtype=tf.int32)

    def take_over(self, model: keras.Model, train: Arrays, validation: Arrays | None) -> None:
        """Starts again as `model` stands, a new one of the same network, on other arrays of the same shapes."""
        if model is not self.model:
            # Its optimizer starts as this one once started: zeros for most, copies of the weights for some.
            model.optimizer.build(model.trainable_variables)
            _copy(model.variables, self.model.variables)
            _copy(model.optimizer.variables, self.model.optimizer.variables)
        self.training.give(train)
        if self.validation is not None and validation is not None:
            self.validation.give(validation)

    def hand_back(self, model: keras.Model) -> None:
        """Gives `model` the weights that were trained here."""
        if model is not self.model:
            _copy(self.model.variables, model.variables)


def _copy(sources: Iterable[Any], targets: Iterable[Any]) -> None:
    for source, target in zip(sources, targets, strict=True):
        target.assign(source)
