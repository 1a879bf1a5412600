"""From a config file to a resolved config and its data: everything that can be wrong before training starts."""

import os
import shlex
from dataclasses import dataclass

from nncli import data
from nncli.config.facts import DataFacts, ImageInput
from nncli.config.reading.loading import LoadedConfig
from nncli.config.rules import resolve
from nncli.config.sections import Config, Data
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.pipeline.folders import Folders


@dataclass(frozen=True)
class Prepared:
    """A config with nothing left open, and the data it is for."""

    config: Config
    dataset: Dataset


def example_input(data: Data, facts: DataFacts) -> str:
    """What stands for the input in a suggested `nncli predict`: IMAGE, or the table of the config, quoted."""
    if isinstance(facts.inputs, ImageInput):
        return "IMAGE"
    if data.path is None or data.source == "npz":
        return "TABLE"
    relative = os.path.relpath(data.path)
    return shlex.quote(relative if len(relative) < len(data.path) else data.path)


def prepare(loaded: LoadedConfig, folders: Folders, console: Console, dataset: Dataset | None = None) -> Prepared:
    """Reads the data (unless it is given) and resolves the config. Raises ConfigError, DataError, UnreachableError."""
    if dataset is None:
        dataset = read_data(loaded.config, folders, console)
    config, warnings = resolve(loaded, dataset.facts)
    for warning in warnings:
        console.warn(warning, once=True)
    return Prepared(config, dataset)


def read_data(config: Config, folders: Folders, console: Console, *, say_notes: bool = True) -> Dataset:
    """The data set of a config, split by its seed; says what was inferred, dropped or, loudly, replaced."""
    with console.step("reading data") as progress:
        dataset = data.load(config.data, seed=config.seed, data_dir=folders.data_dir, progress=progress)
    for position, note in enumerate(dataset.notes if say_notes else ()):
        is_fallback = position == 0 and dataset.facts.source != config.data.source
        (console.warn if is_fallback else console.say)(note, once=True)
    for warning in dataset.warnings:
        console.warn(warning, once=True)
    return dataset
