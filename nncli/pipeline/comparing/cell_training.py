"""The trainings of a comparison, one after another in one process; does not depend on other processes."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from nncli.config.reading.loading import LoadedConfig
from nncli.console import Console
from nncli.console.epochs import short_name
from nncli.data.dataset import Dataset
from nncli.errors import NncliError, TrainingDivergedError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.pipeline.comparing.outcomes import read_outcome
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare, read_data
from nncli.pipeline.training.continuing.checkpoint import Resumed, discard_checkpoint, load_checkpoint
from nncli.pipeline.training.planning import Engine, Terms
from nncli.pipeline.training.record import recorded
from nncli.pipeline.training.train import train_into
from nncli.run import files
from nncli.run.folder import RunFolder, now

# Says how a cell ended, from what it left.
Report = Callable[["Cell", Mapping[str, Any]], None]
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
        """A folder inside the comparison's, with the status `running`: that of the stopped training, if it left a
        state.

        The caller has checked that the training can continue from that state.
        """
        stopped = RunFolder(comparison.path / self.folder_name)
        if stopped.file(files.CHECKPOINT).exists():
            stopped.write_record(status="running", ended=None, reason=None)
            return stopped
        return RunFolder.create(comparison.path, self.folder_name, kind="cell", stamped=False)

    @property
    def mark(self) -> str:
        """What distinguishes it from the other cells of its variant."""
        return f"seed {self.seed}"

    @property
    def folder_name(self) -> str:
        """The name of its folder inside the comparison's."""
        return f"{_folder_name(self.variant.name)}-seed{self.seed}"


@dataclass
class DataSets:
    """The data sets of cells, the same for all cells of a seed: shared ones are read once, of the others the last is
    kept.

    Notes on the data are printed unless `says_notes` is false.
    """

    folders: Folders
    shared: dict[str, Dataset] = field(default_factory=dict)
    last: dict[str, Dataset] = field(default_factory=dict)
    says_notes: bool = True

    def get(self, loaded: LoadedConfig, console: Console) -> Dataset:
        """The data of a config with its seed."""
        key = data_key(loaded)
        if key in self.shared:
            return self.shared[key]
        if key not in self.last:
            self.last.clear()  # one at a time is enough to hold
            self.last[key] = read_data(loaded.config, self.folders, console, say_notes=self.says_notes)
        return self.last[key]

    def share(self, loaded: LoadedConfig, console: Console) -> Dataset:
        """The same, kept for all that follows."""
        dataset = self.shared[data_key(loaded)] = self.get(loaded, console)
        self.last.clear()
        return dataset

    @property
    def shared_bytes(self) -> int:
        """How large the shared ones are together."""
        parts = [part for each in self.shared.values() for part in (each.train, each.validation, each.test)]
        return sum(array.nbytes for part in parts for array in (*part.inputs.values(), part.targets))


class CellTrainer:
    """Trains cells; keeps the compiled program of one for the next with the same network."""

    def __init__(self, request: ComparisonRequest, data: DataSets, console: Console) -> None:
        from nncli.engine.loop.program_cache import ProgramCache

        self.data = data
        self._request, self._console, self._program_cache = request, console, ProgramCache()
        self._task: str | None = None

    def prepare(self, cell: Cell) -> Prepared:
        """Its resolved config with its data. Raises what `train` raises for them."""
        loaded = cell.load(self._request)
        return prepare(loaded, self.data.folders, self._console, self.data.get(loaded, self._console))

    def train(self, cell: Cell, engine: Engine, folder: RunFolder, *, title: str = "") -> dict[str, Any]:
        """One training, shown as `title`; what it left, as `outcomes` reads it."""
        with suppress(NncliError):  # the record of the cell says why, and the others go on
            self._train(cell, engine, folder, title or str(cell))
        return {**read_outcome(folder, cell.variant.name, cell.seed), "task": self._task}

    def _train(self, cell: Cell, engine: Engine, folder: RunFolder, title: str) -> None:
        try:
            prepared = self.prepare(cell)
        except BaseException:  # Ctrl-C included: the cell's record says how it ended
            with recorded(folder):
                raise
        self._task = prepared.dataset.facts.target.task.value
        try:
            train_into(folder, prepared, self._console, self._terms(folder, title, engine))
        except TrainingDivergedError:
            discard_checkpoint(folder)
            raise

    def _terms(self, folder: RunFolder, title: str, engine: Engine) -> Terms:
        """The terms of a training; of one that was stopped, with the state to continue from and the seconds that are
        left."""
        budget = self._request.budget
        seconds = budget.seconds if budget else None
        terms = Terms(title=title, program_cache=self._program_cache, engine=engine, training_seconds=seconds)
        state = load_checkpoint(folder)
        if state is None:
            return terms
        resumed = [*folder.record.get("resumed", []), {"at": now(), "epochs": state.epochs}]
        folder.write_record(resumed=resumed)
        terms = replace(terms, resumed=Resumed(state))
        if seconds is None:
            return terms
        used = sum(record["train_seconds"] for record in state.marks["history"])
        return replace(terms, training_seconds=max(0.0, seconds - used))


def data_key(loaded: LoadedConfig) -> str:
    """Equal for configs that see the same rows in the same parts."""
    data = loaded.config.data
    seed = loaded.config.seed if data.split_seed is None else data.split_seed
    return f"{seed} {data.model_dump_json()}"


def _folder_name(variant: str) -> str:
    """A variant's name without what a file system may not take; a long one is cut and made unique by a hash."""
    name = re.sub(r"[^A-Za-z0-9_.=-]+", "_", variant)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(variant.encode()).hexdigest()[:8]}"


def report_cell(cell: Cell, outcome: Mapping[str, Any], variants: Sequence[Variant], console: Console) -> None:
    """Says in a line how a training ended; lines of one comparison align, and fit the terminal."""
    longest = max(len(variant.name) for variant in variants)
    seed = cell.mark
    summary = outcome["summary"]
    if summary is None:
        console.warn(f"{seed}  {cell.variant.name}  {outcome['failure']}".lstrip())
        return
    metric = MAIN_METRICS[summary["test"]["task"]]
    value = summary["test"]["metrics"][metric]
    score = f"test {short_name(metric)} {'undefined' if value is None else f'{value:.4f}'}"
    epoch = f"best epoch {summary['best_epoch']:>{len(str(summary['epochs']))}}/{summary['epochs']}"
    room = console.talk_width - len(f"{seed}    {score}  {epoch}")
    if room < min(longest, _SHORTEST_NAME):
        room, epoch = room + len(epoch) + 2, ""
    width = max(1, min(longest, room))
    console.say(f"{seed}  {_clip(cell.variant.name, width):<{width}}  {score}  {epoch}".strip())


def _clip(name: str, width: int) -> str:
    """The end of a name, which distinguishes it from the others."""
    return name if len(name) <= width else f"..{name[len(name) - width + 2 :]}"
