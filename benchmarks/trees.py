"""Compares the configs that `nncli init` writes with boosted trees, a linear model and other networks.

    python benchmarks/trees.py --data ../shared/data
    python benchmarks/trees.py --tables FOLDER --only california,adult --seeds 5 --json trees.json

`nncli init` writes a config for each table, given only its target; it is trained once per seed, each with another
split. The other models are fitted to the training and validation sets of the same split and measured on its test set:
scikit-learn's HistGradientBoosting with native categories; a linear model (logistic or ridge regression) and
scikit-learn's multilayer perceptron on standardized numbers and one-hot categories; and `plain`, nncli's network of two
dense layers without members and bins. FOLDER contains CSV files with a header whose last column is the target. The
numbers are the AUC for two classes, the accuracy for more classes, and R² for regression: mean and standard deviation
over the seeds, with the seconds of training.
"""

import argparse
import csv
import io
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nncli import pipeline
from nncli.config.facts import Task
from nncli.console import Console
from nncli.data import load
from nncli.data.dataset import Dataset, Part
from nncli.errors import NncliError

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
TARGETS = {"titanic": "survived", "penguins": "species", "mpg": "mpg", "diamonds": "price"}
BUNDLED = ("breast_cancer", "wine", "diabetes", "iris")
MODELS = ("nncli", "trees", "linear", "sklearn MLP", "plain")


