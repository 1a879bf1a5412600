"""Measures milliseconds per step for every executor and number of threads on each shipped config, and checks `auto`.

    python benchmarks/executors.py --data-dir ../shared/data/tfds
    python benchmarks/executors.py --only mnist_softmax,mnist_vit --turns 7 --json executors.json

The number of threads is fixed per process, so each executor has one process for each number of threads. All train on
the same examples and take turns, so that a busy machine slows them alike; the median of the turns counts. An executor
that is five times slower than the best in its first turn is not measured again. `parts` is the graph with each batch
split into parts that run in parallel, each on one thread. The exit code is 1 if `auto` is more than 10 % slower than
the best.
"""

import argparse
import io
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.config.stack import stack_layers
from nncli.console import Console
from nncli.engine.arrays import EXECUTORS
from nncli.engine.parallel.part_count import choose_parts
from nncli.errors import NncliError
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.planning import batch_size, choose_engine

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "tfds"
# Multiply-adds per epoch; from a larger data set, only as many examples are used as this allows.
WORK = 4_000_000_000
TURN_SECONDS = 0.3
HOPELESS = 5.0
ALLOWED = 1.10
PARTS = "parts"

Choice = tuple[str, int]


@dataclass(frozen=True)
class Job:
    """A shipped config, the number of its examples to train on, and the choice of `auto`."""

    name: str
    examples: int
    batch_size: int
    auto: Choice
    parts: dict[int, int]  # per batch, by the number of threads; 1 if it is not split


def main() -> None:
    """Parses the arguments, measures each config and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data-dir", type=Path, default=SHARED, help="folder in which tensorflow-datasets has prepared mnist"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=shipped_names(), help="comma-separated names"
    )
    parser.add_argument("--turns", type=int, default=5, help="counted turns of each executor")
    parser.add_argument("--json", type=Path, help="also write the measurements to this file")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(shipped_names()):
        parser.error(f"--only: got {', '.join(sorted(unknown))}; choose from {', '.join(shipped_names())}")
    all_cores = cores()
    names = (*EXECUTORS, PARTS)
    choices = [(name, threads) for threads in sorted({1, min(2, all_cores), all_cores}) for name in names]
    choices.remove((PARTS, 1))
    print(f"{all_cores} cores; milliseconds per step, median of {arguments.turns} turns")
    print(f"{'config':<22}{'batch':>6}" + "".join(f"{show(choice):>10}" for choice in choices) + "  auto      / best")
    results = []
    with workers(choices, arguments.data_dir) as pipes:
        for name in arguments.only:
            results.append(measure(plan_job(name, arguments.data_dir), pipes, arguments.turns))
            print(row(results[-1], choices), flush=True)
    worst = max(result["auto_to_best"] for result in results)
    print(f"auto takes at most {worst:.2f} times as long as the best; {ALLOWED:.2f} is allowed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"cores": all_cores, "configs": results}, indent=2) + "\n")
    sys.exit(0 if worst <= ALLOWED else 1)


def show(choice: Choice) -> str:
    """The label of an executor and its number of threads."""
    return f"{choice[0]} {choice[1]}"


def prepared(name: str, data_dir: Path) -> Prepared:
    """A shipped config with its data, loaded without output."""
    silent = Console(stdout=io.StringIO(), stderr=io.StringIO())
    return prepare(load_config(name), Folders(data_dir=data_dir), silent)


def plan_job(name: str, data_dir: Path) -> Job:
    """What to measure for a config; chooses like `nncli train`."""
    ready = prepared(name, data_dir)
    config, dataset = ready.config, ready.dataset
    rows = stack_layers(config, dataset.facts.inputs.shape)
    size = batch_size(config, dataset.facts)
    fitting = WORK // sum(row.multiply_adds for row in rows) // size * size
    auto = choose_engine(config, dataset.facts, accelerator=False)
    kinds = [kind for row in rows for kind in row.layer.kinds()]
    largest = max(row.multiply_adds for row in rows)
    return Job(
        name,
        examples=min(len(dataset.train), max(fitting, size)),
        batch_size=size,
        auto=(PARTS if auto.side_by_side else auto.executor, auto.threads),
        parts={threads: choose_parts(kinds, "graph", largest, size, threads) for threads in range(1, cores() + 1)},
    )


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0))


def measure(job: Job, pipes: dict[Choice, Connection], turns: int) -> dict[str, Any]:
    """Milliseconds per step of each turn for all executors that can run the config; compares `auto` with the best."""
    for pipe in pipes.values():
        pipe.send(job)
    running = {choice: pipe for choice, pipe in pipes.items() if pipe.recv() == "ready"}
    seconds: dict[Choice, list[float]] = {choice: [] for choice in running}
    for turn in range(turns):
        for choice, pipe in running.items():
            # Skips executors that are far too slow, but never the one that auto chose.
            if turn == 1 and choice != job.auto and seconds[choice][0] > HOPELESS * min(map(min, seconds.values())):
                continue
            if turn > 1 and len(seconds[choice]) == 1:
                continue
            pipe.send(True)
            seconds[choice].append(pipe.recv())
    for pipe in running.values():
        pipe.send(False)
    medians = {choice: statistics.median(turns) * 1000 for choice, turns in seconds.items()}
    best = min(medians, key=medians.__getitem__)
    return {
        "config": job.name,
        "examples": job.examples,
        "batch_size": job.batch_size,
        "milliseconds": {show(choice): round(median, 4) for choice, median in medians.items()},
        "turns": {show(choice): [round(1000 * value, 4) for value in values] for choice, values in seconds.items()},
        "auto": show(job.auto),
        "best": show(best),
        "auto_to_best": medians[job.auto] / medians[best],
    }


def row(result: dict[str, Any], choices: list[Choice]) -> str:
    """The measurements of a config as a line; `-` if an executor cannot run it."""
    cells = [result["milliseconds"].get(show(choice)) for choice in choices]
    numbers = "".join(f"{'-':>10}" if cell is None else f"{cell:>10.3f}" for cell in cells)
    told = f"  {result['auto']:<9} {result['auto_to_best']:.2f} × {result['best']}"
    return f"{result['config']:<22}{result['batch_size']:>6}{numbers}{told}"


@contextmanager
def workers(choices: list[Choice], data_dir: Path) -> Iterator[dict[Choice, Connection]]:
    """The pipe to a process for each choice, through which it receives jobs."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for executor, threads in choices:
        pipes[executor, threads], far = context.Pipe()
        processes.append(context.Process(target=work, args=(far, executor, threads, data_dir), daemon=True))
        processes[-1].start()
    try:
        yield pipes
    finally:
        for process in processes:
            process.kill()


