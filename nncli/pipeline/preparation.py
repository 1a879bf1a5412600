"""From a config file to a resolved config and its data: everything that can be wrong before training starts."""

import os
import shlex
from dataclasses import dataclass

from nncli import data
from nncli.config.describing.annotating import describe_origin
from nncli.config.describing.origins import DEFAULT, trace_origins
from nncli.config.facts import DataFacts, ImageInput
from nncli.config.reading.document import format_path
from nncli.config.reading.loading import LoadedConfig
from nncli.config.resolve import choose_missing
from nncli.config.rules import resolve
from nncli.config.sections import STREAMED, Config, Data
from nncli.config.stack import stack_layers
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.pipeline.folders import Folders
from nncli.pipeline.training.examples import require_streamable


@dataclass(frozen=True)
class Prepared:
    """A config with nothing left open, and the data it is for."""

    config: Config
    dataset: Dataset
    loaded: LoadedConfig | None = None

    def origins(self) -> dict[str, str]:
        """For each value of the config that is no default, by its dotted key, where it comes from: `net.yaml:9`,
        `command line (--set a=b)`, `inferred from data`."""
        if self.loaded is None:
            return {}
        facts = self.dataset.facts
        rows = stack_layers(choose_missing(self.loaded.config, facts), facts.inputs.shape)
        traced = trace_origins(self.loaded, self.config, [row.index for row in rows])
        return {format_path(each.path): describe_origin(each.origin) for each in traced if each.origin != DEFAULT}

    @property
    def is_fold(self) -> bool:
        """Whether the test set is a fold of the rows, whose predictions are kept."""
        return self.config.data.fold is not None and self.config.data.fold.test != "none"


def example_input(data: Data, facts: DataFacts) -> str:
    """What stands for the input in a suggested `nncli predict`: IMAGE, or the table of the config, quoted."""
    if isinstance(facts.inputs, ImageInput):
        return "IMAGE"
    if data.path is None or data.source == "npz":
        return "TABLE"
    relative = os.path.relpath(data.path)
    return shlex.quote(relative if len(relative) < len(data.path) else data.path)


def prepare(loaded: LoadedConfig, folders: Folders, console: Console, dataset: Dataset | None = None) -> Prepared:
    """Reads the data (unless it is given) and resolves the config. Raises ConfigError, DataError, UnreachableError, and
    UsageError for settings that streamed data does not allow."""
    if dataset is None:
        dataset = read_data(loaded.config, folders, console)
    config, warnings = resolve(loaded, dataset.facts)
    for warning in warnings:
        console.warn(warning, once=True)
    require_streamable(config, dataset)
    return Prepared(with_memory(config, dataset), dataset, loaded)


def with_memory(config: Config, dataset: Dataset) -> Config:
    """The config that says how its data was read, since rows that are streamed are split otherwise."""
    if config.data.memory != "auto" or config.data.source not in STREAMED:
        return config
    memory = "stream" if dataset.is_streamed else "all"
    return config.model_copy(update={"data": config.data.model_copy(update={"memory": memory})})


def read_data(config: Config, folders: Folders, console: Console, *, say_notes: bool = True) -> Dataset:
    """The data set of a config, split by its seed; says what was inferred, dropped or, loudly, replaced."""
    with console.step("reading data") as progress:
        dataset = data.load(
            config.data,
            seed=config.seed,
            data_dir=folders.data_dir,
            progress=progress,
            say=lambda told: console.say(told, once=True),
        )
    for position, note in enumerate(dataset.notes if say_notes else ()):
        is_fallback = position == 0 and dataset.facts.source != config.data.source
        (console.warn if is_fallback else console.say)(note, once=True)
    for warning in dataset.warnings:
        console.warn(warning, once=True)
    return dataset
