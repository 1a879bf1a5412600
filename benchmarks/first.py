"""Measures the first demonstrations: does the default network beat softmax regression, and relu beat sigmoid?

    python benchmarks/first.py --seeds 8
    python benchmarks/first.py --seeds 8 --candidates

Trains `digits_softmax` (the default of `nncli train`) and `softmax_regression` on the same splits, and compares hidden
activations like `nncli compare` without arguments. Prints both tables with the paired differences. `--candidates` also
trains other sizes and learning rates: choose by the validation set, report the test set.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nncli import pipeline
from nncli.cli.views.comparison import show_comparison
from nncli.console import Console
from nncli.run import files

HIDDEN = ((32,), (64,), (64, 32), (128, 64), (256,), (256, 128), (128, 128, 128))
RATES = ("0.001", "0.003")


def main() -> None:
    """Prints the two comparisons, and the candidates if requested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--candidates", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = pipeline.Folders(Path(name))
        console = Console(quiet=True)
        results = []
        for configs in (["softmax_regression", "digits_softmax"], None):
            request = pipeline.ComparisonRequest.parse(configs, None, arguments.seeds)
            compared = pipeline.compare(request, folders=folders, console=console)
            show_comparison(console, compared, folders.runs_dir)
            print()
            results.append(compared.result)
        if arguments.candidates:
            print_candidates(results[0]["variants"][0]["test"]["values"], folders, console)


def print_candidates(plain: list[float], folders: pipeline.Folders, console: Console) -> None:
    """A line for each size and learning rate: means over the seeds, and the lead over softmax regression (`plain`)."""
    axes = ["model.layers=" + ",".join(map(layers_of, HIDDEN)), "optimizer.learning_rate=" + ",".join(RATES)]
    request = pipeline.ComparisonRequest.parse(["digits_softmax"], axes, len(plain))
    variants = pipeline.compare(request, folders=folders, console=console).result["variants"]
    print("hidden        rate   val_loss  val_accuracy    test  lead over softmax_regression")
    for (hidden, rate), variant in zip(itertools.product(HIDDEN, RATES), variants, strict=True):
        best = [read_best(Path(run)) for run in variant["runs"]]
        loss, accuracy = (statistics.fmean(record[key] for record in best) for key in ("val_loss", "val_accuracy"))
        leads = [own - other for own, other in zip(variant["test"]["values"], plain, strict=True)]
        lead = f"{statistics.fmean(leads):+.4f} ± {statistics.stdev(leads):.4f}"
        won = f"{sum(lead > 0 for lead in leads)} of {len(leads)} seeds"
        size = "-".join(map(str, hidden))
        print(f"{size:12} {rate}     {loss:.4f}        {accuracy:.4f}  {variant['test']['mean']:.4f}  {lead}, {won}")


def layers_of(hidden: tuple[int, ...]) -> str:
    """The value of `model.layers` for hidden layers of these sizes."""
    sizes = "".join(f"{{dense: {{units: {units}}}}}, " for units in hidden)
    return f"[{sizes}{{dense: {{units: 10, activation: softmax}}}}]"


def read_best(run: Path) -> dict[str, Any]:
    """The best epoch of a training."""
    best: dict[str, Any] = json.loads((run / files.SUMMARY).read_text())["best"]
    return best


if __name__ == "__main__":
    main()
