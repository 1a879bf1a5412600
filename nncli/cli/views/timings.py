"""How the parts of a training's time look on a terminal; values in, a table and lines out."""

from collections.abc import Mapping
from typing import Any

from nncli.console import make_table

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
    "test": "the test set predicted and measured",
    "export": "weights.npz, model.keras, model.tflite",
    "plots": "curves.png",
    "other": "files, messages, everything else",
}


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
