"""Decides from a sample of a table what is predicted and which columns are learned from, by the rules for whole tables.

What the sample cannot know (all classes, constant columns, statistics) is settled by the pass over all rows.
"""

from dataclasses import dataclass, replace

import numpy as np

from nncli.config.facts import DateColumn, DatePart, Task
from nncli.config.sections import Data
from nncli.data.splits.dividing import refuse_together_in_time
from nncli.data.splitting import refuse_duplicates
from nncli.data.streaming.tables.sources import Source
from nncli.data.streaming.tables.split_keys import SplitKey, find_split_key
from nncli.data.tables.features.choosing import Features, check_names, choose_features, judge_columns
from nncli.data.tables.features.dates import find_dates
from nncli.data.tables.features.split_hints import suggest_split
from nncli.data.tables.features.words import reread
from nncli.data.tables.files.columns import Table
from nncli.data.tables.leakage import find_twins
from nncli.data.tables.loading import asked_task, target_names
from nncli.data.targets import Goal, choose_goal, encode_targets
from nncli.errors import DataError

_PARTS: tuple[DatePart, ...] = ("year", "month", "weekday", "hour")
# Judged by neighbouring rows: only these show that numbers count the rows.
_OF_NEIGHBOURS = ("counter", "identifier")


@dataclass(frozen=True)
class Plan:
    """What to do with each row of a source.

    `goal` has the classes of the sample; `dates` have all parts, of which those are kept that vary; `kept` are words
    for a missing value that are values; `twins` are columns like the target; `notes` and `warnings` are for the user;
    `key` is what the rows are split by, None where chance alone decides; `compared` are the columns in which equal rows
    are equal, where it matters, and `numeric` those with numbers alone.
    """

    source: Source
    targets: tuple[str, ...]
    goal: Goal
    features: Features
    dates: tuple[DateColumn, ...]
    kept: dict[str, tuple[str, ...]]
    twins: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    key: SplitKey | None = None
    compared: tuple[str, ...] = ()
    numeric: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[str]:
        """All columns that are read."""
        return list(dict.fromkeys([*self.targets, *self.features.names, *([self.key.name] if self.key else [])]))

    @property
    def has_classes(self) -> bool:
        """Whether the target is one of several classes."""
        return self.goal.task in (Task.BINARY, Task.MULTICLASS)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers that are encoded, those made from dates among them."""
        return (*self.features.numbers, *(name for date in self.dates for name in date.numbers))

    @property
    def row_bytes(self) -> int:
        """The bytes of an encoded row: inputs, targets, row number, and what rows are split by."""
        targets = 1 if self.has_classes else len(self.targets)
        keys = 1 + (self.key is not None) + bool(self.compared)
        return 4 * (len(self.numbers) + len(self.features.categories) + targets) + 8 * keys


def make_plan(source: Source, data: Data) -> Plan:
    """The plan for the rows of a source.

    Raises:
        DataError: the target or a column cannot be used as the config requires.
    """
    data = data.model_copy(update={"summary": "keep"})
    sample = source.sample()
    names = target_names(sample, data)
    again = reread(sample, data)
    table = _with_target(again.table, names)
    data = _without_counters(source, data, names)
    columns = [table.columns[name] for name in names]
    goal, note = choose_goal(columns, data.task or asked_task(columns[0], data))
    features = choose_features(table, data, names)
    hint = suggest_split(table, data, names, features.names)
    dates = [find_dates(table.columns[name], data.day_first).column for name in features.dates]
    return Plan(
        source,
        names,
        goal,
        features,
        tuple(date.model_copy(update={"parts": _parts(date)}) for date in dates),
        again.kept,
        find_twins(table, features, goal, encode_targets(goal, columns)),
        (*sample.notes, *again.notes, *([note] if note else []), *features.notes),
        (hint.warning,) if hint is not None else (),
        find_split_key(table, data),
        _compared(data, features, names),
        frozenset(name for name, column in table.columns.items() if column.is_numeric),
    )


def _compared(data: Data, features: Features, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The columns in which equal rows are equal, as in memory; none where equal rows are kept."""
    if data.duplicates == "keep":
        return ()
    refuse_duplicates(data, has_test=isinstance(data.test, str))
    refuse_together_in_time(data)
    return features.names if data.duplicates == "together" else (*features.names, *targets)


def _with_target(table: Table, names: tuple[str, ...]) -> Table:
    present = np.logical_and.reduce([table.columns[name].present for name in names])
    if not present.any():
        raise DataError(f"{table.name}: no row of the sample has a value in the target {', '.join(names)}")
    return table if present.all() else table.take(np.flatnonzero(present))


def _without_counters(source: Source, data: Data, names: tuple[str, ...]) -> Data:
    """The section without columns that only count or tell apart the first rows."""
    head = source.head()
    check_names(head, data, names)
    judged = judge_columns(_with_target(head, names), data, names)
    drop = [name for name, judgement in judged.items() if judgement.rule in _OF_NEIGHBOURS]
    return data.model_copy(update={"drop": (*data.drop, *drop)}) if drop else data


def _parts(date: DateColumn) -> tuple[DatePart, ...]:
    return tuple(part for part in _PARTS if date.has_days or part == "hour")


def without(plan: Plan, names: tuple[str, ...], notes: tuple[str, ...]) -> Plan:
    """The plan without some of its columns, each with the reason."""
    features = plan.features
    kept = replace(
        features,
        numbers=tuple(name for name in features.numbers if name not in names),
        categories=tuple(name for name in features.categories if name not in names),
    )
    return replace(plan, features=kept, notes=(*plan.notes, *notes))
