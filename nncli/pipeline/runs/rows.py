"""A run as a row of a table: what its JSON files say in short; reads no config and no arrays."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nncli.errors import ConfigError, NncliError
from nncli.evaluate.main_metrics import MAIN_METRICS
from nncli.pipeline.runs.values import items, mapping, number, text, whole
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun, list_runs, run_folders


@dataclass(frozen=True)
class Row:
    """A run in short; None where something is not known.

    `value` is that of the main test `metric`, for a comparison the mean of its best variant; `started` and `ended` are
    UTC, `cells` the number of trainings in a comparison.
    """

    name: str
    path: str
    kind: str
    status: str
    data: str | None
    metric: str | None
    value: float | None
    epochs: int | None
    epochs_asked: int | None
    started: str | None
    ended: str | None
    seconds: float | None
    seed: int | None
    cells: int | None

    def to_mapping(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class RunReader:
    """The files of one run, each read when it is first asked for and then once."""

    def __init__(self, run: ListedRun) -> None:
        self.run = run

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """summary.json, empty if there is none."""
        return read_mapping(self.run.path, files.SUMMARY)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The resolved config as plain values, empty if there is none that can be read."""
        from nncli.config.reading.document import read_document  # late: YAML takes longer than all else here

        try:
            return read_document(self.run.path / files.CONFIG, self._config_text).values
        except ConfigError:
            return {}

    @cached_property
    def _config_text(self) -> str:
        try:
            return RunFolder(self.run.path).read(files.CONFIG).decode()
        except (OSError, ValueError, NncliError):
            return ""

    def section(self, name: str) -> Mapping[str, Any]:
        """The config, or only the lines of that top-level key, which is much faster for a thousand runs."""
        if "config" in self.__dict__:
            return self.config
        lines = _section_lines(self._config_text, name)
        if lines is None:
            return self.config
        from nncli.config.reading.document import parse_document

        try:
            return parse_document(lines, name).values if lines else {}
        except ConfigError:  # lines that mean something with the others only
            return self.config

    @cached_property
    def row(self) -> Row:
        """The run in short."""
        run, record = self.run, self.run.record
        cells = run_folders(run.path) if run.kind == "compare" else None
        about = record if cells is None else (ListedRun.read(min(cells)).record if cells else {})
        metric, score = self._compared() if run.kind == "compare" else self._tested()
        return Row(
            name=run.name,
            path=str(run.path),
            kind=run.kind,
            status=run.status,
            data=text(mapping(about.get("data")).get("source")),
            metric=metric,
            value=score,
            epochs=self._epochs() if cells is None else None,
            epochs_asked=whole(self.summary.get("epochs_asked")),
            started=run.started or None,
            ended=text(record.get("ended")),
            seconds=_seconds(run),
            seed=whole(record.get("seed")),
            cells=None if cells is None else len(cells),
        )

    @cached_property
    def means(self) -> dict[str, float | None]:
        """The mean test metric of each variant of a comparison."""
        variants = items(read_mapping(self.run.path, files.COMPARISON).get("variants"))
        known = [mapping(variant) for variant in variants]
        return {str(each.get("name")): number(mapping(each.get("test")).get("mean")) for each in known}

    def _tested(self) -> tuple[str | None, float | None]:
        test = mapping(self.summary.get("test"))
        metric = MAIN_METRICS.get(str(test.get("task")), "")
        score = number(mapping(test.get("metrics")).get(metric))
        return (None, None) if score is None else (metric, score)

    def _compared(self) -> tuple[str | None, float | None]:
        metric = text(read_mapping(self.run.path, files.COMPARISON).get("metric"))
        best = max((mean for mean in self.means.values() if mean is not None), default=None)
        return (None, None) if metric is None or best is None else (metric, best)

    def _epochs(self) -> int | None:
        """From the summary; of a run that did not finish, the lines that were written."""
        if "epochs" in self.summary:
            return whole(self.summary["epochs"])
        try:
            return files.read_bytes(self.run.path / files.METRICS).count(b"\n")
        except OSError:
            return None


def read_rows(folder: Path) -> list[RunReader]:
    """The runs in a folder, newest first."""
    return [RunReader(run) for run in list_runs(folder)]


def read_mapping(folder: Path, name: str) -> Mapping[str, Any]:
    """A JSON file of a run, empty if there is none, or if it is not what was written or cannot be read."""
    try:
        return RunFolder(folder).read_json(name)
    except NncliError:
        return {}


def _section_lines(content: str, name: str) -> str | None:
    """The lines of a top-level key as training writes them: empty if there is none, None if they may mean more."""
    if "&" in content or "\t" in content or not name.isidentifier():  # anchors: what is meant may stand elsewhere
        return None
    found = re.search(rf"^{name}:.*\n(?:(?:[ #-].*)?\n)*", content, re.MULTILINE)
    return found[0] if found else None


def _seconds(run: ListedRun) -> float | None:
    """How long the run took, or has taken so far."""
    if "duration_seconds" in run.record:
        return number(run.record["duration_seconds"])
    end = run.record.get("ended") or (datetime.now(UTC).isoformat() if run.status == "running" else "")
    try:
        taken = datetime.fromisoformat(str(end)) - datetime.fromisoformat(run.started)
        return max(0.0, round(taken.total_seconds(), 3))
    except (ValueError, TypeError):  # no times, or one with a zone and one without
        return None