def work(pipe: Connection, executor: str, threads: int, data_dir: Path) -> None:
    """Trains each config it receives, one turn per request, until the config is done."""
    from nncli.engine.process import environment

    environment.prepare(threads, side_by_side=executor == PARTS)
    while True:
        job = pipe.recv()
        parts = job.parts[threads] if executor == PARTS else 1
        if executor == PARTS and parts == 1:
            pipe.send("cannot: the batches are not split")
            continue
        try:
            train(job, "graph" if executor == PARTS else executor, parts, data_dir, pipe)
        except (NncliError, ValueError, RuntimeError) as error:  # TensorFlow's errors are subclasses of these
            pipe.send(f"cannot: {error}")


def train(job: Job, executor: str, parts: int, data_dir: Path, pipe: Connection) -> None:
    """Trains without end; `Turns` makes it wait and reports its times."""
    from nncli import model as models
    from nncli.engine.arrays import Arrays, Plan
    from nncli.engine.loop.training import fit
    from nncli.pipeline.training.examples import row_weights

    ready = prepared(job.name, data_dir)
    config, dataset = ready.config, ready.dataset
    model = models.build(config, dataset.facts)
    models.compile_model(model, config, dataset.facts)
    few = slice(job.examples)
    weights = row_weights(config, dataset)
    inputs = {name: array[few] for name, array in dataset.train.inputs.items()}
    targets = models.targets_for(config, dataset.train.targets[few])
    arrays = Arrays(inputs, targets, None if weights is None else weights[few])
    plan = Plan(epochs=10**9, batch_size=job.batch_size, seed=config.seed, executor=executor, parts=parts)
    fit(model, arrays, None, plan, [turns_callback(pipe, -(-job.examples // job.batch_size))])


def turns_callback(pipe: Connection, steps: int) -> Any:
    """A callback that sends `ready` after a warm-up epoch, and then trains for one turn each time it receives True."""
    import keras

    class Turns(keras.callbacks.Callback):  # type: ignore[misc]
        """Sends the seconds per step of each turn, which lasts for as many epochs as fill its time."""

        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] | None = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.seconds is None:
                pipe.send("ready")
            else:
                self.seconds.append(logs["train_seconds"])
                if sum(self.seconds) < TURN_SECONDS:
                    return
                pipe.send(statistics.fmean(self.seconds) / steps)
            self.seconds = []
            self.model.stop_training = not pipe.recv()

    return Turns()


if __name__ == "__main__":
    main()
