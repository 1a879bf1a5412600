"""The first demonstrations: does the default network beat softmax regression, and does relu beat sigmoid in it?

    python benchmarks/first.py --seeds 8

Trains `digits_softmax` (what `nncli train` trains) beside `softmax_regression` on the same splits, and compares its
hidden activations as `nncli compare` does without arguments. Prints both tables with the paired differences.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nncli import pipeline
from nncli.cli.views.comparison import show_comparison
from nncli.console import Console


def main() -> None:
    """Prints the two comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as name:
        folders = pipeline.Folders(Path(name))
        console = Console(quiet=True)
        for configs in (["softmax_regression", "digits_softmax"], None):
            request = pipeline.ComparisonRequest.parse(configs, None, seeds)
            compared = pipeline.compare(request, folders=folders, console=console)
            show_comparison(console, compared, folders.runs_dir)
            print()


if __name__ == "__main__":
    main()
