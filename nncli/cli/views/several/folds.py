"""How trainings by folds are shown: each metric's mean and deviation, and the network trained on all rows."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.options import run_word
from nncli.cli.views.numbers import show_number, show_spread
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.folding.training import FoldedRun

_HOW = {
    "random": "rows dealt by chance",
    "group": "whole groups of {}",
    "time": "in order of {}, each tested on what follows",
}


def show_folded(console: Console, folded: "FoldedRun", runs_dir: Path) -> None:
    """The metrics over the folds beside those of all their predictions, a line a fold, and what to do next."""
    found, folder = folded.folds, folded.run.folder.path
    whole = found["out_of_fold"]
    rows = [
        [
            name,
            show_spread(spread),
            show_number(whole["metrics"][name]),
            show_number(whole["baseline"]["metrics"][name]),
        ]
        for name, spread in found["metrics"].items()
    ]
    columns = [f"{found['folds']} folds", "mean ± deviation", "all rows", "baseline"]
    lines: list[Any] = [make_table(columns, rows), f"baseline: {whole['baseline']['predicts']}", ""]
    lines.append(make_table(["fold", "trained", "tested", f"test {found['metric']}", "epoch"], _fold_rows(found)))
    how = _HOW[found["by"]].format(found["column"])
    untested = f"; {found['untested_rows']:,} tested in none" if found["untested_rows"] else ""
    lines.append(console.wrap(f"folds: {how}; {found['tested_rows']:,} rows tested{untested}"))
    lines.append(console.wrap(f"final network: all rows, {found['epochs']} epochs, the median of the folds"))
    lines.append(f"run: {folder}")
    console.answer({"run": str(folder), **folded.run.summary, "folds": found}, *lines)
    word = run_word(folder, runs_dir)
    console.suggest(
        [
            f"nncli predict {folded.run.example_input} --run {word}",
            f"look at {shlex.quote(str(folder / 'folds.json'))}",
        ]
    )


def _fold_rows(found: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            str(each["fold"]),
            f"{each['rows']['train']:,}",
            f"{each['rows']['test']:,}",
            show_number(each["metrics"][found["metric"]]),
            f"{each['kept_epoch']}/{each['epochs']}",
        ]
        for each in found["each"]
    ]
