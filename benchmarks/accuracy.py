"""Measures nncli's networks on real data: the test metric over several seeds, compared with a goal for each data set.

    python benchmarks/accuracy.py --data ../shared/data
    python benchmarks/accuracy.py --only titanic,mpg --seeds 10 --first 101 --json accuracy.json

Each seed gives another split (MNIST keeps its own test set) and other initial weights. The folder contains `csv/*.csv`,
MNIST as prepared by tensorflow-datasets in `tfds/`, and images named by their digit in `digits_png/`, which every
trained mnist_softmax predicts. The exit code is 1 if a median misses its goal, or if any seed misses a given floor.
"""

import argparse
import io
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli import pipeline
from nncli.config.reading.document import KeyPath
from nncli.console import Console
from nncli.errors import NncliError

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Goal:
    """The goal for the median of a network's test metric, and the minimum for every seed (`floor`)."""

    name: str
    config: str
    metric: str
    median: float
    floor: float | None = None
    table: bool = False

    def met_by(self, values: list[float]) -> bool:
        """Whether the values of all seeds meet the goal."""
        return statistics.median(values) >= self.median and (self.floor is None or min(values) >= self.floor)


DIGITS_PNG = Goal("digits_png", "configs/mnist_softmax.yaml", "correct", 46, floor=46)
GOALS = (
    Goal("digits_softmax", "configs/digits_softmax.yaml", "accuracy", 0.95),
    Goal("mnist_softmax", "configs/mnist_softmax.yaml", "accuracy", 0.96, floor=0.95),
    DIGITS_PNG,
    Goal("mnist_cnn", "configs/mnist_cnn.yaml", "accuracy", 0.99),
    Goal("mnist_vit", "configs/mnist_vit.yaml", "accuracy", 0.97),
    Goal("titanic", "benchmarks/tables/titanic.yaml", "accuracy", 0.80, table=True),
    Goal("penguins", "benchmarks/tables/penguins.yaml", "accuracy", 0.97, table=True),
    Goal("mpg", "benchmarks/tables/mpg.yaml", "r2_score", 0.85, table=True),
    Goal("diamonds", "benchmarks/tables/diamonds.yaml", "r2_score", 0.97, table=True),
    Goal("emotions", "benchmarks/tables/emotions.yaml", "micro_f1", 0.66, table=True),
)


def main() -> None:
    """Parses the arguments, trains and prints; exits with 1 if a goal is missed or training fails."""
    arguments = parse_arguments()
    rows = []
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for config in dict.fromkeys(goal.config for goal in arguments.only):
        goals = [goal for goal in arguments.only if goal.config == config]
        try:
            values = in_new_process(goals, seeds, arguments.data)
        except RuntimeError as error:
            sys.exit(f"{config}: {error}")
        rows += [describe(goal, [by_name[goal.name] for by_name in values]) for goal in goals]
    print(table(rows, arguments.seeds))
    if arguments.json:
        arguments.json.write_text(json.dumps({"seeds": list(seeds), "rows": rows}, indent=2) + "\n")
    sys.exit(0 if all(row["met"] for row in rows) else 1)


def parse_arguments() -> argparse.Namespace:
    """Parses the command line; `only` becomes the goals it names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains csv, tfds and digits_png")
    parser.add_argument("--only", type=chosen_goals, default=GOALS, help="comma-separated names; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error(f"--seeds: expected 1 or more, got {arguments.seeds}")
    return arguments


def chosen_goals(text: str) -> tuple[Goal, ...]:
    """The goals with these names, in the order of GOALS. Raises argparse.ArgumentTypeError."""
    names = {name.strip() for name in text.split(",")}
    known = [goal.name for goal in GOALS]
    if names.difference(known):
        raise argparse.ArgumentTypeError(
            f"got {', '.join(sorted(names.difference(known)))}; choose from {', '.join(known)}"
        )
    return tuple(goal for goal in GOALS if goal.name in names)


def in_new_process(goals: list[Goal], seeds: range, data: Path) -> list[dict[str, float]]:
    """`measure_seed` for every seed, in one process."""
    with new_process() as (executor, runs):
        return [executor.submit(measure_seed, goals, seed, data.resolve(), runs).result() for seed in seeds]


@contextmanager
def new_process() -> Iterator[tuple[ProcessPoolExecutor, Path]]:
    """A process for one config, as TensorFlow keeps the threads of its first network, and a folder for its runs."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="nncli-benchmark-") as runs, ProcessPoolExecutor(1, spawn) as executor:
        yield executor, Path(runs)


@contextmanager
def errors_as_text() -> Iterator[None]:
    """Turns an error of nncli into a RuntimeError, which can be passed between processes."""
    try:
        yield
    except NncliError as error:
        raise RuntimeError(f"{error.message}; {error.hint or 'no hint'}") from None


def measure_seed(goals: list[Goal], seed: int, data: Path, runs: Path) -> dict[str, float]:
    """Trains the network shared by the goals; returns each goal's value by name. Raises RuntimeError."""
    folders, talk = pipeline.Folders(runs, data / "tfds"), io.StringIO()
    console = Console(stdout=talk, stderr=talk)
    options: list[tuple[KeyPath, Any, str]] = [(("seed",), seed, f"seed {seed}")]
    if goals[0].table:
        options.append((("data", "path"), str(data / "csv" / f"{goals[0].name}.csv"), "--data"))
    else:  # otherwise a fallback would be measured silently
        options.append((("data", "fallback"), None, "no fallback"))
    with errors_as_text():
        run = pipeline.train(str(ROOT / goals[0].config), folders=folders, console=console, options=options)
        metrics: dict[str, float] = run.summary["test"]["metrics"]
        right = count_right(run.folder.path, data / "digits_png", folders, console) if DIGITS_PNG in goals else 0
    values = {goal.name: right if goal == DIGITS_PNG else metrics[goal.metric] for goal in goals}
    told = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
    print(f"seed {seed}: {told}", file=sys.stderr, flush=True)
    return values


def count_right(run: Path, images: Path, folders: pipeline.Folders, console: Console) -> int:
    """The number of images predicted as the digit that their file name starts with."""
    output = folders.runs_dir / f"{run.name}.jsonl"
    pipeline.predict([str(images)], str(run), folders=folders, console=console, form="jsonl", output=output)
    answers = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    return sum(Path(answer["input"]).name.startswith(answer["prediction"] + "_") for answer in answers)


def describe(goal: Goal, values: list[float]) -> dict[str, Any]:
    """One row of the results."""
    return {
        "name": goal.name,
        "metric": goal.metric,
        "goal": goal.median,
        "floor": goal.floor,
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "values": values,
        "met": goal.met_by(values),
    }


def table(rows: list[dict[str, Any]], seeds: int) -> str:
    """The results as a table."""
    heads = "".join(f"{word:>9}" for word in ("goal", "floor", "median", "min", "max"))
    lines = [f"{f'{seeds} seeds':<16}{'metric':<14}{heads}"]
    for row in rows:
        numbers = [row[key] for key in ("goal", "floor", "median", "min", "max")]
        cells = "".join(f"{'' if number is None else f'{number:.4g}':>9}" for number in numbers)
        lines.append(f"{row['name']:<16}{row['metric']:<14}{cells}  {'reached' if row['met'] else 'MISSED'}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
