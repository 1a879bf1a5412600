"""How results look on a terminal; values in, tables and lines out."""

from collections.abc import Mapping, Sequence
from typing import Any

from nncli.cli.views.timings import timing_lines
from nncli.console import Console, make_table


def show_training(console: Console, run: Any, *, timings: bool = False) -> None:
    """What a training reached, where it lies and what to do next; with `timings`, what took how long."""
    summary, folder = run.summary, run.folder.path
    kept, best = summary["kept_epoch"], summary["best_epoch"]
    stopped = f" ({summary['epochs_asked']} asked)" if summary["epochs"] < summary["epochs_asked"] else ""
    lines: list[Any] = [
        make_table(None, ["test", "value", "baseline"], _metric_rows(summary["test"])),
        f"baseline: {summary['test']['baseline']['predicts']}",
        f"weights: epoch {kept} of {summary['epochs']}{stopped}; the best {summary['monitor']} is that of epoch {best}",
        f"{summary['parameters']:,} parameters; {summary['seconds_per_epoch']:.3g} s an epoch",
        f"run: {folder}",
    ]
    answer = {"run": str(folder), **summary}
    if timings:
        answer["timings"] = run.timings
        lines += ["", *timing_lines(run.timings)]
    console.answer(answer, *lines)


def show_evaluation(console: Console, evaluation: Any) -> None:
    """Metrics beside the baseline, the classes, the confusion matrix where it fits a screen, the worst rows."""
    result = evaluation.result
    parts: list[Any] = [make_table(None, ["metric", "value", "baseline"], _metric_rows(result))]
    positive = f"; positive class: {result['classes'][1]['name']}" if result["task"] == "binary" else ""
    parts.append(f"{result['rows']:,} rows; baseline: {result['baseline']['predicts']}{positive}")
    parts += [f"{name}: {reason}" for name, reason in result["undefined"].items()]
    for key in ("classes", "labels", "targets"):
        if result.get(key):
            parts += ["", _detail_table(key, result[key])]
    if 2 <= len(result.get("confusion_matrix", ())) <= 12:
        parts += ["", _confusion_table(result)]
    if result["worst"]:
        parts += ["", _worst_table(result["worst"][:5])]
    parts.append(f"written: {evaluation.run.folder.path}/evaluation")
    console.answer(result, *parts)


def show_comparison(console: Console, comparison: Any) -> None:
    """A row a variant, and whether the difference means something."""
    result = comparison.result
    columns = ["variant", f"test {result['metric']}", "s/epoch", "epochs to target", "parameters"]
    rows = [_variant_row(variant, len(result["seeds"])) for variant in result["variants"]]
    if len({row[-1] for row in rows}) == 1:  # the same for all: a column that tells nothing
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    lines: list[Any] = [make_table(None, columns, rows)]
    if result["target"] is not None:
        lines.append(f"target: {result['watched']} {result['target']:.4f}; baseline {_number(result['baseline'])}")
    lines += [line for line in [_difference_line(result["difference"], len(result["seeds"]))] if line]
    console.answer(result, *lines, f"runs: {comparison.folder.path}")


def _metric_rows(measured: Mapping[str, Any]) -> list[list[str]]:
    baseline = measured["baseline"]["metrics"]
    return [[name, _number(value), _number(baseline.get(name))] for name, value in measured["metrics"].items()]


def _detail_table(title: str, entries: Sequence[Mapping[str, Any]]) -> Any:
    columns = list(entries[0])
    rows = [[_number(entry[name]) if name != "name" else str(entry[name]) for name in columns] for entry in entries]
    return make_table(None, [title if name == "name" else name for name in columns], rows)


def _confusion_table(result: Mapping[str, Any]) -> Any:
    names = [entry["name"] for entry in result["classes"]]
    rows = [[name, *map(str, counts)] for name, counts in zip(names, result["confusion_matrix"], strict=True)]
    return make_table(None, ["true \\ predicted", *names], rows)


def _worst_table(worst: Sequence[Mapping[str, Any]]) -> Any:
    place = "file" if "file" in worst[0] else "row"
    rows = [[str(w[place]), _answer(w["true"]), _answer(w["predicted"]), _number(w["loss"])] for w in worst]
    return make_table(None, [f"worst {place}", "true", "predicted", "loss"], rows, left=3)


def _variant_row(variant: Mapping[str, Any], seeds: int) -> list[str]:
    epochs = variant["epochs_to_target"]
    reached = f"{epochs['median']:g}" if epochs["median"] is not None else "never"
    short = f" ({epochs['reached']} of {seeds})" if epochs["reached"] < seeds else ""
    diverged = f" ({variant['diverged']} diverged)" if variant["diverged"] else ""
    seconds = variant["seconds_per_epoch"]["mean"]
    return [
        variant["name"],
        _spread(variant["test"]) + diverged,
        f"{seconds:.3g}" if seconds is not None else "-",
        reached + short,
        f"{variant['parameters']:,}" if variant["parameters"] is not None else "-",
    ]


def _difference_line(difference: Mapping[str, Any] | None, seeds: int) -> str | None:
    if difference is None:
        return None
    if difference["mean"] == 0:
        return f"{difference['best']} and {difference['next']} are equal"
    if difference["clear"] is False:
        return f"no clear difference between {difference['best']} and {difference['next']}: {_spread(difference)}"
    won = f"better on {difference['seeds_won']} of {seeds} seeds" if seeds > 1 else "one seed: it may be chance"
    return f"{difference['best']} is ahead of {difference['next']} by {_spread(difference)}; {won}"


def _spread(values: Mapping[str, Any]) -> str:
    if values["mean"] is None:
        return "-"
    deviation = f" ± {values['deviation']:.4f}" if values["deviation"] is not None else ""
    return f"{values['mean']:.4f}{deviation}"


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.6g}"


def _answer(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_answer(item) for item in value) or "(none)"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
