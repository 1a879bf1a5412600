"""The story of a check: config and data, the pairing rules, the network as rows of shapes; no TensorFlow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.describing.annotating import annotate, to_values
from nncli.config.describing.origins import trace_origins
from nncli.config.facts import DataFacts
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.resolve import choose_missing, insert_flatten
from nncli.config.rules import describe, find, unapplied_rules
from nncli.config.sections import Config
from nncli.config.stack import StackRow, stack_layers
from nncli.console import Console
from nncli.errors import ConfigError, DataError, UnreachableError
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import read_data


@dataclass(frozen=True)
class CheckedNetwork:
    """A config in which no mistake was found, and its network; without data, facts and shapes are not known.

    `config` has everything that could be chosen; `rows` has each layer with its shapes, None without data.
    """

    loaded: LoadedConfig
    config: Config
    facts: DataFacts | None
    rows: list[StackRow] | None
    warnings: list[str]
    unapplied: list[str]

    def origins(self) -> tuple[str, dict[str, dict[str, Any]]]:
        """The resolved config with the origin of every value: as annotated YAML, and as {path: {value, origin}}."""
        layers = range(len(self.config.model.layers)) if self.rows is None else [row.index for row in self.rows]
        traced = trace_origins(self.loaded, self.config, layers)
        return annotate(traced), to_values(traced)


def check(name: str, *, folders: Folders, console: Console, assignments: Sequence[str] = ()) -> CheckedNetwork:
    """Validates a config against its data.

    Data that cannot be reached is a warning that names the rules that were not applied. Raises ConfigError with
    every mistake, DataError for data that cannot be used as it is (after the config's own mistakes).
    """
    loaded = load_config(name, assignments)
    return judge(loaded, lambda config: read_data(config, folders, console).facts, console)


def judge(loaded: LoadedConfig, read: Callable[[Config], DataFacts], console: Console) -> CheckedNetwork:
    """The same for a config that is loaded already; `read` gives the facts of its data, or raises as `read_data`."""
    facts = _facts(loaded, read, console)
    refused, warnings = describe(loaded, find(loaded, facts))
    if refused:
        raise ConfigError(refused)
    for warning in warnings:
        console.warn(warning, once=True)
    if facts is None:
        return CheckedNetwork(loaded, loaded.config, None, None, warnings, unapplied_rules())
    chosen = choose_missing(loaded.config, facts)
    rows = stack_layers(chosen, facts.inputs.shape)
    return CheckedNetwork(loaded, insert_flatten(chosen, facts), facts, rows, warnings, [])


def _facts(loaded: LoadedConfig, read: Callable[[Config], DataFacts], console: Console) -> DataFacts | None:
    """The facts of the data; None, with a warning, if it cannot be reached."""
    try:
        return read(loaded.config)
    except UnreachableError as error:
        console.warn(error.message)
        _say_unapplied(console)
        return None
    except DataError as error:
        refused, _ = describe(loaded, find(loaded, None))
        _say_unapplied(console)
        if refused:
            raise ConfigError([*refused, error.message], hint=error.hint) from None
        raise


def _say_unapplied(console: Console) -> None:
    console.warn(f"without the data these rules were not applied: {', '.join(unapplied_rules())}")
