"""Examines one column: its content, the type it would be learned as, anything unusual. Does not know the target."""

import numpy as np

from nncli.config.describing.writing import format_text
from nncli.config.sections import Data
from nncli.data.plurals import count
from nncli.data.profile.tables.extremes import extreme_findings
from nncli.data.profile.tables.reading import name_rows
from nncli.data.profile.values import ColumnProfile, Finding, Level
from nncli.data.tables.encoding import VOCABULARY_LIMIT
from nncli.data.tables.features.choosing import Judgement, has_counter_name, judge_column
from nncli.data.tables.features.dates import are_in_order, describe_undecided, find_date_flaw, find_dates, span
from nncli.data.tables.features.flaws import Flaw, find_dressed_numbers, find_number_flaws
from nncli.data.tables.features.identifiers import are_codes
from nncli.data.tables.features.words import find_spellings, values_key
from nncli.data.tables.files.columns import Column, Table

MOSTLY_MISSING = 0.5
# Numbers that often stand for "not known"; reported if they are frequent and far from all other values.
_SENTINELS = (-999.0, -9999.0, -99999.0, -99.0, 999.0, 9999.0, 99999.0)
_SENTINEL_SHARE = 0.005
_FREQUENT = 5
_SHOWN = 3
_LEVELS = {"empty": Level.WARNING, "constant": Level.WARNING}
_RULES = {"counter": "id_like", "identifier": "id_like"}


