"""Makes a data set from a table: its target, its columns, its split, and warnings. Reads CSV and Parquet files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nncli.config.describing.writing import format_text
from nncli.config.facts import DataFacts, TableInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Part, make_dataset
from nncli.data.plurals import count
from nncli.data.splits.dividing import divide
from nncli.data.splitting import first_of_each, refuse_duplicates
from nncli.data.tables.encoding import encode_parts, encode_table, learn_columns
from nncli.data.tables.features.choosing import Features, check_names, choose_features
from nncli.data.tables.features.flaws import check_numbers
from nncli.data.tables.features.split_hints import suggest_split
from nncli.data.tables.features.words import reread, reread_as
from nncli.data.tables.files import reading
from nncli.data.tables.files.columns import Column, Table, unknown_columns
from nncli.data.tables.files.format_guess import are_blank_separated, sniff
from nncli.data.tables.files.parquet import read_parquet
from nncli.data.tables.leakage import describe_repeats, find_twins, hash_columns
from nncli.data.tables.split_column import describe_split, find_split_flaws, split_column_name, split_rows_of
from nncli.data.targets import Goal, choose_goal, describe, encode_targets, strata
from nncli.errors import DataError

# Training, validation and test set; and the most rare classes that get a warning.
_SETS = 3
_SHOWN = 3


def load_file(data: Data, *, seed: int) -> Dataset:
    """The data set of a CSV or Parquet file.

    Raises:
        DataError: the file, a column or a value cannot be used as the config requires.
    """
    if data.path is None:
        raise DataError(f"data.path: source {data.source} needs `path`: the table's file")
    test = read(data.test, data) if isinstance(data.test, str) else None
    return load_table(read(data.path, data), data, seed=seed, test=test)


def read(path: str, data: Data, only: str | None = None) -> Table:
    """One table, read in the source and text format of the config; of a large one that has it, `only` a column."""
    if data.source == "parquet":
        return read_parquet(Path(path), data.missing, only)
    return reading.read_csv(Path(path), data.text_format, only)


def load_table(table: Table, data: Data, *, seed: int, test: Table | None = None) -> Dataset:
    """A data set from a table in memory; without `test`, a part of its rows becomes the test set."""
    names = target_names(table, data)
    notes = list(table.notes)
    again = reread(table, data)
    notes += again.notes
    table = _with_target(again.table, names, notes)
    targets = [table.columns[name] for name in names]
    goal, note = choose_goal(targets, data.task or asked_task(targets[0], data))
    notes += [note] if note else []
    features = choose_features(table, data, names)
    notes += features.notes
    table, groups = _without_duplicates(table, data, features, names, notes, has_test=test is not None)
    targets = [table.columns[name] for name in names]
    values = encode_targets(goal, targets)
    by = table.columns.get(split_column_name(data) or "")
    rows = split_rows_of(data, by, table.rows, strata=strata(goal, values), copies=groups)
    split = divide(data, rows, seed=seed, has_test=test is not None)
    hint = suggest_split(table, data, names, features.names)
    warnings = [*_rare_classes(goal, values, table), *([hint.warning] if hint is not None else [])]
    if by is not None:
        notes += describe_split(data, by, split, features.names)
        warnings += find_split_flaws(data, by, split, features.names)
    table, inputs = learn_columns(table, features, split.train, data)
    inputs = inputs.model_copy(update={"kept": again.kept})
    target, twins = describe(goal, values[split.train]), find_twins(table, features, goal, values)
    facts = DataFacts(source=data.source, inputs=inputs, target=target, rows={}, twins=twins)
    dealt = (split.train, split.validation, split.test)
    train, validation, held = (
        Part(encoded, values[rows], table.rows[rows])
        for encoded, rows in zip(encode_parts(table, inputs, dealt), dealt, strict=True)
    )
    del table, targets  # as large as all sets together
    if data.duplicates == "keep":
        notes += describe_repeats([train, validation, held])
    notes += small_classes(goal, facts)
    if test is not None and not len(held):  # a fold is tested on rows of its own
        held = _test_part(test, facts, features, notes)
    return replace(make_dataset(facts, train, validation, held, notes), warnings=tuple(warnings))


def _without_duplicates(
    table: Table, data: Data, features: Features, targets: Sequence[str], notes: list[str], *, has_test: bool
) -> tuple[Table, np.ndarray | None]:
    """The rows that `duplicates` keeps, and the group of each row if equal rows must stay together, otherwise None."""
    if data.duplicates == "keep":
        return table, None
    refuse_duplicates(data, has_test=has_test)
    learned = [table.columns[name] for name in features.names]
    if data.duplicates == "together":
        return table, hash_columns(learned)
    kept = first_of_each(hash_columns([*learned, *(table.columns[name] for name in targets)]))
    if len(kept) == len(table):
        return table, None
    notes.append(f"{count(len(table) - len(kept), 'row')} dropped, equal to an earlier one")
    return table.take(kept), None


def label_rows(table: Table, facts: DataFacts) -> Part:
    """The rows of a table with their targets, encoded as `facts` says; rows without a target are dropped.

    Raises:
        DataError: a column is missing, a class is unknown, or a number column has text.
    """
    if not isinstance(facts.inputs, TableInput):
        raise DataError(f"{table.name} is a table, but the model was trained on images")
    absent = [name for name in facts.target.columns if name not in table.columns]
    if absent:
        raise unknown_columns(absent, table.columns, table.name)
    rows = len(table)
    table = _with_target(reread_as(table, facts.inputs), facts.target.columns, [])
    targets = encode_targets(facts.target, [table.columns[name] for name in facts.target.columns])
    encoded = encode_table(table, facts.inputs)
    if encoded.failures:
        row, reason = min(encoded.failures.items())
        raise DataError(
            f"{table.name}: {count(len(encoded.failures), 'row')} cannot be used; row {table.rows[row] + 1}: {reason}"
        )
    return Part(encoded.inputs, targets, table.rows, unlabelled=rows - len(table))


def target_names(table: Table, data: Data) -> tuple[str, ...]:
    """The columns to predict. Raises DataError where a name in the config does not fit the table."""
    if len(table.columns) == 1 and data.source == "csv":
        raise _one_column(table, data)
    if not data.target:
        raise DataError(
            "a table needs `target`: the column to predict", hint=f"its columns are: {', '.join(table.columns)}"
        )
    check_names(table, data, data.target)
    return check_target(table, data.target)


def check_target(table: Table, names: Sequence[str], called: str = "data.target") -> tuple[str, ...]:
    """The names of the targets; `called` is the key or option with which the user gave them.

    Raises:
        DataError: a name is not a column, or is given twice.
    """
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        error = unknown_columns(unknown, table.columns, table.name)
        raise DataError(f"{called}: {error.message}", hint=error.hint)
    if len(set(names)) < len(names):
        raise DataError(f"{called} names a column twice: {', '.join(names)}")
    return tuple(names)


def _one_column(table: Table, data: Data) -> DataError:
    column = next(iter(table.columns.values()))
    guess = sniff(column.name) or sniff(column.text(0))
    hint = f"say `delimiter: {guess!r}` under data".replace("'", '"') if guess else None
    if guess is None and are_blank_separated([column.name, *column.values[:20]]):
        hint = "say `delimiter: whitespace` under data"
        return DataError(f"{table.name} has only one column: its cells seem to be separated by blanks", hint=hint)
    return DataError(
        f"{table.name} has only one column, {column.name[:60]!r}, when read with the delimiter {data.delimiter!r}",
        hint=hint or "a table needs a target and at least one more column",
    )


def _with_target(table: Table, names: tuple[str, ...], notes: list[str]) -> Table:
    """The rows that have a value in every target."""
    present = np.logical_and.reduce([table.columns[name].present for name in names])
    missing = int((~present).sum())
    if missing == len(present):
        raise DataError(f"{table.name}: no row has a value in the target {', '.join(names)}")
    if not missing:
        return table
    notes.append(f"{', '.join(names)}: {count(missing, 'row')} without a target dropped")
    return table.take(np.flatnonzero(present))


def asked_task(column: Column, data: Data) -> Task | None:
    """The task implied by the type of the target in `columns`, or None."""
    kind = data.columns.get(column.name)
    if kind is None:
        return None
    if kind == "number":
        return Task.REGRESSION
    return Task.BINARY if len(column.values) == 2 else Task.MULTICLASS


def _test_part(test: Table, facts: DataFacts, features: Features, notes: list[str]) -> Part:
    absent = [name for name in features.names if name not in test.columns]
    if absent:
        raise unknown_columns(absent, test.columns, test.name)
    for name in features.numbers:
        check_numbers(test.columns[name], test, facts.inputs.missing if isinstance(facts.inputs, TableInput) else ())
    part = label_rows(test, facts)
    if part.unlabelled:
        notes.append(f"test: {count(part.unlabelled, 'row')} without a target dropped")
    return part


def _rare_classes(goal: Goal, values: np.ndarray, table: Table) -> tuple[str, ...]:
    """A warning for each class with fewer rows than there are sets, with its row numbers."""
    if not goal.classes:
        return ()
    numbers = values.reshape(-1).astype(np.int64)
    counts = np.bincount(numbers, minlength=len(goal.classes))
    warnings = []
    for index in np.flatnonzero((counts > 0) & (counts < _SETS))[:_SHOWN]:
        rows = ", ".join(str(row + 1) for row in table.rows[numbers == index])
        warnings.append(
            f'class "{goal.classes[index]}" has only {count(int(counts[index]), "row")} ({rows}), fewer than there are '
            "sets: drop or correct them, or read it as another class by `values: {OTHER: "
            f"[{format_text(goal.classes[index])}]}}`"
        )
    return tuple(warnings)


def small_classes(goal: Goal, facts: DataFacts) -> list[str]:
    """A note on classes with few training rows."""
    small = [name for name, count in zip(goal.classes, facts.target.class_counts, strict=False) if count < 5]
    if not small:
        return []
    return [f"target: fewer than 5 training rows for {', '.join(small[:10])}; expect poor predictions of them"]
