"""The trainings of folds: a config with each fold in turn as its test set, as cells that `comparing/` trains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.console import Console
from nncli.errors import NncliError, TrainingDivergedError
from nncli.pipeline.comparing.cell_training import Cell, DataSets
from nncli.pipeline.comparing.scheduling import train_cells
from nncli.pipeline.comparing.variants import ComparisonRequest, Option, Variant
from nncli.pipeline.preparation import Prepared
from nncli.run.folder import RunFolder

# Data that takes longer to read is read before the trainings start, which share it, up to this many bytes.
SLOW_SECONDS = 1.0
_MOST_BYTES = 2**30


@dataclass(frozen=True)
class FoldVariant(Variant):
    """A config with one of the folds as the test set; `options` are those of the command line."""

    number: int = 1
    of: int = 2
    options: tuple[Option, ...] = ()

    def load(self, request: ComparisonRequest, seed: int | None) -> LoadedConfig:
        """The config; its seed is its own or among the options."""
        return load_config(self.config, request.assignments, [*self.options, fold_option(self.of, self.number)])


@dataclass(frozen=True)
class FoldCell(Cell):
    """The training of a fold."""

    def __str__(self) -> str:
        return self.variant.name

    @property
    def mark(self) -> str:
        """Nothing: the variant is the fold."""
        return ""

    @property
    def folder_name(self) -> str:
        """The name of its folder inside the run's: fold-1."""
        return self.variant.name.replace(" ", "-")


def fold_option(of: int, test: int | str) -> Option:
    """The setting of a config that makes a fold its test set; `none` trains on all rows."""
    return (("data", "fold"), {"of": of, "test": test}, f"--folds {of}")


def make_cells(
    name: str, assignments: Sequence[str], options: Sequence[Option], folds: int, seed: int
) -> tuple[ComparisonRequest, list[FoldCell]]:
    """The request that the cells share, and a cell for each fold."""
    variants = tuple(
        FoldVariant(f"fold {number}", name, (), number=number, of=folds, options=tuple(options))
        for number in range(1, folds + 1)
    )
    request = ComparisonRequest(variants, seeds=1, assignments=tuple(assignments))
    return request, [FoldCell(variant, seed) for variant in variants]


def read_ahead(cells: Sequence[Cell], request: ComparisonRequest, data: DataSets, console: Console) -> None:
    """Reads the data of every fold before the trainings start, as far as memory allows."""
    for cell in cells:
        if data.shared_bytes > _MOST_BYTES:
            return
        data.share(cell.load(request), console)


def train_folds(
    cells: Sequence[FoldCell],
    request: ComparisonRequest,
    first: Prepared,
    data: DataSets,
    folder: RunFolder,
    console: Console,
) -> list[dict[str, Any]]:
    """Trains every fold in a folder inside `folder`, all with the engine chosen for the `first`; returns their
    outcomes.

    Raises TrainingDivergedError or NncliError where one of them did not end, since a mean over the others would be
    that of other rows.
    """
    outcomes = train_cells(cells, request, {cell.variant: first for cell in cells}, data, folder, console, {})
    for outcome in outcomes:
        _require_summary(outcome)
    return outcomes


def _require_summary(outcome: Mapping[str, Any]) -> None:
    if outcome["summary"] is None:
        error = NncliError if outcome.get("failed") else TrainingDivergedError
        raise error(
            f"{outcome['variant']} did not end: {outcome['failure']}",
            hint="a lower learning rate, or `clipnorm: 1.0` on the optimizer; then train all folds again",
        )
