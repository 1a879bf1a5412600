"""Compares a linear with a relu output for targets that are never negative, to decide what `nncli init` proposes.

    python benchmarks/positive.py --data ../shared/data --seeds 5

Writes a config for each task for mpg, diamonds, and a made-up table whose target is zero in two of three rows, where a
relu is most at risk of predicting 0 for every row. Trains each with every seed, and prints the mean absolute error, R²,
how many predictions on the test set are below zero, and how many trainings ended with an R² of 0 or less.

    python benchmarks/positive.py --copies

Measures whether it hurts that `init` drops columns with the same content as another one: titanic with and without them.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import yaml

from nncli import pipeline
from nncli.console import Console

TARGETS = {"mpg": "mpg", "diamonds": "price", "zeros": "y"}
TASKS = ("regression", "positive_regression")
COPIES = {"class": "pclass", "embark_town": "embarked"}
_ROWS = 2000


def main() -> None:
    """Prints a row for each table and task, or for each treatment of copied columns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--copies", action="store_true", help="measure the effect of dropping copied columns instead")
    options = parser.parse_args()
    console = Console(quiet=True)
    with tempfile.TemporaryDirectory() as name:
        measure = compare_copies if options.copies else compare_tasks
        measure(Path(name), options.data.resolve() / "csv", range(1, options.seeds + 1), console)


def compare_tasks(folder: Path, tables: Path, seeds: range, console: Console) -> None:
    """Prints a row for each table and task."""
    write_zeros(folder / "zeros.csv")
    print(f"{'table':<10}{'task':<22}{'MAE':>18}{'R²':>20}{'below zero':>12}{'R² <= 0':>9}")
    for table, target in TARGETS.items():
        source = (folder if table == "zeros" else tables) / f"{table}.csv"
        for task in TASKS:
            config = write_config(folder / f"{table}_{task}.yaml", source, target, task, console)
            results = [measure(config, seed, folder, console) for seed in seeds]
            scores = [result["metrics"]["r2_score"] for result in results]
            mae = spread([result["metrics"]["mean_absolute_error"] for result in results], 4)
            impossible = sum(result["impossible"] for result in results)
            dead = sum(score <= 0 for score in scores)
            print(f"{table:<10}{task:<22}{mae:>18}{spread(scores, 4):>20}{impossible:>12}{dead:>9}", flush=True)


def compare_copies(folder: Path, tables: Path, seeds: range, console: Console) -> None:
    """Prints a row for titanic as `init` writes it, and one with the copied columns as inputs."""
    config = write_config(folder / "titanic.yaml", tables / "titanic.csv", "survived", None, console)
    text = yaml.safe_load(config.read_text(encoding="utf-8"))
    missing = set(COPIES) - set(text["data"]["drop"])
    if missing:
        raise SystemExit(f"init does not drop {', '.join(sorted(missing))}")
    text["data"]["drop"] = [name for name in text["data"]["drop"] if name not in COPIES]
    kept = folder / "kept.yaml"
    kept.write_text(yaml.safe_dump(text), encoding="utf-8")
    print(f"{'copies':<10}{'accuracy':>18}{'AUC':>18}")
    for name, path in (("dropped", config), ("kept", kept)):
        metrics = [measure(path, seed, folder, console)["metrics"] for seed in seeds]
        cells = [spread([each[metric] for each in metrics], 4) for metric in ("accuracy", "auc")]
        print(f"{name:<10}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def write_zeros(path: Path) -> None:
    """A table with two number columns and a target that is 0 in about two of three rows, otherwise up to about 4."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, _ROWS))
    y = np.maximum(0, a + 0.5 * b - 0.5 + 0.1 * generator.normal(size=_ROWS))
    lines = [f"{x:.5f},{z:.5f},{value:.5f}" for x, z, value in zip(a, b, y, strict=True)]
    path.write_text("\n".join(["a,b,y", *lines]) + "\n", encoding="utf-8")


def write_config(path: Path, source: Path, target: str, task: str | None, console: Console) -> Path:
    """Writes the config that `nncli init` proposes for a table."""
    request = pipeline.InitRequest(str(source), targets=[target], task=task, output=str(path))
    pipeline.init(request, console=console)
    return path


def measure(config: Path, seed: int, runs: Path, console: Console) -> dict:
    """Trains once and returns the result of `nncli eval`."""
    folders = pipeline.Folders(runs / "runs")
    options = [(("seed",), seed, f"--seed {seed}")]
    run = pipeline.train(str(config), folders=folders, console=console, options=options)
    return pipeline.evaluate(str(run.folder.path), folders=folders, console=console).result


def spread(values: list[float], digits: int) -> str:
    """Mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.{digits}g} ± {deviation:.2g}"


if __name__ == "__main__":
    main()
