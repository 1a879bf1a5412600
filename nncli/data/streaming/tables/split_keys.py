"""What the rows of a streamed table are split by, as 64-bit keys: the cells of the column that `data.split` names, and
hashes of whole rows where equal ones are dropped or kept together."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nncli.config.facts import DateColumn
from nncli.config.sections import Data
from nncli.data.dataset import hash_rows
from nncli.data.streaming.assigning import TEST, TRAIN, VALIDATION
from nncli.data.streaming.splits.dividing import Sets
from nncli.data.streaming.splits.grouping import MOST_GROUPS
from nncli.data.tables.files.columns import Column, Table
from nncli.data.tables.split_column import (
    describe_dates,
    find_group_flaws,
    find_moments,
    number_of,
    read_groups,
    read_moments,
    split_column_name,
)

_NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}


@dataclass(frozen=True)
class SplitKey:
    """The column that rows are split by. `date` is how its dates are written, None for groups and numbers; `undecided`
    a date of which day and month are not sure."""

    name: str
    by: str
    date: DateColumn | None = None
    undecided: str | None = None


def find_split_key(sample: Table, data: Data) -> SplitKey | None:
    """What the sample says about the column that rows are split by; None where chance alone decides.

    Raises DataError for times of day.
    """
    name = split_column_name(data)
    if name is None or data.split is None:
        return None
    if data.split.by == "group":
        return SplitKey(name, "group")
    found = find_moments(sample.columns[name], data.day_first)
    return SplitKey(name, "time") if found is None else SplitKey(name, "time", found.column, found.undecided)


class KeyReader:
    """Reads the keys of the pieces of a table, and keeps the groups in the order that they have in memory.

    `has_types` says that numbers are numbers in the table's files, and not text that is read as such.
    """

    def __init__(self, key: SplitKey, *, has_types: bool) -> None:
        self._key = key
        self._has_types = has_types
        self._order: dict[int, str] = {}
        self._are_numbers = False

    @property
    def group_order(self) -> np.ndarray | None:
        """The groups, uint64; None if there are more than are dealt one by one."""
        if len(self._order) > MOST_GROUPS:
            return None
        order = sorted(self._order, key=lambda each: float(self._order[each])) if self._are_numbers else self._order
        return np.fromiter(order, np.uint64, len(self._order))

    def meet(self, table: Table) -> None:
        """Takes note of the groups of a piece, those of rows without a target among them, as in memory."""
        if self._key.by != "group" or len(self._order) > MOST_GROUPS:
            return
        column = table.columns[self._key.name]
        # Texts have codes by their appearance, numbers of a Parquet file, which are never words, by their size.
        self._are_numbers = self._has_types and column.encode_words is None
        texts = column.dictionary[1][: 2 * MOST_GROUPS]
        for group, text in zip(hash_texts(texts).tolist(), texts, strict=True):
            self._order.setdefault(group, text)

    def read(self, table: Table) -> tuple[str, np.ndarray]:
        """`groups` and their hashes, uint64 (rows,), or `moments` and these, int64 (rows,).

        Raises DataError for a cell that is empty or no date.
        """
        column = table.columns[self._key.name]
        if self._key.by == "group":
            codes = read_groups(column, table.rows)
            return "groups", hash_texts(column.dictionary[1])[codes]
        return "moments", read_moments(column, table.rows, self._key.date)


def hash_texts(texts: Iterable[str]) -> np.ndarray:
    """A hash of each text, uint64 (n,), the same in every process."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), np.uint64)


def hash_cells(table: Table, names: Iterable[str], numeric: Collection[str]) -> np.ndarray:
    """A hash of the cells of each row in these columns, uint64 (rows,); equal numbers are equal cells in those that are
    `numeric`, equal texts in the others."""
    return hash_rows([_hash_column(table.columns[name], is_numeric=name in numeric) for name in names])


def _hash_column(column: Column, *, is_numeric: bool) -> np.ndarray:
    hashes = np.zeros(len(column), np.uint64)
    is_text = column.present & ~column.numeric if is_numeric else column.present
    if is_numeric:
        # Adding 0.0 turns -0.0 into 0.0, which is equal but has other bits.
        hashes = np.where(column.numeric, column.numbers + 0.0, np.nan).view(np.uint64)
    if is_text.any():
        codes, texts = column.dictionary
        hashes[is_text] = hash_texts(texts)[codes[is_text]]
    return hashes


def describe_sets(key: SplitKey, sets: Sets, learned: Iterable[str]) -> list[str]:
    """Notes on how the rows came to be split by the column, and whether it is among the inputs."""
    if sets.groups is not None:
        told = ", ".join(f"{_NAMES[place]} {count:,}" for place, count in sets.groups.items() if count)
        return [f"split by {key.name}: of {sum(sets.groups.values()):,} groups, {told}"]
    if sets.spans is None:
        return []
    told = ", ".join(f"{_NAMES[place]} {_span(key, *span)}" for place, span in sorted(sets.spans.items()))
    return [
        f"split by {key.name}: {told}",
        *describe_dates(key.name, key.undecided, is_learned=key.name in set(learned)),
    ]


def find_set_flaws(data: Data, key: SplitKey, rows: Mapping[str, int], learned: Iterable[str]) -> list[str]:
    """Warnings on groups, as for a table in memory; `rows` are those of each set."""
    if key.by != "group":
        return []
    return find_group_flaws(data, key.name, rows["test"], sum(rows.values()), is_learned=key.name in set(learned))


def _span(key: SplitKey, first: int, last: int) -> str:
    texts = [_moment(key, first), _moment(key, last)]
    return texts[0] if first == last else f"{texts[0]} to {texts[1]}"


def _moment(key: SplitKey, moment: int) -> str:
    """A number, or a date with its time of day if it has one: 2024-12-31, 2024-12-31 23:59:59."""
    if key.date is None:
        return f"{number_of(moment):.15g}"
    day, _, time = str(np.datetime64(moment, "us")).partition("T")
    time = time.rstrip("0").rstrip(".") if "." in time else time
    return day if moment % 86_400_000_000 == 0 else f"{day} {time}"
