"""Takes a table that is larger than the memory it may have through `data`, `init`, `train`, `eval` and `predict`.

    python benchmarks/streaming.py --rows 5000000 --memory 2GB
    python benchmarks/streaming.py --only epoch --rows 2000000
    python benchmarks/streaming.py --only pandas --rows 1000000 --table table.csv
    python benchmarks/streaming.py --only arrays --rows 2000000 --memory 1GB

The table has 23 columns: 19 numbers, 3 categories, a target of two classes; 20 million rows are 2.8 GB of CSV. Each
command is a process of its own, whose peak of resident memory the system reports when it ends; `--memory` is what
nncli may take for free (NNCLI_MEMORY), so that it streams.

`epoch` trains one network on the same arrays in memory and streamed, in turns, and compares the seconds of an epoch.
`pandas` reads the table with pandas, encodes it, and trains the same network with Keras's `fit`.
`arrays` takes .npz archives of images and of numbers through `train`, `eval` and `predict` (see streaming_arrays.py).
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
from typing import Any, NamedTuple

import numpy as np
from streaming_arrays import measure_arrays

MIB = 1 << 20
NUMBERS, CATEGORIES = 19, (5, 25, 45)
BLOCK = 100_000

NETWORK = """
model: {layers: [{dense: {units: 64}}, {dense: {units: 32}}, {dense: {units: 1, activation: sigmoid}}]}
train: {epochs: 2, batch_size: 1024}
"""
CONFIG = f"""
name: streamed
data: {{source: csv, path: TABLE, target: y}}
{NETWORK}
"""
WITH_PANDAS = """
import json, sys, time
start = time.perf_counter()
import numpy as np, pandas as pd
from nncli.engine.process import environment
environment.prepare(2)
import keras
table = pd.read_csv(sys.argv[1], nrows=int(sys.argv[2]))
target = table.pop("y").to_numpy(np.float32)
numbers = table.select_dtypes("number")
numbers = (numbers - numbers.mean()) / numbers.std()
columns = pd.concat([numbers, pd.get_dummies(table.select_dtypes(exclude="number"), dtype=np.float32)], axis=1)
rows = columns.to_numpy(np.float32)
read = time.perf_counter() - start
model = keras.Sequential([keras.Input((rows.shape[1],)), *(keras.layers.Dense(n, "relu") for n in (64, 32)),
                          keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
begun = time.perf_counter()
model.fit(rows, target, epochs=2, batch_size=1024, verbose=0, validation_split=0.1)
print(json.dumps({"read_seconds": read, "fit_seconds": time.perf_counter() - begun}))
"""
EPOCHS = """
import json, sys
from pathlib import Path
import numpy as np
from nncli.engine.process import environment
environment.prepare(int(sys.argv[2]))
from nncli import model as models
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.engine.arrays import Arrays, Plan
from nncli.engine.loop.training import fit
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import prepare
from nncli.pipeline.training.examples import arrays_of

prepared = prepare(load_config(sys.argv[1]), Folders(Path("runs")), Console(quiet=True))
streamed, _ = arrays_of(prepared.config, prepared.dataset)
held = Arrays({name: np.array(array) for name, array in streamed.inputs.items()}, np.array(streamed.targets))
plan = Plan(epochs=int(sys.argv[3]), batch_size=int(sys.argv[4]), seed=1, executor="xla")

def train(arrays):
    model = models.build(prepared.config, prepared.dataset.facts)
    models.compile_model(model, prepared.config, prepared.dataset.facts)
    history = fit(model, arrays, None, plan)
    return [record["train_seconds"] for record in history[1:]], history[-1]["loss"]

found = {"streamed": [], "held": []}
loss = {}
for _ in range(int(sys.argv[5])):
    for name, arrays in (("held", held), ("streamed", streamed)):
        seconds, loss[name] = train(arrays)
        found[name] += seconds
print(json.dumps({"seconds": found, "loss": loss, "rows": len(streamed), "bytes": sum(a.nbytes for a in
    [*streamed.inputs.values(), streamed.targets])}))
"""


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="20,000,000 for the whole")
    parser.add_argument("--memory", default="2GB", help="what nncli may take for free memory")
    parser.add_argument("--table", type=Path, help="use this table, or write it there")
    parser.add_argument("--only", choices=("commands", "epoch", "pandas", "arrays"), nargs="*")
    parser.add_argument("--batch-size", type=int, nargs="*", default=[32, 1024], help="of `epoch`")
    parser.add_argument("--folder", type=Path, help="where the cache, runs and answers go; temporary by default")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args()
    parts = arguments.only or ("commands", "epoch", "pandas")
    with tempfile.TemporaryDirectory(prefix="nncli-streaming-", dir=arguments.folder) as temporary:
        folder = Path(temporary)
        table = arguments.table or folder / "table.csv"
        result: dict[str, Any] = {"rows": arguments.rows, "memory": arguments.memory}
        if set(parts) != {"arrays"}:
            if not table.exists():
                write_table(table, arguments.rows)
            result["bytes"] = table.stat().st_size
            print(f"{arguments.rows:,} rows, {result['bytes'] / 1e9:.2f} GB of CSV; memory {arguments.memory}")
        if "commands" in parts:
            result["commands"] = measure_commands(table, folder, arguments.memory, arguments.rows)
        if "epoch" in parts:
            result["epoch"] = measure_epoch(table, folder, arguments.batch_size)
        if "pandas" in parts:
            result["pandas"] = measure_pandas(table, arguments.rows)
        if "arrays" in parts:
            print(f"{arguments.rows:,} rows of arrays; memory {arguments.memory}")
            variables = _variables(folder, arguments.memory)
            result["arrays"] = measure_arrays(
                folder, arguments.rows, lambda words: run_command([sys.executable, "-m", "nncli", *words], variables)
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def write_table(path: Path, rows: int) -> None:
    """Writes the table block by block; the first rows of a longer one are those of a shorter one."""
    import pyarrow
    import pyarrow.csv

    generator = np.random.default_rng(0)
    words = [np.array([f"v{index}" for index in range(size)]) for size in CATEGORIES]
    options = [pyarrow.csv.WriteOptions(include_header=first) for first in (False, True)]
    with path.open("wb") as file:
        for start in range(0, rows, BLOCK):
            numbers = generator.normal(np.arange(NUMBERS), 2, (BLOCK, NUMBERS)).round(3)
            codes = [generator.integers(0, size, BLOCK) for size in CATEGORIES]
            score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] / 4 + (codes[1] % 5 - 2) * 0.7
            target = (score + generator.normal(0, 1, BLOCK) > 0.5).astype(int)
            columns = {f"n{index}": numbers[:, index] for index in range(NUMBERS)}
            columns |= {f"c{index}": each[code] for index, (each, code) in enumerate(zip(words, codes, strict=True))}
            block = pyarrow.table({**columns, "y": target}).slice(0, min(BLOCK, rows - start))
            pyarrow.csv.write_csv(block, file, write_options=options[start == 0])


def measure_commands(table: Path, folder: Path, memory: str, rows: int) -> list[dict[str, Any]]:
    """Seconds, seconds of the processor and peak bytes of each command, one after the other; the first that fails ends
    it."""
    (folder / "streamed.yaml").write_text(CONFIG.replace("TABLE", str(table.resolve())))
    runs = ["--runs-dir", str(folder / "runs")]
    commands = {
        "data": ["data", str(table), "--target", "y"],
        "init": ["init", str(table), "--target", "y", "--output", str(folder / "init.yaml")],
        "train": ["train", str(folder / "streamed.yaml"), *runs],
        "train again": ["train", str(folder / "streamed.yaml"), *runs],
        "eval": ["eval", *runs],
        "eval --data": ["eval", "--data", str(table), *runs],
        "predict": ["predict", str(table), *runs, "--output", str(folder / "answers.csv")],
    }
    variables = _variables(folder, memory)
    print(f"{'command':<14}{'seconds':>9}{'processor':>12}{'rows/s':>12}{'peak, MiB':>11}")
    measured = []
    for name, words in commands.items():
        done = run_command([sys.executable, "-m", "nncli", *words], variables)
        measured.append({"command": name, "seconds": done.seconds, "processor": done.processor, "peak": done.peak})
        print(
            f"{name:<14}{done.seconds:>9.1f}{done.processor:>12.1f}{rows / done.seconds:>12,.0f}"
            f"{done.peak / MIB:>11.0f}",
            flush=True,
        )
        if name == "eval":
            scores = [line for line in done.told.splitlines() if line.startswith(("accuracy  ", "auc  "))]
            print("\n".join(f"    {line}" for line in scores))
    return measured


def _variables(folder: Path, memory: str) -> dict[str, str]:
    return {**os.environ, "NNCLI_MEMORY": memory, "NNCLI_CACHE_DIR": str(folder / "cache")}


class Done(NamedTuple):
    """A command that has ended: its seconds, those of the processor (user and system), peak bytes, and stdout."""

    seconds: float
    processor: float
    peak: int
    told: str


def run_command(command: list[str], variables: dict[str, str]) -> Done:
    """Runs a command. Raises RuntimeError where it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=variables)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(
                f"{' '.join(command[2:5])} exited with {process.returncode}: {err.read().decode()[-800:]}"
            )
        told = out.read().decode()
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Done(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, peak, told)


def measure_epoch(table: Path, folder: Path, batch_sizes: list[int]) -> list[dict[str, Any]]:
    """Seconds of an epoch in memory and streamed, in turns in one process, and the ratio of their medians."""
    config = folder / "epoch.yaml"
    config.write_text(CONFIG.replace("TABLE", str(table.resolve())).replace("target: y", "target: y, memory: stream"))
    variables = {**os.environ, "NNCLI_CACHE_DIR": str(folder / "cache")}
    print(f"{'batch size':<12}{'in memory, s':>14}{'streamed, s':>13}{'ratio':>8}")
    measured = []
    for size in batch_sizes:
        words = [sys.executable, "-c", EPOCHS, str(config), "1", "3", str(size), "2"]
        told = run_command(words, variables).told
        found = json.loads(told.splitlines()[-1])
        held, streamed = (statistics.median(found["seconds"][name]) for name in ("held", "streamed"))
        measured.append({"batch_size": size, "ratio": streamed / held, **found})
        print(f"{size:<12}{held:>14.2f}{streamed:>13.2f}{streamed / held:>8.2f}", flush=True)
    print(f"{found['rows']:,} training rows, {found['bytes'] / 1e6:.0f} MB of arrays")
    return measured


def measure_pandas(table: Path, rows: int) -> dict[str, Any]:
    """Seconds and peak bytes of reading with pandas and two epochs of Keras's `fit`."""
    words = [sys.executable, "-c", WITH_PANDAS, str(table), str(rows)]
    seconds, _, peak, told = run_command(words, dict(os.environ))
    found = json.loads(told.splitlines()[-1])
    print(
        f"pandas and Keras's fit, {rows:,} rows: {seconds:.1f} s (reading {found['read_seconds']:.1f}, two epochs "
        f"{found['fit_seconds']:.1f}), peak {peak / MIB:.0f} MiB"
    )
    return {"seconds": seconds, "peak": peak, **found}


if __name__ == "__main__":
    main()
