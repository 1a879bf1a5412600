"""How a finished training is shown: what it reached, where it lies, where the time went, what can be done next; and
what was found out before one."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.cli.options import commands_to_look, run_word
from nncli.cli.views.evaluation import metric_rows
from nncli.cli.views.numbers import show_interval
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.rates.finding import RateSearch
    from nncli.pipeline.rehearsing.dry_run import DryRun
    from nncli.pipeline.rehearsing.overfit import Overfitted
    from nncli.pipeline.reproducing.reproduce import Reproduction
    from nncli.pipeline.reproducing.traces import Comparison
    from nncli.pipeline.training.train import TrainedRun

_MEANINGS = {
    "start": "Python and the command's own imports",
    "config": "the config read and checked",
    "data": "the data read, split and checked",
    "tensorflow": "waiting for the import of TensorFlow",
    "build": "the network and its variables",
    "trace": "the training step turned into graphs",
    "compile": "the graphs compiled",
    "first_batch": "tensors made, the first batch run",
    "training": "all other batches",
    "validation": "the validation set after each epoch",
    "health": "gradients and activations of the layers",
    "test": "the test set predicted and measured",
    "export": "weights.npz, model.keras, model.tflite",
    "plots": "curves.png",
    "verify": "some test rows predicted as nncli predict does",
    "other": "files, messages, everything else",
}
# What a test says about the network beside its baseline; how it was judged is told in nncli.evaluate.baseline.
_VERDICTS = {
    "better": "clearly better than the baseline",
    "unclear": "not clearly better than the baseline: this may be chance",
    "few": "too few rows to tell whether it is better than the baseline",
    "overconfident": "tells classes apart better than the baseline, but its probabilities are worse",
    "outliers": "closer than the baseline in most rows, but far off in a few",
    "nothing": "no better than the baseline",
}
# The verdict that is about what more epochs would bring.
_OFFER = "still-improving"
# Names of metrics in sentences.
_METRICS = {"accuracy": "accuracy", "r2_score": "R²"}


def show_training(console: Console, run: "TrainedRun", runs_dir: Path, *, timings: bool = False) -> None:
    """What a training reached, where it lies and what to do next; with `timings`, what took how long."""
    summary, folder = run.summary, run.folder.path
    kept, best = summary["kept_epoch"], summary["best_epoch"]
    stopped = f" ({summary['epochs_asked']} asked)" if summary["epochs"] < summary["epochs_asked"] else ""
    told = f"the best {summary['monitor']} is that of epoch {best}"
    lines: list[Any] = [
        make_table(["test", "value", "baseline"], metric_rows(summary["test"])),
        f"baseline: {summary['test']['baseline']['predicts']}",
        console.wrap(_certainty(summary["test"])),
        *(console.wrap(line) for line in _health_lines(summary["health"], folder)),
        console.wrap(f"weights: epoch {kept} of {summary['epochs']}{stopped}; {told}"),
        f"{summary['parameters']:,} parameters; {summary['seconds_per_epoch']:.3g} s an epoch",
        f"run: {folder}",
    ]
    answer = {"run": str(folder), **summary}
    if run.pictures:
        answer["pictures"] = {name: list(paths) for name, paths in run.pictures.items()}
    if timings:
        answer["timings"] = run.timings
        lines += ["", *timing_lines(run.timings)]
    console.answer(answer, *lines)
    console.suggest(_next_commands(run, runs_dir))


def _certainty(test: Mapping[str, Any]) -> str:
    """Between which values chance leaves the first metric, and whether the network is better than the baseline."""
    metric = next(iter(test["metrics"]))
    interval = (test.get("intervals") or {}).get(metric)
    verdict, baseline = test["judged"]["verdict"], test["baseline"]["metrics"].get(metric)
    if interval is None:
        return _VERDICTS[verdict]
    told = f"{metric} {show_interval(interval)} (95 %, {test['rows']:,} rows); "
    # Judged by the loss, which can tell more than the metric: with that interval beside it, it has to be said.
    if verdict == "better" and baseline is not None and interval[0] <= baseline <= interval[1]:
        return told + "by the loss, clearly better than the baseline"
    return told + _VERDICTS[verdict]


def _health_lines(verdicts: Sequence[Mapping[str, Any]], folder: Path) -> list[str]:
    """What is wrong with the training, that nothing is, or nothing where nobody looked."""
    if not verdicts:
        return ["health: nothing wrong"] if (folder / "health.jsonl").is_file() else []
    told = [
        each["rule"] + (f" since epoch {each['epoch']}" if each["epoch"] and each["rule"] != _OFFER else "")
        for each in verdicts
    ]
    return [f"health: {', '.join(told)} (nncli explain {verdicts[0]['rule']})"]


def _next_commands(run: "TrainedRun", runs_dir: Path) -> list[str]:
    """What can be done with the run; more epochs where they would help and can be trained."""
    summary, folder = run.summary, run.folder.path
    word = run_word(folder, runs_dir)
    commands = [f"nncli eval {word}", f"nncli predict {run.example_input} --run {word}"]
    improves = any(each["rule"] == _OFFER for each in summary["health"])
    if improves and (folder / "checkpoint.npz").is_file():
        commands.insert(0, f"nncli train --resume {word} --epochs {2 * summary['epochs']}")
    commands += commands_to_look(folder, runs_dir, folder / "plots" / "curves.png")
    return [*commands, *(f"look at {shlex.quote(path)}" for paths in run.pictures.values() for path in paths)]


def show_rates(console: Console, found: "RateSearch", name: str) -> None:
    """The losses over the learning rates as a chart, the named rate, what to do with it."""
    from nncli.console.chart import chart

    rates, smoothed = found.rates[: len(found.smoothed)], found.smoothed
    lines = []
    if smoothed:
        place = None if found.rate is None else sum(rate < found.rate for rate in rates) / len(rates)
        width = min(80, console.width)
        lines += chart(smoothed, width, top=2 * smoothed[0], mark=place)
        columns = min(len(smoothed), width - 10)
        left, right = f"{rates[0]:g}", f"{rates[-1]:.2g}"
        lines.append(" " * 9 + left + " " * max(1, columns - len(left) - len(right)) + right)
        lines.append(" " * 9 + "loss over the learning rate, smoothed; each batch has one rate")
    kind = "the highest rate of its schedule" if found.is_schedule else "its learning rate"
    if found.rate is None:
        lines.append(console.wrap("no learning rate: the loss hardly falls at any; look at the data and the network"))
    else:
        lines.append(f"learning rate: {found.rate:g}")
        lines.append(console.wrap(f"a tenth of the rate with the least loss; the config has {found.used:g} as {kind}"))
    lines.append(f"picture: {found.picture}")
    lines += [f"changed: {line}" for line in found.changes]
    console.answer(found.to_mapping(), *lines)
    if found.rate is not None:
        key = "optimizer.learning_rate" + (".initial_learning_rate" if found.is_schedule else "")
        setting = "" if found.changes else f" --set {key}={found.rate:g}"
        console.suggest([f"nncli train {shlex.quote(name)}{setting}"])


def timing_lines(timings: Mapping[str, Any]) -> list[Any]:
    """A table with the seconds of each part and of all up to its end, and a line for what was hidden."""
    rows, until = [], 0.0
    for name, seconds in timings["parts"].items():
        until += seconds
        rows.append([name.replace("_", " "), _MEANINGS.get(name, ""), f"{seconds:.2f}", f"{until:.2f}"])
    lines: list[Any] = [make_table(["part", "what", "seconds", "until"], rows, left=2)]
    if timings["to_first_batch"] is not None:
        lines.append(
            f"{timings['to_first_batch']:.2f} s from the start to the first batch, {timings['total']:.2f} s in all"
        )
    if timings["hidden"]:
        lines.append(f"{timings['hidden']:.2f} s of TensorFlow's import overlapped with reading the config and data")
    return lines


def show_reproduction(console: Console, reproduction: "Reproduction") -> None:
    """Whether a training that was repeated has the same bits, else where the two part and by how much."""
    found = reproduction.comparison
    if found.is_equal:
        lines = [f"bitwise equal: {found.epochs:,} epochs and {found.weights} arrays of weights"]
    else:
        lines = _parting_lines(found)
        lines += [f"different: {line}" for line in reproduction.differences]
        if not reproduction.differences:
            lines.append("data, config, versions, threads and processor are the same, so the bits should be equal")
    lines.append(f"run: {reproduction.original.path}, again: {reproduction.again.path}")
    console.answer(reproduction.to_mapping(), *(console.wrap(line) for line in lines))


def _parting_lines(found: "Comparison") -> list[str]:
    lines = []
    if found.first_epoch is not None:
        told = ", ".join(f"{name} {one} and {other}" for name, (one, other) in list(found.numbers.items())[:4])
        lines.append(f"not equal from epoch {found.first_epoch} on: {told}")
    if found.differing:
        lines.append(
            f"{len(found.differing)} of {found.weights} arrays of weights differ, by {found.largest:.3g} at most: "
            f"{', '.join(found.differing[:4])}"
        )
    return lines


def show_overfitted(console: Console, found: "Overfitted") -> None:
    """Whether the network can learn, in words, with what was switched off for it and what to try next."""
    name, attempt = found.attempts[-1]
    rows, metric = f"{found.rows} rows", _METRICS[found.metric]
    verdict = f"loss {attempt.first_loss:.3g} to {attempt.loss:.3g} in {attempt.steps:,} steps, {attempt.seconds:.1f} s"
    if found.learned:
        lines = [f"yes: the network learned {rows} by heart, {verdict} ({metric} {attempt.score:.4g})"]
    else:
        lines = [
            f"no: the network did not learn {rows} by heart, {verdict}: "
            f"{metric} {attempt.score:.4g}, expected {found.enough:.4g}"
        ]
    lines.append(
        f"optimizer: {name}" + (f"; before that, {found.attempts[0][0]} failed" if len(found.attempts) > 1 else "")
    )
    if found.switched_off:
        lines.append(f"switched off: {', '.join(found.switched_off)}")
    lines += found.notes
    if found.advice:
        lines.append(f"next: {found.advice}")
    console.answer(found.to_value(), *(console.wrap(line) for line in lines))


def show_dry_run(console: Console, found: "DryRun") -> None:
    """Time, memory and space that the training would need."""
    rows = [
        ["a step", describe_seconds(found.step_seconds)],
        ["an epoch, with validation", describe_seconds(found.epoch_seconds)],
        [f"all {found.epochs_asked} epochs, with start and export", describe_seconds(found.total_seconds)],
        ["memory, at most", "unknown" if found.peak_bytes is None else describe_size(found.peak_bytes)],
        ["run folder, at most", f"{describe_size(found.folder_bytes)} of {describe_size(found.free_bytes)} free"],
        *([name, describe_size(told) if isinstance(told, int) else "none"] for name, told in found.exports.items()),
    ]
    lines: list[Any] = [make_table(["the training would need", "estimate"], rows)]
    lines.append(f"times are estimated from {found.steps:,} steps, on {found.executor}")
    if found.can_stop_early:
        lines.append("early stopping may end it sooner")
    if found.verified is not None:
        proof = f"{found.verified['rows']} test rows, through {found.verified['through']}"
        lines.append(f"the exported model predicts as Keras does ({proof})")
    lines.append("everything works, from the data to the export; no run was left")
    console.answer(found.to_value(), *(line if not isinstance(line, str) else console.wrap(line) for line in lines))
    for name, told in found.exports.items():
        if isinstance(told, str):
            console.warn(f"{name}: {told}")


def describe_seconds(seconds: float) -> str:
    """Seconds as a person reads them: 12 ms, 3.4 s, 5 min."""
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def describe_size(size: int) -> str:
    """Bytes as a person reads them."""
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