def main() -> None:
    """Parses the arguments, measures each table and prints."""
    arguments = _arguments()
    seeds = range(1, arguments.seeds + 1)
    tables = _tables(arguments)
    results: dict[str, dict[str, list[list[float]]]] = {}
    print(f"{'table':<22}{'rows':>7}" + "".join(f"{name:>20}" for name in MODELS) + "   seconds")
    for name, (path, target) in tables.items():
        # A new process for each table, since TensorFlow keeps the threads of its first network.
        with ProcessPoolExecutor(1) as process:
            try:
                rows, measured = process.submit(measure, path, target, list(seeds)).result()
            except RuntimeError as error:
                sys.exit(f"{name}: {error}")
        results[name] = measured
        print(_line(name, rows, measured), flush=True)
    print(_summary(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains csv")
    parser.add_argument("--tables", type=Path, help="folder with more tables, the target in the last column")
    parser.add_argument("--only", type=lambda text: text.split(","), help="comma-separated names; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="number of splits")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    return parser.parse_args()


def _tables(arguments: argparse.Namespace) -> dict[str, tuple[Path, str]]:
    """The path and target of each table by name; bundled tables are written to a temporary folder."""
    found = {name: (arguments.data / "csv" / f"{name}.csv", target) for name, target in TARGETS.items()}
    found = {name: table for name, table in found.items() if table[0].exists()}
    folder = Path(tempfile.mkdtemp(prefix="nncli-trees-"))
    found |= {name: _write_bundled(name, folder) for name in BUNDLED}
    for path in sorted(arguments.tables.glob("*.csv")) if arguments.tables else []:
        header = path.open(encoding="utf-8").readline().strip()
        found[path.stem] = (path, header.split(",")[-1].strip('"'))
    return {name: table for name, table in found.items() if not arguments.only or name in arguments.only}


def _write_bundled(name: str, folder: Path) -> tuple[Path, str]:
    """One of scikit-learn's tables as a CSV."""
    from sklearn import datasets

    bundled = getattr(datasets, f"load_{name}")()
    classes = list(getattr(bundled, "target_names", ()))
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*bundled.feature_names, "target"])
        for row, target in zip(bundled.data, bundled.target, strict=True):
            writer.writerow([*row, classes[target] if classes else target])
    return folder / f"{name}.csv", "target"


def measure(path: Path, target: str, seeds: list[int]) -> tuple[int, dict[str, list[list[float]]]]:
    """The number of rows, and by model [score, seconds] for each seed. Raises RuntimeError."""
    warnings.filterwarnings("ignore")
    try:
        with tempfile.TemporaryDirectory(prefix="nncli-trees-") as folder:
            config = Path(folder) / "table.yaml"
            pipeline.init(
                pipeline.InitRequest(str(path), targets=[target], output=str(config)),
                console=Console(stderr=io.StringIO()),
            )
            measured: dict[str, list[list[float]]] = {name: [] for name in MODELS}
            for seed in seeds:
                dataset = _dataset(config, seed)
                measured["nncli"].append(_nncli(config, seed, Path(folder) / f"runs{seed}", []))
                measured["plain"].append(_nncli(config, seed, Path(folder) / f"plain{seed}", _plain(dataset)))
                for name, model in _models(dataset, seed).items():
                    measured[name].append(_fit(model, dataset))
            return sum(dataset.facts.rows.values()), measured
    except NncliError as error:
        raise RuntimeError(f"{error.message}; {error.hint or 'no hint'}") from None


def _dataset(config: Path, seed: int) -> Dataset:
    from nncli.config.reading.loading import load_config

    return load(load_config(str(config)).config.data, seed=seed, data_dir=None, progress=lambda what, share: None)


def _nncli(config: Path, seed: int, runs: Path, options: list[Any]) -> list[float]:
    """[score on the test set, seconds of the whole training]."""
    started = time.perf_counter()
    console = Console(stderr=io.StringIO(), stdout=io.StringIO())
    run = pipeline.train(
        str(config),
        folders=pipeline.Folders(runs),
        console=console,
        options=[(("seed",), seed, f"seed {seed}"), *options],
    )
    seconds = time.perf_counter() - started
    found = pipeline.evaluate(str(run.folder.path), folders=pipeline.Folders(runs), console=console).result
    metrics = found["metrics"]
    return [next(metrics[name] for name in ("auc", "r2_score", "accuracy") if name in metrics), seconds]


def _plain(dataset: Dataset) -> list[Any]:
    """The options that turn the written config into a network of two dense layers on standardized numbers."""
    hidden = [{"dense": {"units": 64}}, {"dense": {"units": 64}}, {"output": {}}]
    return [
        (("data", "numbers"), {"encoding": "standard"}, "numbers"),
        (("model",), {"layers": hidden}, "model"),
    ]


def _models(dataset: Dataset, seed: int) -> dict[str, tuple[Any, Callable[[Dataset, Part], np.ndarray]]]:
    """The models of scikit-learn, each with the encoding of its inputs."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    is_regression = dataset.facts.target.task.is_regression
    numbers = len(dataset.facts.inputs.numbers)
    categories = list(range(numbers, numbers + len(dataset.facts.inputs.categories)))
    trees = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
    linear = Ridge() if is_regression else LogisticRegression(max_iter=1000)
    perceptron = MLPRegressor if is_regression else MLPClassifier
    return {
        "trees": (trees(categorical_features=categories, random_state=seed), _raw),
        "linear": (make_pipeline(StandardScaler(), linear), _one_hot),
        "sklearn MLP": (
            make_pipeline(StandardScaler(), perceptron(early_stopping=True, max_iter=500, random_state=seed)),
            _one_hot,
        ),
    }


def _fit(model: tuple[Any, Callable[[Dataset, Part], np.ndarray]], dataset: Dataset) -> list[float]:
    """[score on the test set, seconds]; fitted to the training and validation sets."""
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    estimator, encode = model
    started = time.perf_counter()
    inputs = np.concatenate([encode(dataset, part) for part in (dataset.train, dataset.validation)])
    targets = np.concatenate([part.targets.reshape(-1) for part in (dataset.train, dataset.validation)])
    estimator.fit(inputs, targets)
    seconds = time.perf_counter() - started
    truth, tested = dataset.test.targets.reshape(-1), encode(dataset, dataset.test)
    if dataset.facts.target.task is Task.BINARY:
        return [float(roc_auc_score(truth, estimator.predict_proba(tested)[:, 1])), seconds]
    score = r2_score if dataset.facts.target.task.is_regression else accuracy_score
    return [float(score(truth, estimator.predict(tested))), seconds]


def _raw(dataset: Dataset, part: Part) -> np.ndarray:
    """Numbers with NaN, then categories as whole numbers: (rows, columns)."""
    return np.concatenate(
        [part.inputs[name].astype(np.float64) for name in ("numbers", "categories") if name in part.inputs], 1
    )


def _one_hot(dataset: Dataset, part: Part) -> np.ndarray:
    """Numbers with missing ones replaced by the median, missing indicators, one-hot categories: (rows, columns)."""
    columns = []
    for index, column in enumerate(dataset.facts.inputs.numbers):
        values = part.inputs["numbers"][:, index].astype(np.float64)
        columns += [np.where(np.isnan(values), column.median, values)[:, None], np.isnan(values)[:, None]]
    for index, column in enumerate(dataset.facts.inputs.categories):
        columns.append(np.eye(len(column.vocabulary) + 1)[part.inputs["categories"][:, index]])
    return np.concatenate(columns, axis=1)


def _spread(values: list[list[float]]) -> tuple[float, float]:
    scores = [score for score, _ in values]
    return statistics.mean(scores), statistics.pstdev(scores)


def _line(name: str, rows: int, measured: dict[str, list[list[float]]]) -> str:
    """The results of a table."""
    cells = ["{:.4f} ± {:.4f}".format(*_spread(measured[model])) for model in MODELS]
    seconds = " ".join(f"{statistics.mean(second for _, second in measured[model]):.1f}" for model in MODELS)
    return f"{name:<22}{rows:>7,}" + "".join(f"{cell:>20}" for cell in cells) + f"   {seconds}"


def _summary(results: dict[str, dict[str, list[list[float]]]]) -> str:
    """For each other model, on how many tables nncli is ahead of it or within a standard deviation."""
    lines = []
    for other in MODELS[1:]:
        pairs = [(_spread(measured["nncli"]), _spread(measured[other])) for measured in results.values()]
        ahead = sum(ours[0] >= theirs[0] for ours, theirs in pairs)
        within = sum(theirs[0] > ours[0] >= theirs[0] - max(ours[1], theirs[1]) for ours, theirs in pairs)
        lines.append(f"against {other}: ahead on {ahead} of {len(pairs)} tables, within a deviation on {within} more")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
