"""How long a training step takes on batches of several sizes, without a training."""

import math
import time
from collections.abc import Sequence
from typing import Any

import keras

from nncli.engine.arrays import Arrays, Plan, evaluation_batch_size
from nncli.engine.loop.data_pass import DataPass
from nncli.engine.loop.program import Program


def time_steps(model: keras.Model, train: Arrays, plan: Plan, sizes: Sequence[int], seconds: float) -> dict[int, float]:
    """The seconds of a step by its number of examples, each size measured for this many `seconds`.

    The first size is measured in the loop that the plan would train in, with its executor and parts, the others in the
    same executor without parts. Changes the model.
    """
    found = {}
    running: Any
    for place, size in enumerate(sizes):
        if place == 0:
            running = Program(model, train, None, plan).training
        else:
            running = DataPass(model, model.train_step, train, size, jit_compile=plan.executor == "xla")
        found[size] = _time_batches(running, len(train) // size, seconds)
    return found


def time_validation(model: keras.Model, validation: Arrays, plan: Plan) -> float:
    """The seconds of a pass over the validation set; 0 without one."""
    if not len(validation):
        return 0.0
    size = evaluation_batch_size(validation, plan.batch_size)
    running = DataPass(model, model.test_step, validation, size, jit_compile=False)
    return min(_time_pass(running) for _ in range(3))


def _time_batches(running: Any, batches: int, seconds: float) -> float:
    """Those of the fastest chunk of whole batches: what else runs on a machine only makes them slower."""
    order, end = running.in_order(), time.perf_counter() + seconds
    position, fastest = 0, math.inf
    while fastest == math.inf or time.perf_counter() < end:
        position = position if position < batches else 0
        begun = time.perf_counter()
        done, _ = running.run_chunk(order, position, batches - position)
        fastest = min(fastest, (time.perf_counter() - begun) / done)
        position += done
    return fastest


def _time_pass(running: DataPass) -> float:
    order, position, start = running.in_order(), 0, time.perf_counter()
    while position < running.batches:
        position += running.run_chunk(order, position)[0]
    return time.perf_counter() - start
