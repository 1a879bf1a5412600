"""From raw rows to the sets of a data set: split, statistics of the training set, vocabularies, arrays in the cache."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nncli.config.describing.writing import format_text
from nncli.config.facts import CategoryColumn, DataFacts, TableInput, Target, Task
from nncli.config.sections import Data
from nncli.data.dataset import count_distinct
from nncli.data.plurals import count
from nncli.data.streaming.assigning import TEST, TRAIN, hash_numbers
from nncli.data.streaming.entries import PARTS
from nncli.data.streaming.splits.dividing import divide_streamed
from nncli.data.streaming.splits.rows import KeyedRows
from nncli.data.streaming.statistics import ColumnStatistics, measure_columns
from nncli.data.streaming.storing import ArrayWriter
from nncli.data.streaming.tables.collecting import RawRows
from nncli.data.streaming.tables.measured import number_column, varying_parts
from nncli.data.streaming.tables.own_test import collect_test
from nncli.data.streaming.tables.planning import Plan
from nncli.data.streaming.tables.sources import Source
from nncli.data.streaming.tables.split_keys import describe_sets, find_set_flaws
from nncli.data.streaming.tables.vocabularies import places_in, settle_goal, vocabulary_of
from nncli.data.tables.encoding import bin_edges
from nncli.data.tables.loading import small_classes
from nncli.data.targets import class_targets, describe
from nncli.errors import DataError

# The bins of an encoding are those of this many training rows, chosen by a hash; of wide rows, of this many numbers.
_BIN_ROWS, _BIN_NUMBERS = 500_000, 1 << 25
_BIN_SEED = 1
_SETS = 3


@dataclass(frozen=True)
class Finished:
    """What is known of the sets that were written."""

    facts: DataFacts
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def finish(
    plan: Plan,
    data: Data,
    raw: RawRows,
    writer: ArrayWriter,
    *,
    seed: int,
    test: Source | None,
    progress: Callable[[float], None],
) -> Finished:
    """Splits the rows, measures the training set and writes the arrays `train_numbers`, `test_targets` and so on.

    `test` is the test set that has files of its own.

    Raises:
        DataError: there are too few rows or classes, no column is left, or a row of the test set cannot be used.
        OSError: a file cannot be written.
    """
    work = _Finishing(plan, data, raw, seed, has_test=test is not None)
    progress(0.1)
    target = work.measure_target()
    inputs = work.measure_inputs()
    facts = DataFacts(source=data.source, target=target, inputs=inputs, rows={}, twins=plan.twins)
    progress(0.4)
    own = None
    if test is not None:
        own = collect_test(test, plan, data, facts, raw.files.folder, lambda share: progress(0.4 + share / 5))
        own.write(writer)
    rows = work.write(writer, inputs, lambda share: progress(0.6 + share / 2.5), is_tested=own is None)
    facts = facts.model_copy(update={"rows": {**rows, "test": own.files.rows} if own is not None else rows})
    notes = (*work.notes(facts), *(own.notes if own is not None else ()))
    return Finished(facts, notes, (*plan.warnings, *work.warnings(facts.rows)))


class _Finishing:
    def __init__(self, plan: Plan, data: Data, raw: RawRows, seed: int, *, has_test: bool) -> None:
        self._plan, self._data, self._raw, self._seed = plan, data, raw, seed
        self._goal, self._class_of = settle_goal(plan, raw.classes)
        self._left_out: list[str] = []
        rows = KeyedRows(
            raw.files.rows,
            lambda first, end: raw.files.read("rows", first, end)[:, 0],
            None if self._class_of is None else self._classes,
            len(self._goal.classes),
            groups=raw.reader("groups"),
            group_order=raw.group_order,
            moments=raw.reader("moments"),
            copies=raw.reader("copies") if data.duplicates == "together" else None,
        )
        self._split = divide_streamed(data, rows, seed=seed, has_test=has_test)
        self.sets = self._split.of

    def measure_target(self) -> Target:
        """The target with the statistics of the training set."""
        if self._goal.task in (Task.BINARY, Task.MULTICLASS):
            counts = np.zeros(len(self._goal.classes), np.int64)
            for codes in self._training("targets"):
                counts += np.bincount(self._class(codes[:, 0]), minlength=len(counts))
            target = describe(self._goal, class_targets(self._goal.task, np.arange(len(counts))))
            rate = (float(counts[1] / counts.sum()),) if self._goal.task is Task.BINARY else ()
            return target.model_copy(update={"class_counts": tuple(counts.tolist()), "mean": rate})
        columns = measure_columns(lambda: self._training("targets"), len(self._plan.targets))
        mean = tuple(column.mean for column in columns)
        if self._goal.task is Task.MULTILABEL:
            return Target(task=self._goal.task, columns=self._goal.columns, mean=mean)
        return Target(
            task=self._goal.task,
            columns=self._goal.columns,
            mean=mean,
            minimum=tuple(float(column.minimum or 0.0) for column in columns),
            median=tuple(column.median for column in columns),
            deviation=tuple(column.deviation for column in columns),
            distinct=tuple(self._distinct(place) for place in range(len(columns))),
        )

    def _distinct(self, place: int) -> int:
        return count_distinct(np.concatenate([block[:, place] for block in self._training("targets")]))

    def measure_inputs(self) -> TableInput:
        """The columns with the statistics of the training set; columns without information are left out."""
        plan, data = self._plan, self._data
        found: dict[str, ColumnStatistics] = {}
        if plan.numbers:
            measured = measure_columns(lambda: self._training("numbers"), len(plan.numbers))
            found = dict(zip(plan.numbers, measured, strict=True))
        bins = 0 if data.numbers.encoding == "standard" else data.numbers.bins
        edges = self._edges(bins) if bins and plan.numbers else {}
        dates = [date.model_copy(update={"parts": varying_parts(date, found)}) for date in plan.dates]
        first_of_dates = {date.numbers[0] for date in dates}
        of_dates = {name for date in dates for name in date.numbers}
        chosen = [name for name in plan.features.numbers if self._is_useful(name, found[name])]
        numbers = [
            number_column(name, found[name], edges.get(name, ()), lacks=name not in of_dates or name in first_of_dates)
            for name in (*chosen, *(name for date in dates for name in date.numbers))
        ]
        categories = self._categories()
        if not numbers and not categories:
            raise DataError(f"{plan.source.name} has no column to learn from", hint="; ".join(self._left_out))
        return TableInput(
            numbers=tuple(numbers),
            categories=tuple(categories),
            dates=tuple(dates),
            columns=plan.source.names,
            number_encoding=data.numbers.encoding,
            with_standard=data.numbers.with_standard and data.numbers.encoding != "standard",
            values=data.values,
            kept=plan.kept,
            **data.text_format.model_dump(),
        )

    def _is_useful(self, name: str, found: ColumnStatistics) -> bool:
        """Whether a column of numbers varies; one that the config names is learned from in any case."""
        if name in self._data.columns or name in (self._data.features or ()):
            return True
        if found.count and (found.missing or found.minimum != found.maximum):
            return True
        what = f"it is {found.minimum:g} in every row" if found.count else "it has no values"
        self._left_out.append(f"{name}: dropped, {what}")
        return False

    def _categories(self) -> list[CategoryColumn]:
        if not self._raw.words:
            return []
        counts = [np.zeros(len(words.codes) + 1, np.int64) for words in self._raw.words]
        for block in self._training("words"):
            for index, each in enumerate(counts):
                each += np.bincount(block[:, index], minlength=len(each))
        columns = []
        for name, words, each in zip(self._plan.features.categories, self._raw.words, counts, strict=True):
            known = int(each[1:].sum())
            if words.unknown > known and name not in self._data.columns and name not in (self._data.features or ()):
                told = f"more than {len(words.codes):,} different texts teach nothing about new rows"
                self._left_out.append(f"{name}: dropped, {told}")
                continue
            columns.append(CategoryColumn(name=name, vocabulary=vocabulary_of(words, each)))
        return columns

    def _edges(self, bins: int) -> dict[str, tuple[float, ...]]:
        """The edges of the bins of each column, of the training rows or of many of them."""
        most = min(_BIN_ROWS, _BIN_NUMBERS // len(self._plan.numbers))
        share = min(1.0, most / max(1, int((self.sets == TRAIN).sum())))
        limit = np.uint64(min(2**64 - 1, int(share * 2**64)))
        kept = []
        for numbers, rows in zip(self._training("numbers"), self._training("rows"), strict=True):
            kept.append(numbers[hash_numbers(rows[:, 0], _BIN_SEED) <= limit])
        some = np.concatenate(kept)
        columns = ((name, some[:, index]) for index, name in enumerate(self._plan.numbers))
        return {name: bin_edges(values[~np.isnan(values)], bins) for name, values in columns}

    def write(
        self, writer: ArrayWriter, inputs: TableInput, progress: Callable[[float], None], *, is_tested: bool
    ) -> dict[str, int]:
        """Writes the arrays of all sets, in the order of the rows, and counts the rows; those of the test set unless it
        has files of its own."""
        parts = {name: place for place, name in enumerate(PARTS) if is_tested or place != TEST}
        places = [self._plan.numbers.index(column.name) for column in inputs.numbers]
        words = [self._plan.features.categories.index(column.name) for column in inputs.categories]
        tables = [
            places_in(self._raw.words[place], column.vocabulary)
            for place, column in zip(words, inputs.categories, strict=True)
        ]
        counts = {name: int((self.sets == place).sum()) for name, place in parts.items()}
        for name, rows in counts.items():
            if places:
                writer.add(f"{name}_numbers", (rows, len(places)), np.dtype(np.float32))
            if words:
                writer.add(f"{name}_categories", (rows, len(words)), np.dtype(np.int32))
            sample = self._targets(self._raw.files.read("targets", 0, 1))
            writer.add(f"{name}_targets", (rows, *sample.shape[1:]), sample.dtype)
            writer.add(f"{name}_rows", (rows,), np.dtype(np.int64))
        for first, end in self._raw.files.blocks():
            arrays = {
                "targets": self._targets(self._raw.files.read("targets", first, end)),
                "rows": self._raw.files.read("rows", first, end)[:, 0],
            }
            if places:
                arrays["numbers"] = self._raw.files.read("numbers", first, end)[:, places]
            if words:
                block = self._raw.files.read("words", first, end)
                arrays["categories"] = np.stack(
                    [table[block[:, place]] for place, table in zip(words, tables, strict=True)], axis=1
                )
            for name, place in parts.items():
                chosen = self.sets[first:end] == place
                for key, array in arrays.items():
                    writer.write(f"{name}_{key}", array[chosen])
            progress(end / self._raw.files.rows)
        return counts

    def notes(self, facts: DataFacts) -> Iterator[str]:
        """What the user is told about the rows."""
        yield from self._plan.notes
        yield from self._left_out
        if self._raw.dropped:
            names = ", ".join(self._plan.targets)
            yield f"{names}: {count(self._raw.dropped, 'row')} without a target dropped"
        if self._raw.repeated:
            yield f"{count(self._raw.repeated, 'row')} dropped, equal to an earlier one"
        if self._plan.key is not None:
            yield from describe_sets(self._plan.key, self._split, self._plan.features.names)
        yield from small_classes(self._goal, facts)

    def warnings(self, rows: dict[str, int]) -> Iterator[str]:
        """What is probably a mistake: classes with fewer rows than there are sets, groups that say nothing about new
        ones; `rows` are those of each set."""
        if self._plan.key is not None:
            yield from find_set_flaws(self._data, self._plan.key, rows, self._plan.features.names)
        if self._class_of is None:
            return
        counts = np.zeros(len(self._goal.classes), np.int64)
        for first, end in self._raw.files.blocks():
            counts += np.bincount(self._classes(first, end), minlength=len(counts))
        for index in np.flatnonzero(counts < _SETS)[:_SETS]:
            name = self._goal.classes[index]
            yield (
                f'class "{name}" has only {count(int(counts[index]), "row")}, fewer than there are sets: drop or '
                f"correct them, or read it as another class by `values: {{OTHER: [{format_text(name)}]}}`"
            )

    def _classes(self, first: int, end: int) -> np.ndarray:
        return self._class(self._raw.files.read("targets", first, end)[:, 0])

    def _class(self, codes: np.ndarray) -> np.ndarray:
        if self._class_of is None:
            return codes
        found: np.ndarray = self._class_of[codes]
        return found

    def _targets(self, raw: np.ndarray) -> np.ndarray:
        """Targets in the form of `Part.targets`."""
        return raw if self._class_of is None else class_targets(self._goal.task, self._class(raw[:, 0]))

    def _training(self, name: str) -> Iterator[np.ndarray]:
        """The rows of the training set of a raw file, block by block."""
        for first, end in self._raw.files.blocks():
            yield self._raw.files.read(name, first, end)[self.sets[first:end] == TRAIN]
