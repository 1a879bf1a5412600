"""Decides what a config should say about a table: its format, the columns to drop and why, markers of missing values.

Uses the findings of the profile and the same rules as training; does not depend on networks or YAML.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nncli.config.data.columns import ColumnType
from nncli.config.facts import Task
from nncli.config.sections import MISSING, Data
from nncli.config.text_format import TextFormat
from nncli.data.plurals import count
from nncli.data.profile.proposal.column_choice import FEW_TEXTS, choose_columns
from nncli.data.profile.proposal.missing_markers import find_markers
from nncli.data.profile.tables.columns import find_column_oddities, judge
from nncli.data.profile.tables.reading import Opened, open_table
from nncli.data.profile.values import ColumnProfile, Level
from nncli.data.tables.features.choosing import describe_amounts, describe_codes, judge_column
from nncli.data.tables.features.dates import find_dates
from nncli.data.tables.features.flaws import describe_units, find_dressed_numbers
from nncli.data.tables.features.identifiers import are_codes, could_be_codes
from nncli.data.tables.features.split_hints import SplitHint, suggest_split
from nncli.data.tables.features.words import Reread, find_spellings, reread
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.leakage import hash_columns
from nncli.data.targets import Goal, choose_goal
from nncli.errors import DataError

# The number of dropped columns that are named with their reasons if no column is left.
_TOLD = 3
# From this share of the rows on, equal rows are normal in such a table and not called duplicates.
_USUAL_DUPLICATES = 0.2
# Usual names of target columns.
_TARGET_NAMES = ("target", "label", "class", "y", "outcome", "output", "result", "response", "category", "price")


@dataclass(frozen=True)
class Proposal:
    """The `data` section in plain values, each with its reason.

    `dropped` maps the names of dropped columns to reasons, `columns` maps names to types with reasons; `missing_in` has
    the texts of each number or date column that mean a missing value; `learned` are the columns to learn from,
    `remarks` lines about some of them; `idle` are the dropped columns that are empty or constant, which training drops
    by itself; `undecided` is a date that can be read as day/month or month/day; `hint` says by which column the rows
    should probably be split.
    """

    source: str
    text_format: TextFormat
    target: tuple[str, ...]
    task: Task
    why_task: str
    missing: tuple[str, ...]
    missing_in: dict[str, tuple[str, ...]]
    dropped: dict[str, str]
    columns: dict[str, tuple[ColumnType, str]]
    learned: tuple[ColumnProfile, ...]
    remarks: tuple[str, ...]
    rows: int
    rows_without_target: int
    duplicates: int = 0
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    undecided: str | None = None
    hint: SplitHint | None = None


def propose(path: Path, target: Sequence[str], task: Task | None) -> Proposal:
    """Examine a CSV (also gzipped) or Parquet file and decide what a config for it should say.

    Raises:
        DataError: the file cannot be read or is damaged, a target is not one of its columns, or no task fits the
            target.
    """
    opened = _open(path, MISSING)
    _check_target(opened.table, target)
    missing_in = find_markers(opened.table, target)
    markers = tuple(dict.fromkeys(text for texts in missing_in.values() for text in texts))
    if markers:
        opened = _open(path, (*MISSING, *markers))
    again = reread(opened.table, Data(source="csv"))
    values = _values(again, list(again.table.columns))
    table = reread(opened.table, Data(source="csv", values=values)).table
    summaries = [note for note in again.notes if "`summary: keep`" in note]
    present = np.logical_and.reduce([table.columns[name].present for name in target])
    if not present.any():
        raise DataError(f"{path}: no row has a value in the target {', '.join(target)}")
    kept = table if present.all() else table.take(np.flatnonzero(present))
    for name in target:
        _refuse_dressed(kept.columns[name], path)
    goal, note = choose_goal([kept.columns[name] for name in target], task)
    goal, note = _prefer_positive(goal, note, kept) if task is None else (goal, note)
    data = Data(source="csv", missing=(*MISSING, *markers), values=values)
    choice = choose_columns(kept, data, goal)
    dates = [find_dates(kept.columns[name], None) for name, (kind, _) in choice.types.items() if kind == "date"]
    if not choice.learned:
        raise _nothing_left(path, choice.dropped)
    learned = choice.learned_names
    idle = (name for name in choice.dropped if judge_column(kept.columns[name], data).rule in ("constant", "empty"))
    return Proposal(
        source="parquet" if opened.is_parquet else "csv",
        text_format=opened.text_format,
        target=tuple(target),
        task=goal.task,
        why_task=_reason_of(note),
        missing=(*MISSING, *markers) if markers else (),
        missing_in=missing_in,
        dropped=choice.dropped,
        columns=choice.types,
        learned=choice.learned,
        remarks=(
            *opened.remarks,
            *opened.left_out,
            *summaries,
            *choice.remarks,
            *_remarks(kept, data, learned),
        ),
        rows=len(table),
        rows_without_target=len(table) - len(kept),
        duplicates=0 if opened.is_excerpt else _count_duplicates(kept, learned),
        values=_values(again, [name for name in table.columns if name in target or name in learned]),
        undecided=next((date.undecided for date in dates if date.undecided is not None), None),
        hint=suggest_split(kept, data, target, learned),
        idle=tuple(idle),
    )


def _values(again: Reread, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`data.values` for these columns: missing-words that are values there, and spellings of one value."""
    kept = {word: () for name in names for word in again.kept.get(name, ())}
    return {**kept, **find_spellings([again.table.columns[name] for name in names])}


