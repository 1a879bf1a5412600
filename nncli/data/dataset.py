"""The values that this package returns: inputs, targets and sets as arrays; does not depend on files or models."""

import hashlib
import math
import mmap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts

# {"image": uint8 or float32 (n, height, width, channels)} or
# {"numbers": float32 (n, k), NaN for missing, "categories": int32 (n, m)}; a key is absent when k or m is 0.
Inputs = dict[str, np.ndarray]

# Called with a description of the current work and the fraction done, from 0 to 1.
Progress = Callable[[str, float], None]

# Alignment in bytes that the widest vector instructions of a CPU need.
_ALIGNMENT = 64
_CHUNK = 1 << 14
_LET_GO = _CHUNK << 4
_READ_BYTES = 1 << 22


@dataclass(frozen=True)
class Part:
    """Examples that belong together: the training, validation or test set.

    `targets` is float32 (n, 1) of 0 and 1 for binary, int32 (n,) for multiclass, float32 (n, labels) for multilabel and
    float32 (n, targets) in the target's own units for regression. `rows`, int64 (n,), are the row numbers of the
    examples in their source, counted from 0. `files` are the files of the examples, relative to the data folder; it is
    empty for sources whose examples are not separate files. `unlabelled` is the number of rows dropped because they
    have no target.
    """

    inputs: Inputs
    targets: np.ndarray
    rows: np.ndarray
    files: tuple[str, ...] = ()
    unlabelled: int = 0

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Part":
        """Only these examples (indices or a mask)."""
        inputs = {name: array[rows] for name, array in self.inputs.items()}
        files = tuple(np.array(self.files)[rows].tolist()) if self.files else ()
        return Part(inputs, self.targets[rows], self.rows[rows], files)


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training; `notes` tell the user how it was read, `warnings` what is probably a mistake.

    The arrays of one that `is_streamed` are memory maps of files that may be larger than memory (see `streaming`).
    """

    facts: DataFacts
    train: Part
    validation: Part
    test: Part
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    is_streamed: bool = False
    known_fingerprint: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 (hex) over all arrays, to compare runs by; computed on first access, at 2 GB per second."""
        if self.known_fingerprint is not None:
            return self.known_fingerprint
        return fingerprint(self.facts, {"train": self.train, "validation": self.validation, "test": self.test})


def part_of(inputs: Inputs, targets: np.ndarray, rows: np.ndarray | None = None) -> Part:
    """The examples at `rows` (int64), or all of them without a copy."""
    if rows is None:
        return Part(inputs, targets, np.arange(len(targets), dtype=np.int64))
    return Part({name: _take(array, rows) for name, array in inputs.items()}, targets[rows], rows)


def _take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # Any mode but the default writes to `out` without a temporary copy; all indices are valid.
    return np.take(array, rows, axis=0, out=make_room((len(rows), *array.shape[1:]), array.dtype), mode="clip")


def make_room(shape: tuple[int, ...], kind: np.dtype | type) -> np.ndarray:
    """An uninitialized array, aligned in memory so that TensorFlow can use it without a copy."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(kind).reshape(shape)


def count_distinct(values: np.ndarray) -> int:
    """The number of distinct values in (n,), by sorting, which takes a tenth of the time of NumPy's `unique`."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(1, len(ordered))


def distinct_values(values: np.ndarray) -> np.ndarray:
    """The distinct values of (n,), ascending. NumPy's `unique` would import masked arrays first, which takes 10 ms."""
    ordered = np.sort(values)
    distinct: np.ndarray = ordered[np.concatenate((np.ones(min(1, len(ordered)), bool), ordered[1:] != ordered[:-1]))]
    return distinct


def make_dataset(facts: DataFacts, train: Part, validation: Part, test: Part, notes: list[str]) -> Dataset:
    """Assemble a data set from its sets; fills in `facts.rows` and the untested classes."""
    parts = {"train": train, "validation": validation, "test": test}
    target = facts.target.model_copy(update={"untested": _untested(facts.target.classes, test.targets)})
    rows = {name: len(part) for name, part in parts.items()}
    facts = facts.model_copy(update={"rows": rows, "target": target})
    return Dataset(facts, train, validation, test, tuple(notes))


def _untested(classes: tuple[str, ...], targets: np.ndarray) -> tuple[str, ...]:
    """The classes that do not occur in `targets`; empty if there are no rows or no classes."""
    if not classes or not len(targets):
        return ()
    seen = set(distinct_values(targets.reshape(-1)).astype(int).tolist())
    return tuple(name for index, name in enumerate(classes) if index not in seen)


