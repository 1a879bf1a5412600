"""The trainings of a comparison, one after another in one process; does not depend on other processes."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nncli.config.reading.loading import LoadedConfig
from nncli.console import Console
from nncli.console.epochs import short_name
from nncli.data.dataset import Dataset
from nncli.errors import TrainingDivergedError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare, read_data
from nncli.pipeline.training.continuing.checkpoint import Resumed, discard_checkpoint, load_checkpoint
from nncli.pipeline.training.planning import Engine, Terms
from nncli.pipeline.training.record import recorded
from nncli.pipeline.training.train import train_into
from nncli.run import files
from nncli.run.folder import RunFolder, now

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
        return self.variant.load(request.assignments, request.epochs, self.seed)

    def make_folder(self, comparison: RunFolder) -> RunFolder:
        """A folder inside the comparison's, with `running` as its status; the one that has its state, if there is one.

        Whether that can be gone on from is known before.
        """
        stopped = RunFolder(comparison.path / self.folder_name)
        if stopped.file(files.CHECKPOINT).exists():
            stopped.write_record(status="running", ended=None, reason=None)
            return stopped
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

    def prepare(self, cell: Cell) -> Prepared:
        """Its resolved config with its data. Raises what `train` raises for them."""
        loaded = cell.load(self._request)
        return prepare(loaded, self._data.folders, self._console, self._data.get(loaded, self._console))

    def train(self, cell: Cell, engine: Engine, folder: RunFolder, *, title: str = "") -> dict[str, Any]:
        """One training, shown as `title`; what it left, see `outcome_of`."""
        try:
            prepared = self.prepare(cell)
        except BaseException:  # Ctrl-C included: the cell's record says how it ended
            with recorded(folder):
                raise
        failure = None
        try:
            train_into(folder, prepared, self._console, self._terms(folder, title or str(cell), engine))
        except TrainingDivergedError as error:
            failure = error.message
            discard_checkpoint(folder)
        return outcome_of(cell, folder, prepared, failure)

    def _terms(self, folder: RunFolder, title: str, engine: Engine) -> Terms:
        """Those of a cell; of one that was stopped, with the state to go on from."""
        terms = Terms(title=title, program_cache=self._program_cache, engine=engine)
        state = load_checkpoint(folder)
        if state is None:
            return terms
        resumed = [*folder.record.get("resumed", []), {"at": now(), "epochs": state.epochs}]
        folder.write_record(resumed=resumed)
        return replace(terms, resumed=Resumed(state))


def outcome_of(cell: Cell, folder: RunFolder, prepared: Prepared, failure: str | None = None) -> dict[str, Any]:
    """What a cell left, as its files have it. The summary is None where it diverged, `failure` then says why.

    Raises RunError where a file is missing or damaged.
    """
    summary = folder.read_json(files.SUMMARY) if failure is None else None
    return {
        "variant": cell.variant.name,
        "seed": cell.seed,
        "run": str(folder.path),
        "summary": summary,
        "failure": failure,
        "task": prepared.dataset.facts.target.task.value,
        "fingerprint": prepared.dataset.fingerprint,
        "history": folder.read_lines(files.METRICS),
    }


def _key(loaded: LoadedConfig) -> str:
    return f"{loaded.config.seed} {loaded.config.data.model_dump_json()}"


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
