"""One training of a comparison on a node of a cluster, in a folder that travels; does not know who asked for it."""

import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from nncli.cluster.scratch import scratch
from nncli.config.reading.loading import LoadedConfig
from nncli.data.dataset import Dataset
from nncli.errors import NncliError, StopRequest
from nncli.pipeline.comparing.cell_training import Cell, CellTrainer, DataSets, data_key
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.pipeline.comparing.worker import LineConsole
from nncli.pipeline.folders import Folders
from nncli.pipeline.training.planning import Engine
from nncli.run.archive import install, pack, unpack
from nncli.run.folder import RunFolder


@dataclass(frozen=True)
class LoadedCell(Cell):
    """A cell that carries its config, as the node has no config files."""

    loaded: LoadedConfig

    def load(self, request: ComparisonRequest) -> LoadedConfig:
        """Its config, as it was loaded by the caller."""
        return self.loaded


@dataclass(frozen=True)
class Order:
    """The order to a node to train a cell; `stopped` is the archive of the folder that a stopped training left."""

    request: ComparisonRequest
    cell: LoadedCell
    engine: Engine
    command: tuple[str, ...]
    stopped: bytes | None = None


@dataclass(frozen=True)
class Arrival:
    """The result of a training: its folder as an archive, and its messages in the form of `worker`."""

    archive: bytes
    messages: tuple[tuple[Any, ...], ...]


@dataclass
class _Messages:
    """Stands in for the line to a parent process, and keeps what goes into it."""

    kept: list[tuple[Any, ...]] = field(default_factory=list)

    def send(self, message: tuple[Any, ...]) -> None:
        if message[0] in ("say", "warn"):
            self.kept.append(message)


def train_cell(order: Order, dataset: Dataset) -> Arrival:
    """Trains a cell on this node. Raises NncliError where TensorFlow runs with other threads already."""
    from nncli.engine.process import environment, forking

    sys.argv[1:] = order.command  # for run.json: what the user typed, and not what Ray did
    StopRequest.raised = None
    environment.prepare()
    engine = order.engine
    if not forking.takes_threads(engine.threads, side_by_side=engine.side_by_side):
        raise NncliError(f"TensorFlow runs with other than {engine.threads} threads in this process")
    messages, trainer = _trainer(order.request)
    messages.kept.clear()
    data: DataSets = trainer.data
    data.shared.clear()
    data.shared[data_key(order.cell.loaded)] = dataset
    with scratch("cell") as place:
        folder = _make_folder(order, place)
        trainer.train(order.cell, engine, folder)
        return Arrival(pack(folder.path), tuple(messages.kept))


@cache
def _trainer(request: ComparisonRequest) -> tuple[_Messages, CellTrainer]:
    """The trainer of all cells in this process, since it keeps compiled programs."""
    messages = _Messages()
    return messages, CellTrainer(request, DataSets(Folders(), says_notes=False), LineConsole(messages))


def _make_folder(order: Order, place: Path) -> RunFolder:
    comparison = RunFolder(place)
    if order.stopped is not None:
        path = place / order.cell.folder_name
        install(unpack(order.stopped, path), path)
    return order.cell.make_folder(comparison)