def _prefer_positive(goal: Goal, note: str | None, table: Table) -> tuple[Goal, str | None]:
    """Choose positive regression if no number in the target is below zero.

    With a relu output the error is the same as with a linear one (benchmarks/positive.py: mpg and diamonds over five
    seeds), and no prediction can be below zero.
    """
    if goal.task is not Task.REGRESSION or any(table.columns[name].numbers.min() < 0 for name in goal.columns):
        return goal, note
    why = f"none of the {count(len(table), 'value')} is below zero, so no prediction should be"
    return replace(goal, task=Task.POSITIVE_REGRESSION), f"task: {Task.POSITIVE_REGRESSION} ({why})"


def _count_duplicates(table: Table, learned: Sequence[str]) -> int:
    """How many rows equal an earlier one in all columns learned from; 0 if equal rows are normal, as in a table of a
    few categories."""
    hashes = hash_columns([table.columns[name] for name in learned])
    repeated = len(hashes) - len(np.unique(hashes))
    return repeated if repeated < _USUAL_DUPLICATES * len(hashes) else 0


def suggest_targets(path: Path) -> tuple[list[str], list[str]]:
    """The columns that are likely targets, the likeliest first, and all columns of the table.

    Raises:
        DataError: the file cannot be read.
    """
    table = _open(path, MISSING).table
    names = list(table.columns)
    typical = [name for name in names if name.casefold() in _TARGET_NAMES]
    likely = [*typical, *names[-1:], *(name for name in names if 2 <= len(table.columns[name].values) <= 3)]
    return list(dict.fromkeys(likely))[:5], names


def _open(path: Path, missing: Sequence[str]) -> Opened:
    opened = open_table(path, missing)
    for finding in opened.findings:
        if finding.level is Level.PROBLEM:
            where = "" if finding.where == "file" else f"{finding.where} "
            raise DataError(f"{path}: {where}{finding.what}", hint=finding.fix)
    if len(opened.table.columns) < 2:
        left_out = "".join(f"; {remark}" for remark in opened.left_out)
        hint = f"a table needs a target and at least one more column{left_out}"
        raise DataError(f"{path} has only one column that can be read", hint=hint)
    return opened


def _check_target(table: Table, target: Sequence[str]) -> None:
    unknown = [name for name in target if name not in table.columns]
    if unknown:
        raise unknown_columns(unknown, table.columns, table.name)
    if len(set(target)) < len(target):
        raise DataError(f"--target names a column twice: {', '.join(target)}")


def _refuse_dressed(column: Column, path: Path) -> None:
    """Refuses a target of many unreadable numbers, each of which would become a class."""
    flaw = None if column.is_numeric else find_dressed_numbers(column)
    if flaw is not None and len(column.values) > FEW_TEXTS:
        raise DataError(f'{path}: column "{column.name}" {flaw.what}', hint=flaw.fix.partition(", or say")[0])


def _nothing_left(path: Path, dropped: dict[str, str]) -> DataError:
    reasons = [f"{name}: {reason}" for name, reason in dropped.items()]
    more = f"; and {count(len(reasons) - _TOLD, 'more column')}" if len(reasons) > _TOLD else ""
    what = f"{path} has no column to learn from, {count(len(reasons), 'column is', 'columns are')} dropped"
    return DataError(what, hint="; ".join(reasons[:_TOLD]) + more)


def _reason_of(note: str | None) -> str:
    """The reason out of `task: binary (inferred: target "x" has 2 values)`."""
    return note.partition("(")[2].removesuffix(")") if note else "as asked"


def _remarks(table: Table, data: Data, names: Sequence[str]) -> list[str]:
    """Remarks about the columns learned from, one line each."""
    told = [note for name in names for note in describe_units(table.columns[name])]
    told += [describe_codes(name) for name in names if are_codes(table.columns[name])]
    told += describe_amounts([name for name in names if could_be_codes(table.columns[name])])
    for name in names:
        column = table.columns[name]
        judgement, _ = judge(column, data, alone=False)
        for finding in find_column_oddities(column, table, data, judgement):
            if finding.level is Level.WARNING or finding.rule == "time_order":
                told.append(f"{name}: {finding.what}; {finding.fix}")
    return told
