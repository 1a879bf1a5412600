"""Seconds per epoch of Keras's `model.fit` and of nncli's engine, side by side: MNIST, 25-15-10, batch 32.

    python benchmarks/epoch.py
    python benchmarks/epoch.py --random --repeats 3 --json

Both train the same network on the same examples in one process with the same threads, one epoch each in turn, so that
a busy machine slows both. The first epoch of each compiles and is not counted; making the tensors is in neither.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.sections import Data
from nncli.data import load
from nncli.engine import environment
from nncli.engine.executor import choose_threads, plan_executor

UNITS = (25, 15, 10)
PIXELS = 28 * 28
SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "tfds"
Examples = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=SHARED, help="where tensorflow-datasets keeps mnist")
    parser.add_argument("--random", action="store_true", help="noise of MNIST's shape, where the data is not at hand")
    parser.add_argument("--repeats", type=int, default=5, help="epochs of each that count")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, help="threads of one operation; the engine's own choice by default")
    parser.add_argument("--executor", choices=("auto", "xla", "graph"), default="auto")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    examples = random_examples() if arguments.random else mnist_examples(arguments.data_dir)
    executor = plan_executor(["flatten", "dense", "dense", "dense"], arguments.executor)
    threads = choose_threads(executor, PIXELS * UNITS[0], arguments.batch_size, arguments.threads)
    environment.prepare(threads)
    rows = measure(examples, executor, arguments.batch_size, arguments.repeats)
    ratios = [fit / engine for fit, engine in zip(rows["model.fit"]["seconds"], rows["engine"]["seconds"], strict=True)]
    result = {
        "network": "-".join(map(str, UNITS)),
        "examples": len(examples[1]),
        "batch_size": arguments.batch_size,
        "executor": executor,
        "threads": threads,
        "data": "random" if arguments.random else "mnist",
        "rows": rows,
        "ratio": {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)},
    }
    print(json.dumps(result, indent=2) if arguments.json else table(result))


def mnist_examples(data_dir: Path) -> Examples:
    """The training part of MNIST as nncli trains on it: uint8 (54000, 28, 28, 1) and int32 (54000,)."""
    dataset = load(Data(source="mnist"), seed=1, data_dir=data_dir, progress=lambda what, fraction: None)
    return dataset.train.inputs["image"], dataset.train.targets


def random_examples() -> Examples:
    """Noise of the same shape."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (54_000, 28, 28, 1)).astype(np.uint8)
    return images, generator.integers(0, 10, 54_000).astype(np.int32)


def measure(examples: Examples, executor: str, batch_size: int, repeats: int) -> dict[str, dict[str, Any]]:
    """Seconds of each counted epoch and the last training loss, for both; their epochs take turns."""
    epochs = {
        "model.fit": keras_epochs(examples, batch_size),
        "engine": engine_epochs(examples, executor, batch_size),
    }
    rows: dict[str, dict[str, Any]] = {name: {"seconds": [], "loss": 0.0} for name in epochs}
    for repeat in range(repeats + 1):
        for name, run_epoch in epochs.items():
            seconds, rows[name]["loss"] = run_epoch()
            if repeat:
                rows[name]["seconds"].append(seconds)
    for row in rows.values():
        row |= {"median": statistics.median(row["seconds"]), "least": min(row["seconds"]), "most": max(row["seconds"])}
    return rows


def make_model() -> Any:
    """The network of the lecture with relu and logits, compiled with Adam."""
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((28, 28, 1), dtype="uint8", name="image")
    tensor = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    for units in UNITS[:-1]:
        tensor = keras.layers.Dense(units, activation="relu")(tensor)
    model = keras.Model([image], keras.layers.Dense(UNITS[-1])(tensor))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def keras_epochs(examples: Examples, batch_size: int) -> Callable[[], tuple[float, float]]:
    """A function that runs one epoch of `model.fit`, as a script would, and gives its seconds and loss."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        """Times the epoch alone: `fit` prepares its data before."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds = time.perf_counter() - self.start

    model, clock = make_model(), Clock()

    def run_epoch() -> tuple[float, float]:
        history = model.fit(*examples, batch_size=batch_size, verbose=0, callbacks=[clock])
        return clock.seconds, history.history["loss"][-1]

    return run_epoch


def engine_epochs(examples: Examples, executor: str, batch_size: int) -> Callable[[], tuple[float, float]]:
    """The same with nncli's engine, which goes on at the next epoch in each call."""
    from nncli.engine.arrays import Arrays, Plan
    from nncli.engine.loop import fit

    model, epoch = make_model(), iter(range(1_000_000))
    train = Arrays({"image": examples[0]}, examples[1])

    def run_epoch() -> tuple[float, float]:
        start = next(epoch)
        plan = Plan(epochs=start + 1, batch_size=batch_size, seed=1, executor=executor, start_epoch=start)
        [logs] = fit(model, train, None, plan)
        return logs["train_seconds"], logs["loss"]

    return run_epoch


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"{result['data']}, {result['examples']} examples, {result['network']}, batch {result['batch_size']}, "
        f"executor {result['executor']}, {result['threads'] or 'all'} thread(s)",
        f"{'seconds an epoch':<18}{'median':>8}{'least':>8}{'most':>8}{'last loss':>12}",
    ]
    for name, row in result["rows"].items():
        lines.append(f"{name:<18}{row['median']:8.3f}{row['least']:8.3f}{row['most']:8.3f}{row['loss']:12.4f}")
    ratio = result["ratio"]
    lines.append(f"{'fit / engine':<18}{ratio['median']:8.1f}{ratio['least']:8.1f}{ratio['most']:8.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
