"""All that the files of one run tell, for `nncli runs show`."""

from dataclasses import dataclass
from typing import Any

from nncli.pipeline.folders import Folders
from nncli.pipeline.runs.rows import Row, RunReader, read_mapping, read_rows
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.listing import ListedRun, how_to_go_on


@dataclass(frozen=True)
class RunDetails:
    """A run: its row, run.json, summary.json (or comparison.json), its files with their bytes, and its cells.

    `further` says how to go on with a run that has not finished; `note` that the word fitted other runs as well.
    """

    row: Row
    record: dict[str, Any]
    summary: dict[str, Any]
    files: dict[str, int]
    cells: tuple[Row, ...]
    further: str | None = None
    note: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """For JSON; the status is the living one."""
        return {
            **self.row.to_mapping(),
            "record": self.record,
            "summary": self.summary,
            "files": self.files,
            "cells": [cell.to_mapping() for cell in self.cells],
            "further": self.further,
        }


def describe_run(word: str, folders: Folders) -> RunDetails:
    """All that the files of the run tell that the word means. Raises RunError for none."""
    found = find_run(word, folders.runs_dir)
    run = ListedRun.read(found.folder.path)
    reader = RunReader(run)
    is_comparison = run.kind == "compare"
    return RunDetails(
        row=reader.row,
        record=dict(run.record),
        summary=dict(read_mapping(run.path / files.COMPARISON) if is_comparison else reader.summary),
        files={
            path.relative_to(run.path).as_posix(): path.stat().st_size
            for path in sorted(run.path.rglob("*"))
            if path.is_file() and path.name != files.LOCK
        },
        cells=tuple(each.row for each in read_rows(run.path)) if is_comparison else (),
        further=None if run.status == "finished" else how_to_go_on(run.path, run.status),
        note=found.note,
    )
