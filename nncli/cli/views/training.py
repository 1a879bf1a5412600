"""How a finished training is shown: what it reached, where it lies, what can be done next."""

import shlex
from pathlib import Path
from typing import Any

from nncli.cli.options import run_word
from nncli.cli.views.evaluation import metric_rows
from nncli.cli.views.timings import timing_lines
from nncli.console import Console, make_table


def show_training(console: Console, run: Any, runs_dir: Path, *, timings: bool = False) -> None:
    """What a training reached, where it lies and what to do next; with `timings`, what took how long."""
    summary, folder = run.summary, run.folder.path
    kept, best = summary["kept_epoch"], summary["best_epoch"]
    stopped = f" ({summary['epochs_asked']} asked)" if summary["epochs"] < summary["epochs_asked"] else ""
    told = f"the best {summary['monitor']} is that of epoch {best}"
    lines: list[Any] = [
        make_table(None, ["test", "value", "baseline"], metric_rows(summary["test"])),
        f"baseline: {summary['test']['baseline']['predicts']}",
        console.wrap(f"weights: epoch {kept} of {summary['epochs']}{stopped}; {told}"),
        f"{summary['parameters']:,} parameters; {summary['seconds_per_epoch']:.3g} s an epoch",
        f"run: {folder}",
    ]
    answer = {"run": str(folder), **summary}
    if timings:
        answer["timings"] = run.timings
        lines += ["", *timing_lines(run.timings)]
    console.answer(answer, *lines)
    word = run_word(folder, runs_dir)
    console.suggest(
        [
            f"nncli eval {word}",
            f"nncli predict {run.example_input} --run {word}",
            f"look at {shlex.quote(str(folder / 'plots' / 'curves.png'))}",
        ]
    )
