"""The story of a reproduction: a run is trained again from its own record, and both are compared."""

from dataclasses import dataclass
from typing import Any

from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.console import Console
from nncli.errors import RunError
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import prepare
from nncli.pipeline.reproducing.traces import Comparison, compare_traces
from nncli.pipeline.training.continuing.resume import list_differences
from nncli.pipeline.training.out_of_fold import read_out_of_fold
from nncli.pipeline.training.planning import Engine, Terms
from nncli.pipeline.training.train import train_into
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder
from nncli.run.listing import how_to_go_on


@dataclass(frozen=True)
class Reproduction:
    """A run, the one that was trained after it, how far they are equal, and what is different about the second.

    With `differences`, other bits are no surprise.
    """

    original: RunFolder
    again: RunFolder
    comparison: Comparison
    differences: tuple[str, ...]

    @property
    def is_as_promised(self) -> bool:
        """False where the bits should be equal and are not."""
        return self.comparison.is_equal or bool(self.differences)

    def to_mapping(self) -> dict[str, Any]:
        """For JSON."""
        found = self.comparison
        return {
            "run": str(self.original.path),
            "again": str(self.again.path),
            "equal": found.is_equal,
            "differences": list(self.differences),
            "epochs": found.epochs,
            "first_epoch": found.first_epoch,
            "numbers": {name: list(pair) for name, pair in found.numbers.items()},
            "weights": {"arrays": found.weights, "differing": list(found.differing), "largest": found.largest},
        }


def reproduce(word: str, *, folders: Folders, console: Console) -> Reproduction:
    """Trains a finished run again, into a new folder, with its own config, executor, threads and parts.

    Raises RunError for a run that is not a finished training or whose weights were changed since, and what `train`
    raises.
    """
    found = find_run(word, folders.runs_dir)
    if found.note is not None:
        console.say(found.note)
    original, record = found.folder, found.folder.record
    _refuse(original, record)
    loaded = _load_config(original)
    begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    prepared = prepare(loaded, folders, console)
    differences = list_differences(record, None, prepared)
    for line in differences:
        console.warn(f"the bits may differ: {line}")
    again = RunFolder.create(folders.runs_dir, prepared.config.name)
    engine = Engine(record["executor"], record["threads"], record["parts"])
    train_into(again, prepared, console, Terms(engine=engine, out_of_fold=read_out_of_fold(original)))
    return Reproduction(original, again, compare_traces(original, again), tuple(differences))


def _refuse(folder: RunFolder, record: dict[str, Any]) -> None:
    if record.get("kind") not in ("train", "cell") or record.get("status") != "finished":
        raise RunError(
            f"only a finished training can be reproduced; {folder.path} ({record.get('kind')}) is {folder.status}",
            hint=None if folder.status == "finished" else how_to_go_on(folder.path, folder.status),
        )
    if (workers := record.get("workers", 1)) > 1:
        raise RunError(
            f"{folder.path} was trained by {workers} workers, and one would not end in the same bits",
            hint=f"train it again: nncli train {folder.file(files.CONFIG)} --workers {workers}",
        )
    folder.read_intact(files.WEIGHTS)
    summary = folder.read_json(files.SUMMARY)
    if summary.get("temperature", 1.0) != 1.0:
        raise RunError(
            f"{folder.path} was calibrated, so its weights are no longer those of its training",
            hint="train it again: nncli train " + str(folder.file(files.CONFIG)),
        )
    stopping = _load_config(folder).config.train.early_stopping
    if summary["epochs"] < summary["epochs_asked"] and stopping is None:
        raise RunError(
            f"{folder.path} was ended in time after {summary['epochs']} of {summary['epochs_asked']} epochs, which a "
            "second training would not do at the same epoch",
            hint=f"continue it: nncli train --resume {folder.path}",
        )


def _load_config(folder: RunFolder) -> LoadedConfig:
    return load_config(str(folder.file(files.CONFIG)), text=folder.read_intact(files.CONFIG).decode())
