"""Compares the rows of a table: repeated, contradictory and sorted rows. Does not depend on files."""

from collections.abc import Mapping

import numpy as np

from nncli.config.facts import Task
from nncli.data.profile.tables.reading import name_rows
from nncli.data.profile.values import Finding, Level
from nncli.data.targets import Goal

# From this share of the test set on, rows that are also in the training set make the score look better than it is.
SHARED_SHARE = 0.01
_REPEATS_FIXES = {
    "keep": "`duplicates: together` keeps equal rows in one set, `duplicates: drop` keeps only the first of them",
    "together": "`duplicates: together` keeps them in the same set",
    "drop": "`duplicates: drop` drops them",
}


def count_repeats(hashes: np.ndarray) -> int:
    """How many rows equal an earlier one."""
    ordered = np.sort(hashes)  # np.unique takes ten times as long
    return int((ordered[1:] == ordered[:-1]).sum())


def find_repeats(hashes: np.ndarray, rows: np.ndarray, duplicates: str = "keep") -> list[Finding]:
    """A finding for rows that equal an earlier one; `rows`, int64 (n,), are their numbers in the file, from 0.

    `duplicates` is the config's; if it already handles such rows, the finding is only a note.
    """
    order = np.argsort(hashes, kind="stable")
    again = order[1:][hashes[order[1:]] == hashes[order[:-1]]]
    if not len(again):
        return []
    places = np.sort(rows[again]) + 1
    share = len(again) / len(hashes)
    level = Level.WARNING if share >= SHARED_SHARE and duplicates == "keep" else Level.NOTE
    told = "rows equal an earlier one" if len(again) > 1 else "row equals an earlier one"
    what = f"{len(again):,} {told} in all columns learned from ({_percent(share)})"
    fix = _REPEATS_FIXES[duplicates]
    return [Finding("repeated", level, name_rows(places), what, fix, (), tuple(int(row) for row in places[:5]))]


def find_shared(hashes: Mapping[str, np.ndarray], *, things: str = "rows", given: bool = False) -> list[Finding]:
    """Findings for rows (or other `things`) of the validation and test sets that are also in the training set.

    `given` means that a set comes with the source, so that `duplicates` cannot keep equal ones together.
    """
    fix = f"remove the repeated {things}" if given else "`duplicates: together` keeps equal ones in one set"
    findings = []
    for part in ("validation", "test"):
        ours = hashes.get(part)
        if ours is None or not len(ours):
            continue
        count = int(np.isin(ours, hashes["train"]).sum())
        if count:
            share = count / len(ours)
            level = Level.WARNING if share >= SHARED_SHARE else Level.NOTE
            are = "are" if count > 1 else "is"
            what = f"{count:,} of its {len(ours):,} {things} {are} also trained on ({_percent(share)})"
            findings.append(Finding("shared", level, f"{part} set", what, fix))
    return findings


def find_disagreements(features: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> list[Finding]:
    """A finding for rows that differ only in their target; `features` and `targets` are hashes, uint64 (n,)."""
    order = np.argsort(features, kind="stable")
    ours, answers = features[order], targets[order]
    starts = np.flatnonzero(np.concatenate(([True], ours[1:] != ours[:-1])))
    differs = np.maximum.reduceat(answers, starts) != np.minimum.reduceat(answers, starts)
    lengths = np.diff(np.append(starts, len(ours)))
    count = int(lengths[differs].sum())
    if not count:
        return []
    places = np.sort(rows[order[np.repeat(differs, lengths)]]) + 1
    share = count / len(ours)
    level = Level.WARNING if share >= SHARED_SHARE else Level.NOTE
    what = f"{count:,} rows have equal features but different targets ({_percent(share)})"
    fix = "no network can predict all of them correctly; check whether a column is missing"
    return [Finding("disagree", level, name_rows(places), what, fix, (), tuple(int(row) for row in places[:5]))]


def find_order(goal: Goal, targets: np.ndarray) -> list[Finding]:
    """A finding for targets that are sorted, or nearly so, in the file."""
    where = f'target "{", ".join(goal.columns)}"'
    fix = "harmless here: nncli shuffles before it splits; other tools may not"
    if goal.task is Task.MULTILABEL:
        return []
    values = targets.reshape(len(targets), -1)[:, 0]
    changes = int((np.diff(values) != 0).sum())
    if goal.task.is_regression:
        steps = np.diff(values)
        if changes < 3 or not ((steps >= 0).all() or (steps <= 0).all()):
            return []
        return [Finding("sorted", Level.NOTE, where, "the rows are sorted by it", fix, goal.columns)]
    classes = len(goal.classes)
    if len(values) < 5 * classes or changes > max(classes - 1, len(values) * 0.001):
        return []
    return [Finding("sorted", Level.NOTE, where, "the rows are sorted by class", fix, goal.columns)]


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
