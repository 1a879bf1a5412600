"""Several workers, here logical devices of one process, against one."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

# TensorFlow takes logical devices only before it has started, which it has in the process of the tests.
SCRIPT = """
import json, sys
from nncli.engine.process import environment
environment.prepare(1)
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
from nncli.engine.arrays import Arrays, Plan
from nncli.engine.distributed.program import SharedProgram
from nncli.engine.distributed.replicas import mirror
from nncli.engine.loop import training

generator = np.random.default_rng(0)
inputs = generator.normal(size=(107, 6)).astype(np.float32)
targets = (inputs[:, 0] + inputs[:, 1] ** 2 > 1).astype(np.int32)
weights = generator.uniform(0.5, 2, 107).astype(np.float32)
train = Arrays({"x": inputs}, targets, weights)
validation = Arrays({"x": inputs[:41]}, targets[:41])

def make(synchronized, dropout):
    keras.utils.set_random_seed(1)
    x = keras.Input((6,), name="x")
    y = keras.layers.Dense(8, activation="tanh", kernel_regularizer="l2")(x)
    if synchronized:
        y = keras.layers.BatchNormalization(synchronized=True)(y)
    if dropout:
        y = keras.layers.Dropout(0.3, seed=5)(y)
    model = keras.Model({"x": x}, keras.layers.Dense(2)(y))
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.01, clipnorm=0.05, use_ema=True, ema_momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model

def fit(workers, rows, batch_size, synchronized=False, dropout=False):
    some = train.take(np.arange(rows))
    plan = Plan(2, batch_size, 7, "graph")
    if workers == 1:
        model = make(synchronized, dropout)
        history = training.fit(model, some, validation, plan)
        numpy = [variable.numpy() for variable in model.variables if "seed" not in variable.name]
    else:
        strategy = mirror([f"CPU:{index}" for index in range(workers)])
        with strategy.scope():
            model = make(synchronized, dropout)
        program = SharedProgram(strategy, model, some, validation, plan, several_processes=False)
        history = training.fit(model, some, validation, plan, program=program)
        numpy = [variable.numpy() for variable in model.variables if "seed" not in variable.name]
    logs = [{key: value for key, value in epoch.items() if "seconds" not in key} for epoch in history]
    return {"weights": [value.tolist() for value in numpy], "logs": logs}

answer = {
    "rest of 11": [fit(workers, 107, 16, synchronized=True) for workers in (1, 2, 2)],
    "rest of 2": [fit(workers, 98, 24) for workers in (1, 3)],
    "dropped": [fit(workers, 64, 16, dropout=True) for workers in (1, 2)],
}
from nncli.engine.distributed.timing import time_exchanges
timed = time_exchanges(mirror(["CPU:0", "CPU:1"]), (4, 4000), 0.05)
answer["exchanges"] = [{"bytes": size, "seconds": seconds} for size, seconds in timed.items()]
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def trained() -> dict[str, list[dict[str, Any]]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", ["rest of 11", "rest of 2"])
def test_workers_end_in_the_weights_and_metrics_of_one(trained: dict[str, Any], name: str) -> None:
    """Also with clipped gradients, weight decay, averaged weights, a regularizer and weighted rows; where the last
    batch has slices of 6 and 5 rows, or fewer rows than there are workers; and where batches are normalized."""
    one, several, *_ = trained[name]
    for left, right in zip(one["weights"], several["weights"], strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=2e-6)
    for left, right in zip(one["logs"], several["logs"], strict=True):
        assert left.keys() == right.keys()
        np.testing.assert_allclose(list(left.values()), [right[key] for key in left], rtol=1e-5, atol=1e-6)


@pytest.mark.long
def test_the_same_workers_end_in_the_same_bits(trained: dict[str, Any]) -> None:
    _, first, second = trained["rest of 11"]
    assert first == second


@pytest.mark.long
def test_each_worker_drops_other_units(trained: dict[str, Any]) -> None:
    one, several = trained["dropped"]
    assert one["weights"] != several["weights"]
    assert abs(one["logs"][-1]["val_loss"] - several["logs"][-1]["val_loss"]) < 0.2


@pytest.mark.long
def test_exchanges_of_each_size_are_timed_in_rounds(trained: dict[str, Any]) -> None:
    least, whole = trained["exchanges"]
    assert (least["bytes"], whole["bytes"]) == (4, 4000)
    assert len(least["seconds"]) == len(whole["seconds"]) == 15
    assert all(0 < seconds < 10 for seconds in [*least["seconds"], *whole["seconds"]])
