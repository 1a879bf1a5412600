"""The trainings of a comparison, one after another in one process; does not depend on other processes."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nncli.config.reading.loading import LoadedConfig
from nncli.console import Console
from nncli.console.epochs import short_name
from nncli.data.dataset import Dataset
from nncli.errors import NncliError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare, read_data
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.record import recorded
from nncli.pipeline.training.train import train_into
from nncli.run.folder import RunFolder

_LONGEST_NAME = 60
# A name is cut down to this before the best epoch is left out of a line.
_SHORTEST_NAME = 16


@dataclass(frozen=True)
class Cell:
    """A variant trained with a seed."""

    variant: Variant
    seed: int

    def __str__(self) -> str:
        return f"seed {self.seed}  {self.variant.name}"

    def load(self, request: ComparisonRequest) -> LoadedConfig:
        """Its config with what all cells share."""
        return self.variant.load(request, self.seed)

    def make_folder(self, comparison: RunFolder) -> RunFolder:
        """A folder inside the comparison's, with `running` as its status."""
        return RunFolder.create(comparison.path, self.folder_name, kind="cell", stamped=False)

    @property
    def folder_name(self) -> str:
        """The name of its folder inside the comparison's."""
        return f"{_folder_name(self.variant.name)}-seed{self.seed}"


@dataclass
class DataSets:
    """Cells of one seed see the same rows. The shared ones are read once, of the others the last is kept."""

    folders: Folders
    shared: dict[str, Dataset] = field(default_factory=dict)
    last: dict[str, Dataset] = field(default_factory=dict)

    def get(self, loaded: LoadedConfig, console: Console) -> Dataset:
        """The data of a config with its seed."""
        key = _key(loaded)
        if key in self.shared:
            return self.shared[key]
        if key not in self.last:
            self.last.clear()  # one at a time is enough to hold
            self.last[key] = read_data(loaded.config, self.folders, console)
        return self.last[key]

    def share(self, loaded: LoadedConfig, console: Console) -> Dataset:
        """The same, kept for all that follows."""
        dataset = self.shared[_key(loaded)] = self.get(loaded, console)
        self.last.clear()
        return dataset

    @property
    def shared_bytes(self) -> int:
        """How large the shared ones are together."""
        parts = [part for each in self.shared.values() for part in (each.train, each.validation, each.test)]
        return sum(array.nbytes for part in parts for array in (*part.inputs.values(), part.targets))


class CellTrainer:
    """Trains cells, and keeps from each what the next of the same network can use again."""

    def __init__(self, request: ComparisonRequest, data: DataSets, console: Console) -> None:
        from nncli.engine.loop.program_cache import ProgramCache

        self._request, self._data, self._console, self._program_cache = request, data, console, ProgramCache()
        self._task: str | None = None

    def prepare(self, cell: Cell) -> Prepared:
        """Its resolved config with its data. Raises what `train` raises for them."""
        loaded = cell.load(self._request)
        return prepare(loaded, self._data.folders, self._console, self._data.get(loaded, self._console))

    def train(self, cell: Cell, folder: RunFolder, *, title: str = "") -> dict[str, Any]:
        """One training, shown as `title`; what it left, as `outcomes` reads it."""
        with suppress(NncliError):  # the record of the cell says why, and the others go on
            self._train(cell, folder, title or str(cell))
        return {**read_outcome(folder, cell.variant.name, cell.seed), "task": self._task}

    def _train(self, cell: Cell, folder: RunFolder, title: str) -> None:
        try:
            prepared = self.prepare(cell)
        except BaseException:  # Ctrl-C included: the cell's record says how it ended
            with recorded(folder):
                raise
        self._task = prepared.dataset.facts.target.task.value
        budget = self._request.budget
        terms = Terms(title, self._program_cache, training_seconds=budget.seconds if budget else None)
        train_into(folder, prepared, self._console, terms)


def _key(loaded: LoadedConfig) -> str:
    data = loaded.config.data
    seed = loaded.config.seed if data.split_seed is None else data.split_seed
    return f"{seed} {data.model_dump_json()}"


def _folder_name(variant: str) -> str:
    """A variant's name without what a file system may not take; a long one is cut and told apart by a sum."""
    name = re.sub(r"[^A-Za-z0-9_.=-]+", "_", variant)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(variant.encode()).hexdigest()[:8]}"


def report_cell(cell: Cell, outcome: Mapping[str, Any], variants: Sequence[Variant], console: Console) -> None:
    """Says in a line how a training ended; lines of one comparison align, and fit the terminal."""
    longest = max(len(variant.name) for variant in variants)
    seed = f"seed {cell.seed}"
    summary = outcome["summary"]
    if summary is None:
        console.warn(f"{seed}  {cell.variant.name}  {outcome['failure']}")
        return
    metric = MAIN_METRICS[summary["test"]["task"]]
    value = summary["test"]["metrics"][metric]
    score = f"test {short_name(metric)} {'undefined' if value is None else f'{value:.4f}'}"
    epoch = f"best epoch {summary['best_epoch']:>{len(str(summary['epochs']))}}/{summary['epochs']}"
    room = console.talk_width - len(f"{seed}    {score}  {epoch}")
    if room < min(longest, _SHORTEST_NAME):
        room, epoch = room + len(epoch) + 2, ""
    width = max(1, min(longest, room))
    console.say(f"{seed}  {_clip(cell.variant.name, width):<{width}}  {score}  {epoch}".rstrip())


def _clip(name: str, width: int) -> str:
    """The end of a name, which tells it from the others."""
    return name if len(name) <= width else f"..{name[len(name) - width + 2 :]}"
