"""Trains every shipped config with nncli and with the script that `nncli export --format script` writes of it.

    python benchmarks/export_scripts.py --data ../shared/data
    python benchmarks/export_scripts.py --only mnist_softmax,binary --json scripts.json

The script runs in a process of its own in which nncli cannot be imported. `within` says whether its test metric lies
in the 95 % interval of nncli's on the same test rows, widened by twice the deviation of nncli's metric over three
seeds. The exit code is 1 if one does not, or fails.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from accuracy import ROOT, SHARED
from lecture import chosen, in_order

from nncli.config.reading.shipped import shipped_names
from nncli.evaluate.main_metrics import MAIN_METRICS

SEEDS = (2, 3)  # beside the config's own
NO_NNCLI = "import sys; sys.modules['nncli'] = None; import runpy; sys.argv = sys.argv[1:]; "
NO_NNCLI += "runpy.run_path(sys.argv[0], run_name='__main__')"


def main() -> None:
    """Parses the arguments, trains and prints; exits with 1 if a script fails or ends elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains tfds")
    parser.add_argument("--only", type=chosen, default=in_order(set(shipped_names())), help="comma-separated names")
    parser.add_argument("--epochs", type=int, help="epochs of both, to try the benchmark")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.only:
        with tempfile.TemporaryDirectory(prefix="nncli-benchmark-") as folder:
            rows.append(measure(name, Path(folder), arguments.data.resolve() / "tfds", arguments.epochs))
        print(row_text(rows[-1]), file=sys.stderr, flush=True)
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    if not all(row["within"] for row in rows):
        sys.exit("a script ended outside the interval")


def measure(name: str, folder: Path, prepared: Path, epochs: int | None) -> dict[str, Any]:
    """One row of the results: the run's test metric with its interval, and the script's."""
    short = [] if epochs is None else ["--epochs", str(epochs)]
    started = time.monotonic()
    nncli(folder, prepared, "train", str(ROOT / "configs" / f"{name}.yaml"), *short)
    trained = time.monotonic() - started
    evaluation = nncli(folder, prepared, "eval")
    metric = MAIN_METRICS[evaluation["task"]]
    reached = [evaluation["metrics"][metric]]
    run, config = evaluation["run"], str(ROOT / "configs" / f"{name}.yaml")
    for seed in SEEDS:
        other = nncli(folder, prepared, "train", config, "--seed", str(seed), *short)
        reached.append(other["test"]["metrics"][metric])
    told = nncli(folder, prepared, "export", run, "--format", "script", "--output", f"{name}.py")
    started = time.monotonic()
    environment = {**os.environ, "TFDS_DATA_DIR": str(prepared), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": ""}
    command = [sys.executable, "-c", NO_NNCLI, f"{name}.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}.py failed: {done.stderr[-2000:]}")
    printed = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if len(line.split()) == 2}
    low, high = evaluation["intervals"][metric]
    spread, script = statistics.stdev(reached), float(printed[metric])
    return {
        "name": name,
        "source": evaluation["source"],
        "metric": metric,
        "nncli": evaluation["metrics"][metric],
        "interval": [low, high],
        "deviation": spread,
        "script": script,
        "within": low - 2 * spread <= script <= high + 2 * spread,
        "lines": told["lines"],
        "nncli_seconds": trained,
        "script_seconds": time.monotonic() - started,
    }


def nncli(folder: Path, prepared: Path, *words: str) -> Any:
    """The JSON answer of a command. Ends the benchmark where it fails."""
    environment = {**os.environ, "NNCLI_DATA_DIR": str(prepared), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nncli", *words, "--json", "--quiet"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"nncli {' '.join(words)} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def table(rows: list[dict[str, Any]]) -> str:
    """The results as a table."""
    head = f"{'config':<21}{'data':<18}{'metric':<10}{'nncli':>8}{'95 % interval':>19}{'deviation':>11}{'script':>9}"
    head += f"  {'within':<8}{'lines':>5}{'s':>8}{'s script':>10}"
    return "\n".join([head, *map(row_text, rows)])


def row_text(row: dict[str, Any]) -> str:
    """One row of the table."""
    between = f"{row['interval'][0]:.4f} to {row['interval'][1]:.4f}"
    within = "yes" if row["within"] else "no"
    return (
        f"{row['name']:<21}{row['source']:<18}{row['metric']:<10}{row['nncli']:>8.4f}{between:>19}"
        f"{row['deviation']:>11.4f}{row['script']:>9.4f}"
        f"  {within:<8}{row['lines']:>5}{row['nncli_seconds']:>8.1f}{row['script_seconds']:>10.1f}"
    )


if __name__ == "__main__":
    main()