def profile_column(column: Column, judgement: Judgement, day_first: bool | None = None) -> ColumnProfile:
    """Counts and statistics of a column; `judgement` says as what it would be learned, `day_first` is the config's."""
    rows, present = len(column), int(column.present.sum())
    numbers = np.sort(column.numbers[column.numeric & np.isfinite(column.numbers)])
    is_number = present > 0 and (judgement.learn_as == "number" or (column.is_numeric and judgement.learn_as is None))
    distinct = _count_distinct(column, numbers)
    has_statistics = is_number and len(numbers) > 0
    # Halved before adding, so that the sum of huge numbers does not overflow.
    middle = numbers[(len(numbers) - 1) // 2] / 2 + numbers[len(numbers) // 2] / 2 if has_statistics else None
    first, last = span(column, find_dates(column, day_first).column) if judgement.learn_as == "date" else (None, None)
    return ColumnProfile(
        name=column.name,
        kind=_kind(judgement, is_number, present),
        learn_as=judgement.learn_as,
        reason=judgement.reason or None,
        rows=rows,
        missing=rows - present,
        distinct=distinct,
        minimum=float(numbers[0]) if has_statistics else None,
        mean=_mean(numbers) if has_statistics else None,
        median=None if middle is None else float(middle),
        maximum=float(numbers[-1]) if has_statistics else None,
        frequent=() if is_number else frequent_values(column),
        first=first or None,
        last=last or None,
    )


def _mean(numbers: np.ndarray) -> float:
    with np.errstate(over="ignore"):
        mean = float(numbers.mean())
    return mean if np.isfinite(mean) else float((numbers / len(numbers)).sum())


def _count_distinct(column: Column, finite: np.ndarray) -> int:
    """The number of different values; `finite` are the finite numbers, sorted."""
    if not column.is_numeric:
        return len(column.values)
    endless = column.numbers[column.numeric & np.isinf(column.numbers)]
    return (len(finite) and 1 + int((np.diff(finite) > 0).sum())) + len(np.unique(endless))


def frequent_values(column: Column, most: int = _FREQUENT) -> tuple[tuple[str, int], ...]:
    """The most frequent texts with their counts; equally frequent ones in the order of the file."""
    counts = column.counts
    texts = column.dictionary[1]
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple((texts[index], int(counts[index])) for index in order if counts[index])


def judge(
    column: Column, data: Data, *, alone: bool, judgement: Judgement | None = None
) -> tuple[Judgement, list[Flaw]]:
    """How `train` would learn a column (the `judgement`, if it is known), and the flaws for which it would refuse
    it."""
    judgement = judgement or judge_column(column, data, alone=alone)
    if column.name in data.columns and judgement.learn_as == "category":
        return judgement, []
    dressed = None if column.is_numeric or column.name in data.columns else find_dressed_numbers(column, data.missing)
    if dressed is not None:
        return Judgement(None, "dressed", "its numbers cannot be read"), [dressed]
    return judgement, []


def find_column_oddities(column: Column, table: Table, data: Data, judgement: Judgement) -> list[Finding]:
    """Findings about one column, whether it would be learned from or dropped."""
    flaws = find_number_flaws(column, table, data.missing) if judgement.learn_as == "number" else []
    findings = [flaw_finding(column, table, flaw) for flaw in flaws]
    if judgement.learn_as is None and judgement.rule != "dressed":
        level = _LEVELS.get(judgement.rule, Level.NOTE)
        rule = _RULES.get(judgement.rule, judgement.rule)
        what = f"dropped: {judgement.reason.partition(' (')[0]}"
        fix = "" if judgement.rule == "empty" else "name it in `features` to keep it"
        findings.append(_finding(column, rule, level, what, fix))
    absent = len(column) - int(column.present.sum())
    if judgement.rule != "empty" and absent > MOSTLY_MISSING * len(column):
        what = f"has {_percent(absent, len(column))} missing cells"
        findings.append(
            _finding(
                column,
                "missing",
                Level.WARNING,
                what,
                f"`drop: [{column.name}]` unless it matters which cells are missing",
            )
        )
    if judgement.learn_as == "number":
        findings += _numbers_findings(column) or extreme_findings(column, table)
    elif judgement.learn_as == "date":
        findings += _date_findings(column, table, data)
    elif judgement.learn_as == "category":
        findings += _names_findings(column)
    return findings


def flaw_finding(column: Column, table: Table, flaw: Flaw) -> Finding:
    """A flaw of a column as a finding."""
    rows = tuple(int(row) + 1 for row in table.rows[flaw.rows[:_SHOWN]])
    return Finding(flaw.rule, Level.PROBLEM, f'column "{column.name}"', flaw.what, flaw.fix, (column.name,), rows)


def _kind(judgement: Judgement, is_number: bool, present: int) -> str:
    if present == 0:
        return "empty"
    if is_number:
        return "number"
    if judgement.learn_as == "date":
        return "date"
    return "text" if judgement.rule == "text" else "category"


def _date_findings(column: Column, table: Table, data: Data) -> list[Finding]:
    found = find_dates(column, data.day_first)
    flaw = find_date_flaw(column, table, found.column, data.missing)
    findings = [flaw_finding(column, table, flaw)] if flaw is not None else []
    if found.undecided is not None:
        what, fix = describe_undecided(found.undecided), "say `day_first: true` under data if it is day/month"
        findings.append(_finding(column, "day_first", Level.WARNING, what, fix))
    if flaw is None and are_in_order(column, found.column):
        what = "is in order of time, but rows are split at random, so no set is later than the others"
        fix = f"`split: {{by: time, column: {column.name}}}` under data tests on the latest rows"
        findings.append(_finding(column, "time_order", Level.NOTE, what, fix))
    return findings


def _numbers_findings(column: Column) -> list[Finding]:
    findings = []
    values = column.numbers[column.numeric & np.isfinite(column.numbers)]
    if len(values) < 2:
        return []
    if values.min() == values.max() and not column.present.all():
        what = f"is {values[0]:g} wherever it is present"
        findings.append(
            _finding(column, "constant", Level.NOTE, what, "only whether a cell is missing carries information")
        )
    whole = bool((values == np.round(values)).all())
    if whole and len(values) > 10 and has_counter_name(column) and _are_nearly_all_different(values, len(column)):
        what = "has a different whole number in nearly every row and is named like an id"
        findings.append(_finding(column, "id_like", Level.WARNING, what, f"`drop: [{column.name}]`"))
    for sentinel in _SENTINELS:
        marked = values == sentinel
        others = values[~marked]
        if marked.sum() < max(2, _SENTINEL_SHARE * len(values)) or not len(others):
            continue
        low, high = float(others.min()), float(others.max())
        if sentinel < low - 2 * (high - low) or sentinel > high + 2 * (high - low):
            what = f"is {sentinel:g} in {count(int(marked.sum()), 'row')}, far from all other values"
            fix = f'if it means a missing value, add "{sentinel:g}" to `missing`'
            findings.append(_finding(column, "sentinel", Level.WARNING, what, fix))
    return findings


def _are_nearly_all_different(values: np.ndarray, rows: int) -> bool:
    return 1 + int((np.diff(np.sort(values)) > 0).sum()) > 0.95 * rows


def _names_findings(column: Column) -> list[Finding]:
    findings = []
    if len(column.values) > VOCABULARY_LIMIT:
        what = f"has {count(len(column.values), 'value')}; only the {VOCABULARY_LIMIT:,} most frequent get inputs"
        findings.append(
            _finding(column, "many_values", Level.NOTE, what, f"merge rare values, or `drop: [{column.name}]`")
        )
    findings += spelling_findings(column)
    if column.numeric.any() and not are_codes(column):
        rows = np.flatnonzero(column.numeric) + 1
        what = f"{count(len(rows), 'cell holds a number', 'cells hold numbers')}, the others text ({name_rows(rows)})"
        fix = f"if it holds numbers, list the texts under `missing` and say `columns: {{{column.name}: number}}`"
        findings.append(_finding(column, "mixed", Level.WARNING, what, fix))
    return findings


def spelling_findings(column: Column) -> list[Finding]:
    """A finding for values with several spellings in a column."""
    alike = find_spellings([column])
    if not alike:
        return []
    told = "; ".join(", ".join(format_text(text) for text in (value, *alike[value])) for value in list(alike)[:2])
    what = f"spells {len(alike)} of its values in several ways: {told}"
    return [_finding(column, "spelling", Level.WARNING, what, f"say `{values_key(alike)}` under data")]


def _finding(column: Column, rule: str, level: Level, what: str, fix: str) -> Finding:
    return Finding(rule, level, f'column "{column.name}"', what, fix, (column.name,))


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %"
