"""Puts the script of a run together."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import ImageInput, TableInput
from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.pipeline.exporting.script.calls import indent, write_value
from nncli.pipeline.exporting.script.data_code import write_data_code
from nncli.pipeline.exporting.script.member_code import MEMBERS
from nncli.pipeline.exporting.script.network_code import helper_lines, network_lines, starts_at_mean
from nncli.pipeline.exporting.script.table_code import bin_arrays
from nncli.pipeline.exporting.script.training_code import training_lines


@dataclass(frozen=True)
class Script:
    """The text of a script, the arrays of the .npz file that lies beside it, and the name of that file.

    The name has a sum of the arrays, so that a script never reads those of another.
    """

    text: str
    arrays: dict[str, np.ndarray]
    file: str


def write_script(config: Config, dataset: Dataset, *, name: str, monitor: str, mode: str) -> Script:
    """A script that trains the network of a resolved config on the same rows, with Keras and without nncli.

    `name` is the file's without its ending; `monitor` and `mode` (`min` or `max`) choose the best epoch. Raises
    ExportError for what a short script cannot say.
    """
    facts = dataset.facts
    data = write_data_code(config, dataset)
    parameters = [] if isinstance(facts.inputs, ImageInput) else ["x_train"]
    given = list(parameters)
    if starts_at_mean(facts):
        parameters.append("bias")
        given.append("y_train.mean(axis=0)")
    bins = bin_arrays(facts.inputs) if isinstance(facts.inputs, TableInput) else {}
    arrays = {**data.arrays, **bins}
    file = f"{name}-{_sum_of(arrays)}.npz"
    network = network_lines(config, facts)
    training = training_lines(config, facts, ", ".join(given), monitor=monitor, mode=mode)
    body = [
        f"ARRAYS = Path(__file__).with_name({write_value(file)})",
        f"EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else {config.train.epochs}",
        "",
        "",
        "def load_data():",
        *indent(['"""Inputs and targets of the training, validation and test set."""', *data.lines]),
        *helper_lines(config),
        *(["", "", *MEMBERS] if config.model.members > 1 else []),
        "",
        "",
        f"def make_model({', '.join(parameters)}):",
        *indent(['"""The network."""', *network]),
        "",
        "",
        "def main():",
        *indent(['"""Trains, keeps the weights of the best epoch, and measures them on the test set."""', *training]),
        "",
        "",
        'if __name__ == "__main__":',
        "    main()",
    ]
    head = [
        f'"""Trains the network of the config {config.name} with Keras alone: python {name}.py [EPOCHS]',
        "",
        f"{file}, beside this file, {data.description}.",
        '"""',
        "",
        *_imports(data.imports, "\n".join(body)),
        "",
    ]
    return Script("\n".join([*head, *body]) + "\n", arrays, file)


def _sum_of(arrays: Mapping[str, np.ndarray]) -> str:
    """The beginning of a sha256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name}/{array.dtype}/{array.shape}/".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def _imports(own: list[str], body: str) -> list[str]:
    """The imports that the code needs, in the order of formatters."""
    standard = ["import sys", "from pathlib import Path"]
    others = ["import keras", "import numpy as np", "import tensorflow as tf"]
    others += [line for line in own if line.startswith("import ")]
    parts = [part for part in ("layers", "ops") if f" {part}." in body or f"({part}." in body]
    others.append(f"from keras import {', '.join(parts)}")
    functions = [name for name in ("expit", "softmax") if f"{name}(model" in body]
    others += [f"from scipy.special import {', '.join(functions)}"] if functions else []
    others += ["from sklearn import metrics", *(line for line in own if line.startswith("from "))]
    return [*standard, "", *others]
