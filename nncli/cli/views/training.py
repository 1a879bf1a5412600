"""How a finished training is shown: what it reached, where it lies, where the time went, what can be done next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nncli.cli.options import run_word
from nncli.cli.views.evaluation import metric_rows
from nncli.console import Console, make_table

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


def show_rates(console: Console, found: Any, name: str) -> None:
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
    lines: list[Any] = [make_table(None, ["part", "what", "seconds", "until"], rows, left=2)]
    if timings["to_first_batch"] is not None:
        lines.append(
            f"{timings['to_first_batch']:.2f} s from the start to the first batch, {timings['total']:.2f} s in all"
        )
    if timings["hidden"]:
        lines.append(f"{timings['hidden']:.2f} s of TensorFlow's import overlapped with reading the config and data")
    return lines


def show_reproduction(console: Console, reproduction: Any) -> None:
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


def _parting_lines(found: Any) -> list[str]:
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
