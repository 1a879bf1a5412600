"""The story of a check: config and data, the pairing rules, the network as rows of shapes; no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass

from nncli.config.resolve import choose_missing
from nncli.config.sections import Config
from nncli.config.stack import StackRow, stack_layers
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.pipeline.places import Places
from nncli.pipeline.preparation import load, prepare


@dataclass(frozen=True)
class CheckedNetwork:
    """A config that can be trained, its data, and what each layer takes and gives."""

    config: Config
    dataset: Dataset
    rows: list[StackRow]


def check(name: str, *, places: Places, console: Console, assignments: Sequence[str] = ()) -> CheckedNetwork:
    """Validates a config against its data. Raises ConfigError, DataError, UnreachableError."""
    loaded = load(name, assignments)
    prepared = prepare(loaded, places, console)
    facts = prepared.dataset.facts
    # The layers as the user wrote them, so that a Flatten that was put in is shown as such.
    rows = stack_layers(choose_missing(loaded.config, facts), facts.inputs.shape)
    return CheckedNetwork(prepared.config, prepared.dataset, rows)
