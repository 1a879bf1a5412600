"""How a comparison is shown: a row a variant, and whether the difference means something."""

import math
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nncli.cli.options import run_word
from nncli.cli.views.numbers import show_number, show_spread
from nncli.console import Console, make_table

_MORE_SEEDS = 3


def show_comparison(console: Console, comparison: Any, runs_dir: Path) -> None:
    """A row a variant, and whether the difference means something."""
    result = comparison.result
    columns = ["variant", f"test {result['metric']}", "s/epoch", "epochs to target", "parameters"]
    rows = [_variant_row(variant, len(result["seeds"])) for variant in result["variants"]]
    if len({row[-1] for row in rows}) == 1:  # the same for all: a column that tells nothing
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    lines: list[Any] = [make_table(None, columns, rows)]
    if result["target"] is not None:
        lines.append(f"target: {result['watched']} {result['target']:.4f}; baseline {show_number(result['baseline'])}")
    told = _difference_line(result["difference"], len(result["seeds"]))
    lines += [textwrap.fill(told, console.width, break_on_hyphens=False)] if told else []
    folder = comparison.folder.path
    console.answer(result, *lines, f"runs: {folder}")
    following = [f"look at {shlex.quote(f'{folder}/plots/comparison.png')}"]
    best = _best_run(result["variants"])
    if best is not None:
        following.append(f"nncli eval {run_word(best, runs_dir)}")
    if len(result["seeds"]) == 1 and result["difference"] is not None:
        following.append(f"the same with --seeds {_MORE_SEEDS}, to tell a difference from chance")
    console.suggest(following)


def _best_run(variants: Sequence[Mapping[str, Any]]) -> Path | None:
    """A finished training of the variant with the best mean; of the first one where no mean is defined."""
    finished = [variant for variant in variants if _finished(variant)]
    if not finished:
        return None
    means = [variant["test"]["mean"] for variant in finished]
    best = max(range(len(finished)), key=lambda place: -math.inf if means[place] is None else means[place])
    return _finished(finished[best])[0]


def _finished(variant: Mapping[str, Any]) -> list[Path]:
    return [Path(run) for run in variant["runs"] if (Path(run) / "summary.json").is_file()]


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
    won = f"better on {difference['seeds_won']} of {seeds} seeds" if seeds > 1 else "one seed: it may be chance"
    return f"{difference['best']} is ahead of {difference['next']} by {show_spread(difference)}; {won}"
