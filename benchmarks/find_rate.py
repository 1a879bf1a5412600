"""Compares trainings at the config's learning rate with those at the rate that `nncli train --find-lr` names.

    python benchmarks/find_rate.py --data ../shared/data --seeds 2

Prints for each config and seed both rates and, for each, the least validation loss and the epoch that had it. `--by`
takes other divisors of the rate with the least loss than the one that is used.
"""

import argparse
import io
import tempfile
from pathlib import Path

from nncli import pipeline
from nncli.console import Console
from nncli.engine.process import environment
from nncli.errors import TrainingDivergedError
from nncli.evaluate.health import rates
from nncli.pipeline.preparation import prepare
from nncli.pipeline.rates.finding import load_for_test, measure_losses
from nncli.pipeline.training.fitting import fit_model
from nncli.run.folder import RunFolder

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SILENT = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
CONFIGS = (
    "digits_softmax", "deep_relu", "digits_recurrent", "softmax_regression", "binary", "logistic_regression",
    "multilabel", "digits_30_15_2", "linear_regression", "positive_regression", "mnist_softmax",
)  # fmt: skip


def main() -> None:
    """Prints a line for each config and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--by", type=float, nargs="+", default=[rates.BELOW_LEAST])
    parser.add_argument("--configs", nargs="+", default=CONFIGS)
    given = parser.parse_args()
    environment.prepare(None)
    folders = pipeline.Folders(Path(tempfile.gettempdir()), given.data.resolve() / "tfds")
    for name in given.configs:
        for seed in range(1, given.seeds + 1):
            told = [f"{name:20} {seed}"]
            loaded = load_for_test(name, (), [(("seed",), seed, f"--seed {seed}")])
            tried, losses = measure_losses(prepare(loaded, folders, SILENT), SILENT)
            told.append(tell(name, seed, None, folders))
            for divisor in given.by:
                rates.BELOW_LEAST = divisor
                told.append(tell(name, seed, rates.choose_rate(tried, losses), folders))
            print("   ".join(told), flush=True)


def tell(name: str, seed: int, rate: float | None, folders: pipeline.Folders) -> str:
    """The rate and what a training at it reached; the config's own if it is None."""
    from nncli.config.reading.loading import load_config

    settings = [] if rate is None else [f"optimizer.learning_rate={rate}"]
    prepared = prepare(load_config(name, settings, [(("seed",), seed, f"--seed {seed}")]), folders, SILENT)
    used = prepared.config.optimizer.learning_rate
    with tempfile.TemporaryDirectory() as here:
        try:
            fitted = fit_model(RunFolder.create(Path(here), "run"), prepared, SILENT)
            fitted.watchers.flush()
        except TrainingDivergedError:
            return f"{used:<8} diverged"
    losses = [record["val_loss"] for record in fitted.history]
    return f"{used:<8} val_loss {min(losses):.4f} in epoch {losses.index(min(losses)) + 1}"


if __name__ == "__main__":
    main()
