"""How an ensemble is shown: its score beside those of its members, and whether the gain is sure."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.options import run_word
from nncli.cli.views.evaluation import metric_rows
from nncli.cli.views.numbers import show_interval, show_number
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.ensembling.ensemble import Ensemble

_SURE = {"ahead": "sure", "behind": "surely a loss", "unclear": "not sure"}


def show_ensemble(console: Console, made: "Ensemble", runs_dir: Path) -> None:
    """A row for each seed and one for all together, the gain with its interval, and what to do next."""
    found, folder = made.summary["ensemble"], made.folder.path
    rows = [[f"seed {seed}", show_number(value)] for seed, value in zip(found["seeds"], found["singles"], strict=True)]
    rows.append(["all together", show_number(found["value"])])
    lines: list[Any] = [make_table([found["variant"], f"test {found['metric']}"], rows), ""]
    lines.append(make_table(["test", "value", "baseline"], metric_rows(made.summary["test"])))
    lines += [console.wrap(_describe_gain(found["over_mean"], "the mean of its members"))]
    lines += [console.wrap(_describe_gain(found["over_best"], "the best of them"))]
    shared, tested = found["shared_rows"], found["test_rows"]
    lines.append(
        console.wrap(
            f"{shared:,} test rows" + (f", those of {tested:,} that all seeds share" if shared < tested else "")
        )
    )
    lines.append(f"run: {folder}")
    console.answer({"run": str(folder), **made.summary}, *lines)
    word = run_word(folder, runs_dir)
    console.suggest([f"nncli eval {word}", f"nncli predict {made.example_input} --run {word}"])


def _describe_gain(difference: Mapping[str, Any], what: str) -> str:
    value = "undefined" if difference["value"] is None else f"{difference['value']:+.4f}"
    interval = show_interval(difference["interval"])
    return f"gain over {what}: {value} (95 %: {interval}), {_SURE[difference['verdict']]}"
