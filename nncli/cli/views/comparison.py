"""How a comparison is shown: a row a variant, which is better than which, and what was not equal for all."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.options import commands_to_look, run_word
from nncli.cli.views.numbers import show_number, show_spread
from nncli.console import Console, make_table
from nncli.console.intervals import interval_rows
from nncli.console.sparkline import sparkline

if TYPE_CHECKING:
    from nncli.pipeline.comparing.conclusion import Comparison

_INDENT = "  "
_TIED = "\N{NO-BREAK SPACE}"  # a blank at which a line is not broken
_MOST_KEYS, _LONGEST_VALUE = 12, 24
_FEWEST_EPOCHS, _MOST_BARS = 4, 60


def show_comparison(console: Console, comparison: "Comparison", runs_dir: Path, again: str | None = None) -> None:
    """A row a variant and a verdict on each pair with the best; `again` compares over more seeds."""
    result = comparison.result
    lines: list[Any] = [_table(result)]
    if result["target"] is not None:
        target = f"target: {result['watched']} {result['target']:.4f}; baseline {show_number(result['baseline'])}"
        lines.append(console.wrap(target))
    lines += _curve_lines(comparison, console.width)
    lines += [_fill(line, console.width) for line in (*comparison.notes, *_verdict_lines(result))]
    lines += _interval_lines(result, comparison.names, console.width)
    if any("=" not in variant["name"] for variant in result["variants"]):  # whole configs or runs
        lines += _differing_table(result["differing"])
    folder = comparison.folder.path
    console.answer(result, *lines, f"runs: {folder}")
    for line in comparison.warnings:
        console.warn(line)
    following = commands_to_look(folder, runs_dir, folder / "plots" / "comparison.png")
    if comparison.best is not None:
        following.append(f"nncli eval {run_word(comparison.best, runs_dir)}")
    open_ends = [each for each in result["verdicts"] or () if each["verdict"] in ("unclear", "one_seed")]
    if again is not None and comparison.is_trained and open_ends:
        following.append(again)
    console.suggest(following)


def _fill(line: str, width: int) -> str:
    """A line broken at spaces, its continuation indented as it is."""
    indent = _INDENT if line.startswith(_INDENT) else ""
    filled = textwrap.fill(line.replace(" %", f"{_TIED}%"), width, break_on_hyphens=False, subsequent_indent=indent)
    return filled.replace(_TIED, " ")


def _table(result: Mapping[str, Any]) -> Any:
    """A row a variant; columns that are the same for all, or that tell nothing of two, are left out."""
    columns = ["variant", f"test {result['metric']}", "s/epoch", "epochs to target"]
    rows = [_variant_row(variant, len(result["seeds"])) for variant in result["variants"]]
    sizes = [variant["parameters"] for variant in result["variants"]]
    if len(set(sizes)) > 1:
        columns.append("parameters")
        rows = [[*row, f"{size:,}" if size is not None else "-"] for row, size in zip(rows, sizes, strict=True)]
    ranks = [variant["rank"] for variant in result["variants"]]
    if len(ranks) > 2 and len(result["seeds"]) > 1 and all(ranks):
        columns.append("rank")
        rows = [[*row, _show_rank(rank)] for row, rank in zip(rows, ranks, strict=True)]
    return make_table(columns, rows)


def _show_rank(rank: tuple[int, int]) -> str:
    """`2`, or `1-3` where it is not distinguishable from others."""
    return str(rank[0]) if rank[0] == rank[1] else f"{rank[0]}-{rank[1]}"


def _variant_row(variant: Mapping[str, Any], seeds: int) -> list[str]:
    epochs = variant["epochs_to_target"]
    reached = f"{epochs['median']:g}" if epochs["median"] is not None else "never"
    short = f" ({epochs['reached']} of {seeds})" if epochs["reached"] < seeds else ""
    ended = "".join(f" ({variant[how]} {how})" for how in ("diverged", "failed") if variant[how])
    seconds = variant["seconds_per_epoch"]["mean"]
    return [
        variant["name"],
        show_spread(variant["test"]) + ended,
        f"{seconds:.3g}" if seconds is not None else "-",
        reached + short,
    ]


def _verdict_lines(result: Mapping[str, Any]) -> list[str]:
    """The question, the best variant against each other one, and what the rows alone say."""
    verdicts, question = result["verdicts"], result["question"]
    if verdicts is None:
        return ["no verdict: the variants saw different data"]
    lines = []
    tested = any(each["p"] is not None for each in verdicts)
    if tested and question is not None:
        pairs = len(result["variants"]) * (len(result["variants"]) - 1) // 2
        corrected = f", corrected for {pairs} pairs (Holm)" if pairs > 1 else ""
        lines.append(f"question: {question['text']}{corrected}")
    for each in verdicts:
        lines.append(each["text"])
        if each["row_text"] is not None and each["verdict"] != "identical":
            lines.append(f"{_INDENT}{each['row_text']}; decides nothing")
    return lines


def _curve_lines(comparison: "Comparison", width: int) -> list[str]:
    """The watched metric over the epochs, a row of bars a variant on one scale; none where there are few epochs."""
    curves: Mapping[str, Sequence[float]] = comparison.curves
    finite = [value for curve in curves.values() for value in curve if math.isfinite(value)]
    if len(curves) < 2 or not finite or max(map(len, curves.values())) < _FEWEST_EPOCHS:
        return []
    names = {name: comparison.names[name] for name in curves}
    ends = {name: f"{curve[0]:.4g} to {curve[-1]:.4g}" for name, curve in curves.items()}
    longest = max(len(name) for name in names.values())
    room = width - longest - max(map(len, ends.values())) - 2 * len(_INDENT) - 2
    if room < _FEWEST_EPOCHS:
        return []
    limits = min(finite), max(finite)
    lines = [f"{comparison.result['watched']} over the epochs, mean of the trainings:"]
    for name, curve in curves.items():
        bars = sparkline(curve, min(room, _MOST_BARS), limits=limits)
        lines.append(f"{_INDENT}{names[name]:<{longest}}  {bars}  {ends[name]}")
    return lines


def _interval_lines(result: Mapping[str, Any], names: Mapping[str, str], width: int) -> list[str]:
    """The differences from the best variant with their intervals, where there are several to look at."""
    verdicts = [each for each in result["verdicts"] or () if each["interval"]]
    if len(verdicts) < 2:
        return []
    rows = {names[each["other"]]: (each["interval"][0], each["mean"], each["interval"][1]) for each in verdicts}
    lines = interval_rows(rows, min(width, _MOST_BARS + 2 * len(_INDENT)) - len(_INDENT))
    told = f"{names[verdicts[0]['best']]} minus each other one, with 95 % intervals (│: none):"
    return [told, *(f"{_INDENT}{line}" for line in lines)] if lines else []


def _differing_table(differing: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """The keys whose values differ, a column a variant; none where nothing does."""
    if not differing:
        return []
    names = list(next(iter(differing.values())))
    rows = [[key, *(_show_value(values[name]) for name in names)] for key, values in differing.items()]
    more = [f"and {len(rows) - _MOST_KEYS} more keys: comparison.json"] if len(rows) > _MOST_KEYS else []
    return [make_table(["differing key", *names], rows[:_MOST_KEYS]), *more]


def _show_value(value: Any) -> str:
    """As YAML has it, cut where it is long."""
    text = {None: "-", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    text = text or (f"{value:g}" if isinstance(value, float) else str(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 2]}.."
