"""Which runs are listed, and in which order: `--filter KEY=VALUE` and `--sort KEY`."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nncli.errors import UsageError
from nncli.pipeline.runs.keys import MISSING, equals, flatten, look_up
from nncli.pipeline.runs.rows import Row, RunReader, read_rows

# Columns sorted from the largest down; texts go from A to Z.
_LARGEST_FIRST = ("value", "epochs", "seconds", "started", "ended", "cells")
_FIELDS = tuple(Row.__dataclass_fields__)
# Other words for a column, as the table's heads have them.
_SYNONYMS = {"run": "name", "test": "value", "when": "started", "trainings": "cells"}


def list_rows(
    runs_dir: Path, *, filters: Sequence[str] = (), sort: str | None = None, reverse: bool = False
) -> list[Row]:
    """The runs in a folder, newest first or by `sort`, of those that fit every filter `KEY=VALUE`.

    A key is a column, or a key of run.json, summary.json or config.yaml. Raises UsageError for one that no run has.
    """
    readers = select(read_rows(runs_dir), filters)
    if sort is not None:
        readers = _sorted(readers, sort)
    rows = [reader.row for reader in readers]
    return rows[::-1] if reverse else rows


def select(readers: list[RunReader], filters: Sequence[str]) -> list[RunReader]:
    """The runs that fit every filter. Raises UsageError for a filter without `=` or with a key that no run has."""
    for text in filters:
        key, found, wanted = (part.strip() for part in text.partition("="))
        if not found or not key:
            raise UsageError(f"--filter {text}: expected KEY=VALUE", hint="for example --filter status=finished")
        matching = [reader for reader in readers if _matches(reader, key, wanted)]
        if not matching:
            _require_known(readers, key, f"--filter {text}")
        readers = matching
    return readers


def _matches(reader: RunReader, key: str, wanted: str) -> bool:
    """Whether the value is there in any place; the config is read last, as that takes longest."""
    return any(found is not MISSING and equals(found, wanted) for found in _values(reader, key))


def _values(reader: RunReader, key: str) -> Any:
    """Every value that a run has for a key, the quickest to read first."""
    field = _SYNONYMS.get(key, key)
    if field in _FIELDS:
        if field in ("name", "kind", "status", "started"):  # known without any other file
            yield getattr(reader.run, field)
        else:
            yield getattr(reader.row, field)
        if field != "data":
            if field == "name":
                yield look_up(reader.run.record, key)
            return
    yield look_up(reader.run.record, key)
    yield look_up(reader.summary, key)
    yield look_up(reader.section(re.split(r"[.\[]", key)[0]), key)


def _sorted(readers: list[RunReader], sort: str) -> list[RunReader]:
    """By a column or key; runs without a value come last, equal ones stay newest first."""
    key = _SYNONYMS.get(sort, sort)
    found: list[tuple[Any, RunReader]] = [
        (next((value for value in _values(reader, sort) if value is not MISSING), None), reader) for reader in readers
    ]
    if all(value is None for value, _ in found):
        _require_known(readers, sort, f"--sort {sort}")
    known = [pair for pair in found if pair[0] is not None]
    numbers = all(isinstance(value, int | float) for value, _ in known)
    if numbers or key in ("started", "ended"):
        known.sort(key=lambda pair: pair[0], reverse=key in _LARGEST_FIRST)
    else:
        known.sort(key=lambda pair: str(pair[0]))
    if key == "value":  # scores of different metrics do not compare
        known.sort(key=lambda pair: str(pair[1].row.metric))
    return [reader for _, reader in known] + [reader for value, reader in found if value is None]


def _require_known(readers: list[RunReader], key: str, option: str) -> None:
    """Raises UsageError if no run has the key, with those that are written alike."""
    if not readers or any(value is not MISSING for reader in readers for value in _values(reader, key)):
        return
    known = {*_FIELDS, *_SYNONYMS}
    for reader in readers[:20]:
        known |= {*flatten(reader.run.record), *flatten(reader.summary), *flatten(reader.config)}
    close = difflib.get_close_matches(key, sorted(known), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "a column, or a key of config.yaml or run.json"
    raise UsageError(f"{option}: no run has {key}", hint=hint)
