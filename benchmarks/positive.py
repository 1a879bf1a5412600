"""Which output suits a target that is never negative: linear, or relu? What `nncli init` proposes follows from it.

    python benchmarks/positive.py --data ../shared/data --seeds 5

Writes a config for mpg and diamonds with each task, trains both over the seeds, and prints mean absolute error, R², and
how many predictions are below zero on the test set.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from nncli import pipeline
from nncli.console import Console

TABLES = {"mpg": "mpg", "diamonds": "price"}
TASKS = ("regression", "positive_regression")


def main() -> None:
    """Prints a row for each table and task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    console = Console(quiet=True)
    print(f"{'table':<10}{'task':<22}{'MAE':>18}{'R²':>20}{'below zero':>12}")
    with tempfile.TemporaryDirectory() as name:
        folders = pipeline.Folders(Path(name))
        for table, target in TABLES.items():
            for task in TASKS:
                config = f"{name}/{table}_{task}.yaml"
                source = str(options.data / "csv" / f"{table}.csv")
                pipeline.init(pipeline.InitRequest(source, targets=[target], task=task, output=config), console=console)
                rows = [measure(config, seed, folders, console) for seed in range(1, options.seeds + 1)]
                errors, scores, impossible = zip(*rows, strict=True)
                mae = f"{statistics.fmean(errors):.4g} ± {statistics.stdev(errors):.2g}"
                r2 = f"{statistics.fmean(scores):.4f} ± {statistics.stdev(scores):.4f}"
                print(f"{table:<10}{task:<22}{mae:>18}{r2:>20}{sum(impossible):>12}")


def measure(config: str, seed: int, folders: pipeline.Folders, console: Console) -> tuple[float, float, int]:
    """Error, R² and impossible predictions of one training on its test set."""
    options = [(("seed",), seed, f"--seed {seed}")]
    run = pipeline.train(config, folders=folders, console=console, options=options)
    result = pipeline.evaluate(str(run.folder.path), folders=folders, console=console).result
    return result["metrics"]["mean_absolute_error"], result["metrics"]["r2_score"], result["impossible"]


if __name__ == "__main__":
    main()
