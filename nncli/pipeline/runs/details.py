"""All that the files of one run tell, for `nncli runs show`."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nncli.pipeline.folders import Folders
from nncli.pipeline.runs.rows import Row, RunReader, read_mapping, read_rows
from nncli.pipeline.runs.values import items, mapping, number, text, whole
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.listing import ListedRun, how_to_go_on


@dataclass(frozen=True)
class RunDetails:
    """A run: its row, run.json, summary.json (or comparison.json), its files with their bytes, and its cells.

    `damaged` names files that are not what was written, whose content is left out. `facts` are what its record tells,
    ready to be read; `scores` the test metrics, each with that of the baseline. `further` says how to continue with a
    run that has not finished; `note` that the word fitted other runs as well.
    """

    row: Row
    record: dict[str, Any]
    summary: dict[str, Any]
    files: dict[str, int]
    cells: tuple[Row, ...]
    facts: dict[str, str]
    scores: dict[str, tuple[float | None, float | None]]
    damaged: tuple[str, ...] = ()
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
            "damaged": list(self.damaged),
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
        summary=dict(read_mapping(run.path, files.COMPARISON) if is_comparison else reader.summary),
        files={
            path.relative_to(run.path).as_posix(): path.stat().st_size
            for path in sorted(run.path.rglob("*"))
            if path.is_file() and path.name != files.LOCK
        },
        facts=_facts(run.record, reader.summary),
        scores=_scores(mapping(reader.summary.get("test"))),
        cells=tuple(each.row for each in read_rows(run.path)) if is_comparison else (),
        damaged=tuple(found.folder.damaged),
        further=None if run.status == "finished" else how_to_go_on(run.path, run.status),
        note=found.note,
    )


def _facts(record: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, str]:
    """What there is of it, in words."""
    data, rows = mapping(record.get("data")), mapping(mapping(record.get("data")).get("rows"))
    parts = ", ".join(f"{part} {count:,}" for part, count in rows.items() if whole(count) is not None)
    kept, parameters = whole(summary.get("kept_epoch")), whole(summary.get("parameters"))
    known = {
        "reason": text(record.get("reason")),
        "command": shlex.join(map(str, items(record.get("command")))),
        "data": f"{data.get('source')} ({parts}), fingerprint {str(data.get('fingerprint'))[:12]}" if data else None,
        "seed": str(record.get("seed", "")),
        "kept": None if kept is None else f"weights of epoch {kept}",
        "parameters": None if parameters is None else f"{parameters:,}",
        "engine": _pairs({key: record.get(key) for key in ("executor", "threads", "parts")}),
        "versions": _pairs(mapping(record.get("versions"))),
        "machine": _pairs(mapping(record.get("machine"))),
    }
    return {name: told for name, told in known.items() if told}


def _scores(test: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    baseline = mapping(mapping(test.get("baseline")).get("metrics"))
    return {name: (number(value), number(baseline.get(name))) for name, value in mapping(test.get("metrics")).items()}


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value is not None)
