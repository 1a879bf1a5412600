"""Reinterprets texts: words such as None that are values rather than missing, and values with several spellings.

Works on columns in memory, in training and prediction alike; does not depend on targets or files.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nncli.config.describing.writing import format_text
from nncli.config.facts import TableInput
from nncli.config.sections import MISSING, Data
from nncli.data.tables.features.flaws import is_mostly_numbers
from nncli.data.tables.features.summary import find_summary
from nncli.data.tables.files.columns import Column, Dictionary, Table, text_column

# A word for a missing value in more than this share of the cells of a text column is one of its values.
USUAL_SHARE = 0.03
# Words that can be values (no defect, Namibia, not applicable); other words always mean a missing value.
_WORDS = frozenset(("na", "n/a", "none", "null"))
# Columns with more different texts hold names or free text; their spellings are not compared.
_MOST_TEXTS = 1000
_SHOWN = 3
_SEPARATORS = re.compile(r"(?<=[^\W\d])[\s_./'’-]+(?=\w)|(?<=\d)[\s_./'’-]+(?=[^\W\d])|\.+$")

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Reread:
    """A table whose texts were reinterpreted; `kept` has the missing words that are values, by column name."""

    table: Table
    kept: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


def reread(table: Table, data: Data) -> Reread:
    """The table without summary rows, with spellings joined as in `data.values`, and with missing words read as values;
    with a note for each guess.

    A missing word is a value of a text column if `values` names it, or if it occurs in more than 3 % of the rows and
    the config leaves `missing` at its default.
    """
    table, summaries = _without_summary(table, data)
    kept = find_kept_words(table, data)
    columns = {name: _reread(column, kept.get(name, ()), data.values) for name, column in table.columns.items()}
    names = _used_names(table, data)
    guessed = [name for name, words in kept.items() if name in names and _are_guessed(words, data)]
    notes = [_describe_kept(table.columns[name], kept[name]) for name in guessed]
    again = replace(table, columns=columns)
    spellings = find_spellings(column for name, column in columns.items() if name in names)
    return Reread(again, kept, (*summaries, *notes, *describe_spellings(spellings)))


def _used_names(table: Table, data: Data) -> set[str]:
    """The columns that notes are written for: those that the config does not exclude."""
    wanted = set(table.columns) if data.features is None else {*data.features, *(data.target or ())}
    return wanted - set(data.drop)


def _without_summary(table: Table, data: Data) -> tuple[Table, list[str]]:
    rows = find_summary(table) if data.summary == "drop" else []
    if not rows:
        return table, []
    numbers = ", ".join(str(int(table.rows[row]) + 1) for row in rows)
    what = f"row{'s' if len(rows) > 1 else ''} {numbers} at the end sum{'s' * (len(rows) == 1)} up the table"
    kept = np.ones(len(table), bool)
    kept[rows] = False
    return table.take(kept), [f"{what}, dropped (`summary: keep` keeps {'them' if len(rows) > 1 else 'it'})"]


def reread_as(table: Table, inputs: TableInput) -> Table:
    """The table, reinterpreted as the training table was."""
    if not inputs.values and not inputs.kept:
        return table
    columns = {
        name: _reread(column, inputs.kept.get(name, ()), inputs.values) for name, column in table.columns.items()
    }
    return replace(table, columns=columns)


def find_kept_words(table: Table, data: Data) -> dict[str, tuple[str, ...]]:
    """The missing words that are values, by column name."""
    named = set(data.values).union(*data.values.values())
    found = {}
    for name, column in table.columns.items():
        if column.is_numeric or is_mostly_numbers(column):
            continue
        codes, words = column.missing_words
        counts = np.bincount(codes[codes >= 0], minlength=len(words))
        kept = tuple(
            word
            for word, count in zip(words, counts.tolist(), strict=True)
            if count and (word in named or (_is_frequent(word, count, len(column)) and data.missing == MISSING))
        )
        if kept:
            found[name] = kept
    return found


def _is_frequent(word: str, count: int, rows: int) -> bool:
    return word.casefold() in _WORDS and count > USUAL_SHARE * rows


def _are_guessed(words: Sequence[str], data: Data) -> bool:
    return not set(words) <= set(data.values).union(*data.values.values())


def _describe_kept(column: Column, words: Sequence[str]) -> str:
    codes, texts = column.missing_words
    rows = sum(int((codes == texts.index(word)).sum()) for word in words)
    told = ", ".join(f'"{word}"' for word in words)
    return (
        f"{column.name}: {told} in {rows:,} of {len(column):,} rows is read as a value "
        f"(`values: {{{format_text(words[0])}: []}}` confirms that, a list under `missing` makes it missing)"
    )


def find_spellings(columns: Iterable[Column]) -> dict[str, tuple[str, ...]]:
    """For each value with several spellings, its other spellings; the value itself is the most frequent one in all
    columns together. Spellings may differ in case, accents, blanks and punctuation between letters."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for column in columns:
        if column.is_numeric or len(column.values) > _MOST_TEXTS or not _has_spellings(column):
            continue
        for text, count in zip(column.dictionary[1], column.counts.tolist(), strict=True):
            if count:
                spelled = counts[fold(text)]
                spelled[text] = spelled.get(text, 0) + count
    found = {}
    for spelled in counts.values():
        value, *others = sorted(spelled, key=lambda text: (-spelled[text], text))
        if others:
            found[value] = tuple(others)
    return found


def _has_spellings(column: Column) -> bool:
    return len({fold(text) for text in column.values}) < len(column.values)


def fold(text: str) -> str:
    """A key that all spellings of a value share: no case, no accents, nothing between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _SEPARATORS.sub("", " ".join(plain.split()))


def describe_spellings(spellings: Values) -> list[str]:
    """One note for all spellings, with the config key that joins them."""
    if not spellings:
        return []
    shown = [", ".join(format_text(text) for text in (value, *spellings[value])) for value in list(spellings)[:_SHOWN]]
    more = f" and {len(spellings) - _SHOWN} more" if len(spellings) > _SHOWN else ""
    return [f"values that may be the same: {'; '.join(shown)}{more} (`{values_key(spellings)}` joins them)"]


def values_key(spellings: Values) -> str:
    """The config key that joins (the first of) these spellings."""
    pairs = [
        f"{format_text(value)}: [{', '.join(format_text(text) for text in others)}]"
        for value, others in list(spellings.items())[:_SHOWN]
    ]
    return f"values: {{{', '.join(pairs)}}}"


def _reread(column: Column, kept: Sequence[str], values: Values) -> Column:
    restored = _with_words(column, kept) if kept else column
    renamed = {other: value for value, others in values.items() for other in others}
    if not renamed or restored.is_numeric:
        return restored
    codes, texts = restored.dictionary
    if not renamed.keys() & set(texts):
        return restored
    spelled = text_column(column.name, codes, [renamed.get(text, text) for text in texts])
    return replace(spelled, encode_words=lambda: restored.missing_words)


def _with_words(column: Column, kept: Sequence[str]) -> Column:
    """The column with these missing words read as values."""
    codes, words = column.missing_words
    is_kept = np.array([word in kept for word in words] + [False])[codes]

    def encode() -> Dictionary:
        own, texts = column.dictionary
        return np.where(is_kept, codes + len(texts), own).astype(np.int32), [*texts, *words]

    def encode_words() -> Dictionary:
        return np.where(is_kept, -1, codes).astype(np.int32), words

    return replace(column, present=column.present | is_kept, encode=encode, encode_words=encode_words)
