"""Measures the configs that `nncli init` writes, unedited: the test metric over several seeds.

    python benchmarks/init.py --data ../shared/data
    python benchmarks/init.py --only titanic,mpg --seeds 10 --first 101

`nncli init` writes a config for each table, given only its target; it is trained and reported as in accuracy.py.
"""

import dataclasses
import io
import json
import sys
import tempfile
from pathlib import Path

from accuracy import Goal, describe, in_new_process, parse_arguments, table

from nncli import pipeline
from nncli.console import Console

TARGETS = {
    "titanic": ["survived"],
    "penguins": ["species"],
    "mpg": ["mpg"],
    "diamonds": ["price"],
    "emotions": ["amazed-suprised,happy-pleased,relaxing-calm,quiet-still,sad-lonely,angry-aggresive"],
}


def main() -> None:
    """Writes a config for each table, trains it and prints; exits with 1 if a goal is missed or training fails."""
    arguments = parse_arguments()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    rows = []
    with tempfile.TemporaryDirectory(prefix="nncli-init-") as folder:
        for goal in (goal for goal in arguments.only if goal.name in TARGETS):
            written = with_written_config(goal, arguments.data, Path(folder))
            try:
                values = in_new_process([written], seeds, arguments.data)
            except RuntimeError as error:
                sys.exit(f"{goal.name}: {error}")
            rows.append(describe(goal, [by_name[goal.name] for by_name in values]))
    print(table(rows, arguments.seeds))
    if arguments.json:
        arguments.json.write_text(json.dumps({"seeds": list(seeds), "rows": rows}, indent=2) + "\n")
    sys.exit(0 if rows and all(row["met"] for row in rows) else 1)


def with_written_config(goal: Goal, data: Path, folder: Path) -> Goal:
    """The goal, with the config that `nncli init` writes for its table."""
    source, output = data / "csv" / f"{goal.name}.csv", folder / f"{goal.name}.yaml"
    request = pipeline.InitRequest(str(source), targets=TARGETS[goal.name], output=str(output))
    pipeline.init(request, console=Console(stderr=io.StringIO()))
    return dataclasses.replace(goal, config=str(output))


if __name__ == "__main__":
    main()
