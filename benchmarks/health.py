"""Measures what watching the layers costs, and which verdicts it gives on which network.

    python benchmarks/health.py cost --data ../shared/data
    python benchmarks/health.py verdicts --data ../shared/data --seeds 3

`cost` trains each network with and without, in turn, and prints the processor time of the whole training (building,
compiling, all epochs), which other processes on the machine change less than the time on the clock. `verdicts` trains
every shipped config and networks with a fault, and prints what was found.
"""

import argparse
import contextlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.console import Console
from nncli.engine.process import environment
from nncli.errors import TrainingDivergedError
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.health.judging import list_verdicts
from nncli.run import files
from nncli.run.folder import RunFolder

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SILENT = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
# name, epochs
COSTS = [
    ("digits_softmax", 30), ("deep_relu", 30), ("binary", 60), ("gradient_descent", 300), ("digits_recurrent", 30),
    ("mnist_softmax", 20), ("mnist_cnn", 3), ("mnist_vit", 3),
]  # fmt: skip


def layers(*given: dict[str, Any] | str) -> str:
    """An assignment that replaces the layers before the output layer."""
    return f"model.layers={json.dumps([*given, 'output'])}"


def dense(units: int, **options: Any) -> dict[str, Any]:
    """A dense layer as it stands in a config."""
    return {"dense": {"units": units, **options}}


BLOCK = {"residual": {"layers": [dense(64, kernel_initializer="he_normal")]}}
# what is wrong, a shipped config, what is changed in it
FAULTS: list[tuple[str, str, list[str]]] = [
    ("small kernels in 8 relu layers", "deep_relu", [layers(*[dense(32, kernel_initializer="random_normal")] * 8)]),
    ("16 sums without normalization", "deep_relu", [layers("flatten", dense(64), *[BLOCK] * 16)]),
    ("exponential in 4 layers", "deep_relu", ["model.hidden_activation=exponential", layers(*[dense(32)] * 4)]),
    ("relu, Adam at 0.1", "digits_softmax", ["optimizer.learning_rate=0.1"]),
    ("relu, SGD at 2", "digits_softmax", ["optimizer={name: sgd, learning_rate: 2.0}"]),
    ("tanh, Adam at 0.1", "digits_softmax", ["model.hidden_activation=tanh", "optimizer.learning_rate=0.1"]),
    ("sigmoid, Adam at 0.3", "digits_softmax", ["model.hidden_activation=sigmoid", "optimizer.learning_rate=0.3"]),
    ("one neuron at 30", "gradient_descent", ["optimizer.learning_rate=30"]),
    ("linear regression at 3", "linear_regression", ["optimizer.learning_rate=3.0"]),
    ("Adam at 0.000003", "digits_softmax", ["optimizer.learning_rate=0.000003"]),
    ("SGD at 0.0001", "digits_softmax", ["optimizer={name: sgd, learning_rate: 0.0001}"]),
    ("one neuron at 0.0001", "gradient_descent", ["optimizer.learning_rate=0.0001"]),
    ("dropout of 0.99", "digits_softmax", [layers(dense(64), {"dropout": {"rate": 0.99}})]),
    ("256-256 on 318 rows", "linear_regression", [layers(dense(256), dense(256)), "train={epochs: 100}"]),
    ("4 epochs of 30", "digits_softmax", ["optimizer.learning_rate=0.0003", "train.epochs=4"]),
    ("sigmoid, l2 of 1, SGD", "digits_softmax", [
        "model.hidden_activation=sigmoid", "optimizer={name: sgd, learning_rate: 0.3}",
        layers(dense(64, kernel_regularizer={"l2": 1.0})),
    ]),
    ("tanh (healthy)", "digits_softmax", ["model.hidden_activation=tanh"]),
    ("sigmoid (healthy)", "digits_softmax", ["model.hidden_activation=sigmoid"]),
    ("SGD at 0.1 (healthy)", "digits_softmax", ["optimizer={name: sgd, learning_rate: 0.1}"]),
    ("Adam at 0.01 (healthy)", "digits_softmax", ["optimizer.learning_rate=0.01"]),
]  # fmt: skip


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cost", "verdicts"])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of the names to take")
    given = parser.parse_args()
    environment.prepare(None)
    data = given.data.resolve() / "tfds"
    if given.what == "cost":
        print_costs(data, given.repeats, given.only)
    else:
        print_verdicts(data, range(1, given.seeds + 1), given.only)


def print_costs(data: Path, repeats: int, only: str) -> None:
    """Processor seconds of whole trainings with and without, medians and ranges, side by side in one run."""
    columns = ("without: median (range) s", "with: median (range) s")
    print(f"{'network':18}{'epochs':>7}{columns[0]:>28}{columns[1]:>28}{'watching s':>12}")
    for name, epochs in COSTS:
        if only not in name:
            continue
        asked = {on: [f"train.epochs={epochs}", f"train.health={on}"] for on in ("false", "true")}
        prepared = {on: make(name, settings, 1, data) for on, settings in asked.items()}
        fit(prepared["true"])  # what is imported and cached at the first training
        seconds: dict[str, list[float]] = {"false": [], "true": []}
        watching = []
        for _ in range(repeats):
            for on, each in prepared.items():
                start = time.process_time()
                watch = fit(each)[2]
                seconds[on].append(time.process_time() - start)
                watching += [watch] if on == "true" else []
        told = [f"{statistics.median(each):.2f} ({min(each):.2f}-{max(each):.2f})" for each in seconds.values()]
        print(f"{name:18}{epochs:>7}{told[0]:>28}{told[1]:>28}{statistics.median(watching):>12.3f}", flush=True)


def print_verdicts(data: Path, seeds: Sequence[int], only: str) -> None:
    """The verdicts of each network, with the epoch since which each holds, for each seed."""
    rows = [*((name, name, list[str]()) for name in shipped_names()), *FAULTS]
    for told, name, settings in rows:
        if only in told:
            found = ["+".join(map(tell, fit(make(name, settings, seed, data))[0])) or "-" for seed in seeds]
            print(f"{told:32} {'   '.join(found)}", flush=True)


def tell(verdict: dict[str, Any]) -> str:
    """The rule, and the epoch since which it holds."""
    return f"{verdict['rule']}@{verdict['epoch']}"


def make(name: str, settings: list[str], seed: int, data: Path) -> Prepared:
    """The config with its data."""
    folders = pipeline.Folders(Path(tempfile.gettempdir()), data)
    return prepare(load_config(name, settings, [(("seed",), seed, f"--seed {seed}")]), folders, SILENT)


def fit(prepared: Prepared) -> tuple[list[dict[str, Any]], Any, float]:
    """Trains; the verdicts, the records of the epochs and the seconds on the clock that watching took."""
    from nncli.pipeline.training.planning import Terms

    terms = Terms()
    with tempfile.TemporaryDirectory() as here:
        folder = RunFolder.create(Path(here), "run")
        with contextlib.suppress(TrainingDivergedError):
            fit_model(folder, prepared, SILENT, terms).watchers.flush()
        health, history = folder.read_lines(files.HEALTH), folder.read_lines(files.METRICS)
        folder.unlock()
    seconds = float(terms.watch.to_mapping()["parts"].get("health", 0.0))
    return list_verdicts(health, history, prepared.config.silence), history, seconds


if __name__ == "__main__":
    main()
