"""Splits a streamed table in every way, each in a process of its own, whose peak of resident memory is printed.

    python benchmarks/streaming_splits.py --rows 5000000

The table of `streaming.py`, with an id that a few rows share and a date before its columns; a hundredth of the rows
repeat an earlier one but for these. Nothing is trained: the arrays are written to the cache, and the sets counted.
`processor` are the seconds of the processor, `text` those of them in which the text is read.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from streaming import BLOCK, MIB, run_command, write_table

SPLITS = {
    "chance": {},
    "group": {"split": {"by": "group", "column": "id"}},
    "time": {"split": {"by": "time", "column": "day"}},
    "fold of chance": {"fold": {"of": 5, "test": 2}},
    "fold of groups": {"split": {"by": "group", "column": "id"}, "fold": {"of": 5, "test": 2}},
    "fold in time": {"split": {"by": "time", "column": "day"}, "fold": {"of": 5, "test": 2}},
    "own test set": {"test": "TABLE"},
    "drop": {"duplicates": "drop"},
    "together": {"duplicates": "together"},
}
# Rows of one id, on average.
PER_GROUP = 8
LOAD = """
import json, sys, time
from nncli.config.sections import Data
from nncli.data import load
from nncli.data.streaming import loading, memory
memory.SMALL = 0  # also a small table is read piece by piece
collect, reading = loading.collect, []

def timed(*given):
    start = time.process_time()
    try:
        return collect(*given)
    finally:
        reading.append(time.process_time() - start)

loading.collect = timed
options = json.loads(sys.argv[2])
data = Data.model_validate({"source": "csv", "path": sys.argv[1], "target": ["y"], "drop": ["id", "day"],
                            "memory": "stream", **options})
start, begun = time.perf_counter(), time.process_time()
dataset = load(data, seed=1, data_dir=None, progress=lambda what, share: None)
print(json.dumps({"seconds": time.perf_counter() - start, "reading": sum(reading), "all": time.process_time() - begun,
                  "rows": dataset.facts.rows}))
"""


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--table", type=Path, help="use this table, or write it there")
    parser.add_argument("--only", choices=tuple(SPLITS), nargs="*")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nncli-splits-") as temporary:
        table = arguments.table or Path(temporary) / "table.csv"
        if not table.exists():
            write_keyed_table(table, arguments.rows, Path(temporary))
        print(f"{arguments.rows:,} rows, {table.stat().st_size / 1e9:.2f} GB of CSV")
        print(f"{'split':<16}{'seconds':>9}{'processor':>11}{'text':>7}{'peak, MiB':>11}", end="")
        print(f"{'train':>13}{'validation':>13}{'test':>13}")
        for name in arguments.only or SPLITS:
            options = json.dumps(SPLITS[name]).replace("TABLE", str(table))
            with tempfile.TemporaryDirectory(prefix="cache-", dir=temporary) as cache:
                variables = {**os.environ, "NNCLI_CACHE_DIR": cache}
                _, _, peak, told = run_command([sys.executable, "-c", LOAD, str(table), options], variables)
            found = json.loads(told)
            counts = "".join(f"{found['rows'][part]:>13,}" for part in ("train", "validation", "test"))
            seconds = f"{found['seconds']:>9.1f}{found['all']:>11.1f}{found['reading']:>7.1f}"
            print(f"{name:<16}{seconds}{peak / MIB:>11.0f}{counts}", flush=True)


def write_keyed_table(path: Path, rows: int, folder: Path) -> None:
    """Writes the table of `streaming.py` with an id and a date before each row, and some rows again."""
    plain = folder / "plain.csv"
    write_table(plain, rows)
    generator = np.random.default_rng(1)
    days = np.datetime_as_string(np.datetime64("2015-01-01") + np.arange(3_650))
    with plain.open() as source, path.open("w") as target:
        target.write(f"id,day,{next(source)}")
        kept = ""
        for start in range(0, rows, BLOCK):
            size = min(BLOCK, rows - start)
            ids = generator.integers(0, max(1, rows // PER_GROUP), size).tolist()
            dates = days[generator.integers(0, len(days), size)].tolist()
            repeated = (generator.random(size) < 0.01).tolist()
            for number, day, is_repeated in zip(ids, dates, repeated, strict=True):
                line = next(source)
                kept = kept if is_repeated and kept else line
                target.write(f"K{number},{day},{kept}")
    plain.unlink()


if __name__ == "__main__":
    main()