def fingerprint(facts: DataFacts, parts: dict[str, Part]) -> str:
    """A sha256 (hex) over the bytes of all arrays, their shapes and types, and the names of columns and classes."""
    digest = hashlib.sha256()
    names = [part_name for part_name in parts] + [*facts.target.columns, *facts.target.classes]
    digest.update("\0".join(names).encode())
    for part_name, part in parts.items():
        for name, array in [*sorted(part.inputs.items()), ("targets", part.targets)]:
            digest.update(f"{part_name}/{name}/{array.dtype}/{array.shape}".encode())
            for content in _contents(array):
                digest.update(content)
    return digest.hexdigest()


def _contents(array: np.ndarray) -> Iterator[memoryview | bytes]:
    """The bytes of an array; of a whole memory map read from its file, so that they do not stay in memory."""
    if isinstance(array, np.memmap) and not isinstance(array.base, np.memmap) and array.flags.c_contiguous:
        with Path(str(array.filename)).open("rb") as file:
            file.seek(array.offset)
            while content := file.read(_READ_BYTES):
                yield content
    else:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def let_go(arrays: Iterable[np.ndarray]) -> None:
    """Gives the pages of memory maps that were read back to the system; they are read again where they are needed."""
    for array in arrays:
        whole: Any = array
        while isinstance(whole, np.ndarray):  # a view of a map has the map as its base, which has the file's pages
            whole = whole.base
        if isinstance(whole, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            whole.madvise(mmap.MADV_DONTNEED)


def hash_rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """A hash, uint64 (n,), of the bytes of each row of the arrays (n, ...) together; the same in every process."""
    # -1 would be refused where there are no rows.
    flat = [np.asarray(part).reshape(len(part), math.prod(np.shape(part)[1:])) for part in parts]
    size = [-(-part.shape[1] * part.itemsize // 4) for part in flat]
    factors = np.random.default_rng(0).integers(0, 2**64, sum(size), np.uint64) | np.uint64(1)
    hashes = np.empty(len(flat[0]), np.uint64)
    for start in range(0, len(hashes), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        mixed = np.concatenate([_rows_as_words(part[chunk]) for part in flat], axis=1).astype(np.uint64) * factors
        mixed ^= mixed >> np.uint64(29)
        hashes[chunk] = (mixed * np.uint64(0x9E3779B97F4A7C15)).sum(axis=1, dtype=np.uint64)
        if start % _LET_GO == 0:
            let_go(flat)
    return hashes


def _rows_as_words(rows: np.ndarray) -> np.ndarray:
    """The bytes of each row as uint32 (n, words), padded with zeros."""
    content = np.ascontiguousarray(rows).view(np.uint8)
    missing = -content.shape[1] % 4
    return np.pad(content, ((0, 0), (0, missing))).view(np.uint32) if missing else content.view(np.uint32)


@dataclass(frozen=True)
class SeenRows:
    """For each row, bool (n,): whether it is in the training set, and whether it is only in the validation set."""

    training: np.ndarray
    validation: np.ndarray

    @property
    def new(self) -> np.ndarray:
        """The rows that are in neither, bool (n,)."""
        return np.asarray(~(self.training | self.validation))

    @property
    def any(self) -> bool:
        """Whether at least one row was seen."""
        return not self.new.all()

    @property
    def all(self) -> bool:
        """Whether every row was seen."""
        return not self.new.any()

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are in each set."""
        return {"training": int(self.training.sum()), "validation": int(self.validation.sum())}


def find_seen(part: Part, own: Dataset) -> SeenRows:
    """Which rows of `part` are in the training or validation set of `own`, by a 64-bit hash of inputs and target."""
    rows = _hash(part)
    training = _is_in(rows, _hash(own.train))
    return SeenRows(training, _is_in(rows, _hash(own.validation)) & ~training)


def _is_in(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Like NumPy's `isin`, which needs several times the memory of both."""
    found = np.zeros(len(hashes), bool)
    if len(known):
        known.sort()
        for start in range(0, len(hashes), _CHUNK):
            chunk = hashes[start : start + _CHUNK]
            found[start : start + _CHUNK] = known[np.minimum(np.searchsorted(known, chunk), len(known) - 1)] == chunk
    return found


def _hash(part: Part) -> np.ndarray:
    return hash_rows([*part.inputs.values(), part.targets.astype(np.float32)])
