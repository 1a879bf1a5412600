"""How an evaluation is shown: metrics, classes, confusion matrix, the worst examples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.options import commands_to_look, run_word
from nncli.cli.views.classes.confusion import class_parts, confusion_parts
from nncli.cli.views.numbers import show_answer, show_interval, show_number
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.predicting.evaluate import Evaluation

_MOST_COLUMNS = 12


def show_evaluation(console: Console, evaluation: "Evaluation", runs_dir: Path) -> None:
    """Metrics beside the baseline, the classes, the confusion matrix as far as it fits, the worst rows."""
    result = evaluation.result
    parts: list[Any] = _seen_lines(result)
    parts.append(_metric_table(result))
    positive = f"; positive class: {result['classes'][1]['name']}" if result["task"] == "binary" else ""
    parts.append(f"{result['rows']:,} rows; baseline: {result['baseline']['predicts']}{positive}")
    parts += [f"{name}: {reason}" for name, reason in result["undefined"].items()]
    if result["thresholds"]:
        parts += _threshold_lines(result["thresholds"])
    if "calibration" in result:
        parts.append(f"expected calibration error: {result['calibration']['expected_calibration_error']:.4f}")
    if result["offered"]:
        better, log_loss = result["offered"]["expected_calibration_error"], result["offered"]["log_loss"]
        parts.append(f"with `nncli eval --calibrate`: {better:.4f}, and log loss {log_loss:.4f}")
    if result["references"]:
        parts += ["", *_reference_lines(result["references"], result["rows"])]
    if result["importance"] and "columns" in result["importance"]:
        parts += ["", *_importance_table(result["importance"])]
    parts += _unlike_lines(result)
    if result["by"]:
        parts += ["", _group_table(result["by"], next(iter(result["metrics"])))]
    for key in ("classes", "labels", "targets"):
        if result.get(key):
            parts += ["", *class_parts(key, result[key], _detail_table)]
    if matrix := result.get("confusion_matrix"):
        parts += ["", *confusion_parts(console, [entry["name"] for entry in result["classes"]], matrix)]
    if result["worst"]:
        parts += ["", _worst_table(result["worst"][:5])]
    if result["verified"]:
        parts += ["", _verified_line(result["verified"])]
    folder = evaluation.run.folder.path
    if evaluation.is_written:
        parts.append(f"written: {folder}/evaluation")
    console.answer(result, *parts)
    pictures = sorted((folder / "evaluation").glob("*.png"))
    given = evaluation.example_input
    console.suggest(
        [
            *commands_to_look(folder, runs_dir, *pictures),
            f"nncli predict {given} --run {run_word(folder, runs_dir)}",
        ]
    )


def _threshold_lines(thresholds: Mapping[str, float]) -> list[str]:
    """Lines about classes with a threshold other than one half."""
    told = [f"{name} above {value:.3g}" for name, value in thresholds.items() if value != 0.5]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return [f"predicted by thresholds from the validation set: {', '.join(told[:3])}{more}"]


def _reference_lines(references: Mapping[str, Any], rows: int) -> list[str]:
    """In words how far the network is ahead of each other model, or that it is not."""
    metric = references["metric"]
    some = references.get("compared_on", rows)
    where = f" on {some:,} of the rows" if some < rows else ""
    lines = [f"{metric} of other models{where}, and the difference from it (95 % interval):"]
    for model in references["models"]:
        if model["difference"] is None or model["interval"] is None:
            continue
        name = f"{model['name']} ({show_number(model['value'])})"
        size = f"{show_number(abs(model['difference']))}"
        low, high = model["interval"]
        if model["verdict"] == "behind":
            lines.append(f"  behind {name} by {size} ({show_interval((-high, -low))})")
        elif model["verdict"] == "ahead":
            lines.append(f"  beats {name} by {size} ({show_interval((low, high))})")
        else:
            lines.append(f"  not clearly different from {name}: {show_interval((low, high))}")
        if model["rows"] < references["fitted_to"]:
            lines[-1] += f"; it saw {model['rows']:,} rows"
    return lines if len(lines) > 1 else []


def _seen_lines(result: Mapping[str, Any]) -> list[Any]:
    """How many of the rows the run had before, first of all, as it decides what the scores mean."""
    seen = result["seen"]
    if seen is None or not seen["training"] + seen["validation"]:
        return []
    told = [f"{seen['training']:,} of {result['rows']:,} rows were in the training set"]
    if seen["validation"]:
        told.append(f"{seen['validation']:,} in the validation set")
    others = result["rows"] - seen["training"] - seen["validation"]
    rest = "no row is new to the run" if not others else f"{others:,} are new; only their score counts"
    return [f"{', '.join(told)}; {rest}"]


def _unlike_lines(result: Mapping[str, Any]) -> list[Any]:
    """How often a test set, which is like the training set, is called unlike it; or how much of other data is."""
    unlike = result["unlike_training"]
    if unlike is None or not (unlike["rows"] or result["part"] == "test"):
        return []
    falsely = " (false alarms on a test set)" if result["part"] == "test" else ""
    return [f"unlike training: {unlike['rows']:,} of {result['rows']:,} rows, {unlike['share']:.1%}{falsely}"]


def _verified_line(verified: Mapping[str, Any]) -> str:
    rows, largest = f"{verified['rows']:,}", f"{verified['largest_difference']:.1e}"
    told = f"predict agrees with Keras on all {rows} test rows, read from {verified['through']}"
    return f"verified: {told}; largest difference {largest}"


def _metric_table(result: Mapping[str, Any]) -> Any:
    new = result["new_rows"]
    if new is None:
        spread = [show_interval(result["intervals"].get(name)) for name in result["metrics"]]
        rows = [
            [name, value, between, guess]
            for (name, value, guess), between in zip(metric_rows(result), spread, strict=True)
        ]
        return make_table(["metric", "value", "95 % interval", "baseline"], rows)
    rows = [
        [
            name,
            show_number(new["metrics"].get(name)),
            show_interval(new["intervals"].get(name)),
            show_number(new["baseline"].get(name)),
            show_number(value),
        ]
        for name, value in result["metrics"].items()
    ]
    return make_table(["metric", "new rows", "95 % interval", "baseline", "all rows"], rows)


def metric_rows(measured: Mapping[str, Any]) -> list[list[str]]:
    """A row for each metric: its name, its value, that of the baseline."""
    baseline = measured["baseline"]["metrics"]
    return [[name, show_number(value), show_number(baseline.get(name))] for name, value in measured["metrics"].items()]


def _importance_table(importance: Mapping[str, Any]) -> list[Any]:
    """The most important columns; what is not clearly above zero is as good as a column of random numbers."""
    columns = importance["columns"]
    shown = columns[:_MOST_COLUMNS]
    rows = [
        [c["name"], f"{c['importance']:.4f}", f"{c['deviation']:.4f}", "" if c["clear"] else "not clearly above 0"]
        for c in shown
    ]
    table = make_table(["column shuffled", f"fall of {importance['metric']}", "deviation", ""], rows)
    left = len(columns) - len(shown)
    return [table, f"and {left} less important columns"] if left else [table]


def _group_table(by: Mapping[str, Any], metric: str) -> Any:
    """The first metric of the task for each value of a column; the others are in the JSON."""
    rows = [
        [
            group["name"],
            f"{group['rows']:,}",
            show_number(group["metrics"][metric]),
            show_interval(group["intervals"].get(metric)),
            show_number(group["baseline"].get(metric)),
        ]
        for group in by["groups"]
    ]
    return make_table([by["column"], "rows", metric, "95 % interval", "baseline"], rows)


def _detail_table(title: str, entries: Sequence[Mapping[str, Any]]) -> Any:
    columns = list(entries[0])
    rows = [[show_number(entry[name]) if name != "name" else str(entry[name]) for name in columns] for entry in entries]
    return make_table([title if name == "name" else name for name in columns], rows)


def _worst_table(worst: Sequence[Mapping[str, Any]]) -> Any:
    place = "file" if "file" in worst[0] else "row"
    rows = [[str(w[place]), show_answer(w["true"]), show_answer(w["predicted"]), show_number(w["loss"])] for w in worst]
    return make_table([f"worst {place}", "true", "predicted", "loss"], rows, left=3)
