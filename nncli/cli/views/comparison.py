"""How a comparison is shown: a row a variant, and whether the difference means something."""

import shlex
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nncli.cli.options import run_word
from nncli.cli.views.numbers import show_number, show_spread
from nncli.console import Console, make_table


def show_comparison(console: Console, comparison: Any, runs_dir: Path, again: str) -> None:
    """A row a variant, and whether the difference means something; `again` compares over more seeds."""
    result = comparison.result
    columns = ["variant", f"test {result['metric']}", "s/epoch", "epochs to target", "parameters"]
    rows = [_variant_row(variant, len(result["seeds"])) for variant in result["variants"]]
    if len({row[-1] for row in rows}) == 1:  # the same for all: a column that tells nothing
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    lines: list[Any] = [make_table(None, columns, rows)]
    if result["target"] is not None:
        target = f"target: {result['watched']} {result['target']:.4f}; baseline {show_number(result['baseline'])}"
        lines.append(console.wrap(target))
    told = _difference_line(result["difference"], len(result["seeds"]))
    lines += [textwrap.fill(told, console.width, break_on_hyphens=False)] if told else []
    folder = comparison.folder.path
    console.answer(result, *lines, f"runs: {folder}")
    following = [f"look at {shlex.quote(str(folder / 'plots' / 'comparison.png'))}"]
    if comparison.best is not None:
        following.append(f"nncli eval {run_word(comparison.best, runs_dir)}")
    if result["difference"] is not None and not result["difference"]["equal"] and not result["difference"]["clear"]:
        following.append(again)
    console.suggest(following)


def _variant_row(variant: Mapping[str, Any], seeds: int) -> list[str]:
    epochs = variant["epochs_to_target"]
    reached = f"{epochs['median']:g}" if epochs["median"] is not None else "never"
    short = f" ({epochs['reached']} of {seeds})" if epochs["reached"] < seeds else ""
    diverged = f" ({variant['diverged']} diverged)" if variant["diverged"] else ""
    seconds = variant["seconds_per_epoch"]["mean"]
    return [
        variant["name"],
        show_spread(variant["test"]) + diverged,
        f"{seconds:.3g}" if seconds is not None else "-",
        reached + short,
        f"{variant['parameters']:,}" if variant["parameters"] is not None else "-",
    ]


def _difference_line(difference: Mapping[str, Any] | None, seeds: int) -> str | None:
    if difference is None:
        return None
    if difference["equal"]:
        return f"{difference['best']} and {difference['next']} are equal on every seed"
    if difference["clear"] is False:
        return f"no clear difference between {difference['best']} and {difference['next']}: {show_spread(difference)}"
    won = f"better on {difference['seeds_won']} of {seeds} seeds" if seeds > 1 else "one seed: this may be chance"
    return f"{difference['best']} is ahead of {difference['next']} by {show_spread(difference)}; {won}"
