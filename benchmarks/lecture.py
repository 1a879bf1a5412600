"""Measures each network of the lecture: every config under configs/, fully trained, compared with its baseline.

    python benchmarks/lecture.py --data ../shared/data
    python benchmarks/lecture.py --only deep_sigmoid,deep_relu --json lecture.json

The folder contains MNIST as prepared by tensorflow-datasets in `tfds/`. Without MNIST, a config's fallback is used; the
column `data` names the data set actually used. The exit code is 1 if a training fails.
"""

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

from accuracy import ROOT, SHARED, errors_as_text, new_process

from nncli import pipeline
from nncli.config.reading.shipped import shipped_names
from nncli.console import Console
from nncli.evaluate.main_metrics import MAIN_METRICS

# The order of the lecture; other configs come last.
ORDER = (
    "logistic_regression",
    "gradient_descent",
    "digits_30_15_2",
    "linear_regression",
    "positive_regression",
    "binary",
    "deep_sigmoid",
    "deep_relu",
    "shapes_circles",
    "shapes_spirals",
    "softmax_regression",
    "digits_softmax",
    "mnist_probabilities",
    "mnist_softmax",
    "multilabel",
    "mnist_sigmoid_adam",
    "mnist_cnn",
    "digits_recurrent",
    "mnist_vit",
)


def main() -> None:
    """Parses the arguments, trains and prints; exits with 1 if training fails."""
    arguments = parse_arguments()
    rows, failures = [], []
    for name in arguments.only:
        try:
            rows.append(measure(name, arguments.data.resolve()))
        except RuntimeError as error:
            failures.append(f"{name}: {error}")
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "failures": failures}, indent=2) + "\n")
    if failures:
        sys.exit("\n".join(failures))


def parse_arguments() -> argparse.Namespace:
    """Parses the command line; `only` becomes names of configs in the lecture's order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains tfds")
    parser.add_argument("--only", type=chosen, default=in_order(set(shipped_names())), help="comma-separated names")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    return parser.parse_args()


def in_order(names: set[str]) -> list[str]:
    """The names in the order of the lecture."""
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def chosen(text: str) -> list[str]:
    """The configs with these names. Raises argparse.ArgumentTypeError."""
    names = {name.strip() for name in text.split(",")}
    unknown = names.difference(shipped_names())
    if unknown:
        raise argparse.ArgumentTypeError(f"got {', '.join(sorted(unknown))}; choose from {', '.join(shipped_names())}")
    return in_order(names)


def measure(name: str, data: Path) -> dict[str, Any]:
    """One row of the results, from training in a separate process. Raises RuntimeError."""
    with new_process() as (executor, runs):
        row = executor.submit(train, name, data, runs).result()
    print(f"{name}: {row['metric']} {row['test']:.4f}", file=sys.stderr, flush=True)
    return row


def train(name: str, data: Path, runs: Path) -> dict[str, Any]:
    """Trains a config with its own seed; returns the numbers of its run. Raises RuntimeError."""
    prepared, talk = data / "tfds", io.StringIO()
    folders = pipeline.Folders(runs, prepared if prepared.is_dir() else None)
    with errors_as_text():
        run = pipeline.train(
            str(ROOT / "configs" / f"{name}.yaml"), folders=folders, console=Console(stdout=talk, stderr=talk)
        )
    summary = run.summary
    metric = MAIN_METRICS[summary["test"]["task"]]
    return {
        "name": name,
        "source": run.folder.record["data"]["source"],
        "metric": metric,
        "test": summary["test"]["metrics"][metric],
        "baseline": summary["test"]["baseline"]["metrics"][metric],
        "epochs": summary["epochs"],
        "seconds_per_epoch": summary["seconds_per_epoch"],
        "parameters": summary["parameters"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The results as a table."""
    lines = [
        f"{'config':<21}{'data':<18}{'metric':<10}{'test':>7}{'baseline':>10}{'epochs':>8}{'s/epoch':>9}{'parameters':>12}"
    ]
    for row in rows:
        lines.append(
            f"{row['name']:<21}{row['source']:<18}{row['metric']:<10}{row['test']:>7.4f}{row['baseline']:>10.4f}"
            f"{row['epochs']:>8}{row['seconds_per_epoch']:>9.3g}{row['parameters']:>12,}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
