"""What differs between two runs: config, data, versions, machine and metrics, key by key."""

from dataclasses import dataclass
from typing import Any

from nncli.pipeline.folders import Folders
from nncli.pipeline.runs.keys import flatten
from nncli.pipeline.runs.rows import RunReader, read_mapping
from nncli.pipeline.runs.values import mapping
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.listing import ListedRun

# What of summary.json is compared besides the test metrics; how long the best epoch took says nothing of the network.
_SUMMARY = ("epochs", "best_epoch", "kept_epoch", "seconds_per_epoch", "parameters", "best")
_CLOCK = ("best.seconds", "best.train_seconds")
_TRAINING = ("executor", "threads", "parts", "seed")


@dataclass(frozen=True)
class RunDifference:
    """The names of two runs and, by section and dotted key, both values where they differ.

    `equal_weights` says whether the kept weights have the same bits; None where one of the runs has none.
    """

    first: str
    second: str
    sections: dict[str, dict[str, tuple[Any, Any]]]
    equal_weights: bool | None
    notes: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """For JSON: a pair for each key; null stands for a key that one of the runs does not have."""
        differing = {
            section: {key: list(pair) for key, pair in pairs.items()} for section, pairs in self.sections.items()
        }
        return {"runs": [self.first, self.second], "equal_weights": self.equal_weights, **differing}


def diff_runs(first: str, second: str, folders: Folders) -> RunDifference:
    """What differs between the runs that two words mean. Raises RunError where one means none."""
    found = [find_run(word, folders.runs_dir) for word in (first, second)]
    readers = [RunReader(ListedRun.read(each.folder.path)) for each in found]
    parts = [_sections(reader) for reader in readers]
    sums = [mapping(read_mapping(each.folder.path, files.MANIFEST).get("sha256")).get(files.WEIGHTS) for each in found]
    return RunDifference(
        first=readers[0].run.name,
        second=readers[1].run.name,
        # A section that one of them lacks, as a comparison has no config of its own, has nothing to compare.
        sections={
            name: _differing(parts[0][name], parts[1][name]) if parts[0][name] and parts[1][name] else {}
            for name in parts[0]
        },
        equal_weights=sums[0] == sums[1] if all(sums) else None,
        notes=tuple(each.note for each in found if each.note is not None),
    )


def _sections(reader: RunReader) -> dict[str, dict[str, Any]]:
    record, summary = reader.run.record, reader.summary
    scores = mapping(mapping(summary.get("test")).get("metrics"))
    metrics = {f"test.{name}": value for name, value in scores.items()}
    metrics |= flatten({name: summary[name] for name in _SUMMARY if name in summary})
    if reader.run.kind == "compare":
        metrics = {f"{name}: test.{reader.row.metric}": mean for name, mean in reader.means.items()}
    return {
        "status": {"kind": reader.run.kind, "status": reader.run.status},
        "config": flatten(dict(reader.config)) if reader.config else {},
        "data": flatten(mapping(record.get("data"))) if record.get("data") else {},
        "training": {name: record[name] for name in _TRAINING if name in record},
        "versions": dict(mapping(record.get("versions"))),
        "machine": dict(mapping(record.get("machine"))),
        "metrics": {key: value for key, value in metrics.items() if key not in _CLOCK},
    }


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The keys whose values differ, in the order of the first run."""
    keys = dict.fromkeys([*first, *second])
    pairs = {key: (first.get(key), second.get(key)) for key in keys if key}  # flatten({}) has an empty key
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
