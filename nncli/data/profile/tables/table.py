"""Examines a table as a whole: its columns, its target, and its rows in the sets that nncli would make."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nncli.config.facts import Task
from nncli.config.sections import Data
from nncli.data import splitting
from nncli.data.plurals import count
from nncli.data.profile.findings import imbalance_findings, ordered_findings, shorten_findings
from nncli.data.profile.tables.columns import (
    find_column_oddities,
    flaw_finding,
    frequent_values,
    judge,
    profile_column,
    spelling_findings,
)
from nncli.data.profile.tables.copies import copy_findings
from nncli.data.profile.tables.leakage import find_other_labels, find_telltales
from nncli.data.profile.tables.rows import (
    count_repeats,
    find_disagreements,
    find_order,
    find_repeats,
    find_shared,
)
from nncli.data.profile.values import ColumnProfile, Finding, Level, TableProfile, TargetProfile
from nncli.data.splits.dividing import divide
from nncli.data.tables.features.choosing import candidate_names, check_names, judge_columns
from nncli.data.tables.features.split_hints import suggest_split
from nncli.data.tables.features.words import Reread, reread
from nncli.data.tables.files.columns import Column, Table
from nncli.data.tables.leakage import hash_columns
from nncli.data.tables.loading import asked_task, check_target
from nncli.data.tables.split_column import split_column_name, split_rows_of
from nncli.data.targets import Goal, choose_goal, encode_targets, strata
from nncli.errors import DataError


@dataclass
class _Look:
    """What is collected while a table is examined."""

    table: Table
    data: Data
    seed: int
    findings: list[Finding]
    learned: list[str] = field(default_factory=list)
    # The columns that tell rows apart: those learned from, and those that would be if their numbers could be read.
    telling: list[str] = field(default_factory=list)
    goal: Goal | None = None
    targets: np.ndarray | None = None


def look_over(
    table: Table, data: Data, *, seed: int, test: Table | None = None, findings: Sequence[Finding] = ()
) -> TableProfile:
    """The profile of a table in memory; `data` is the config's section, `findings` what was found when it was read.

    Raises:
        DataError: a name in `data` is not a column.
    """
    check_names(table, data, data.target or ())
    names = check_target(table, data.target) if data.target else ()
    again = reread(table, data)
    table = again.table
    look = _Look(table, data, seed, [*findings, *_reread_findings(again)])
    columns = _columns(look, names)
    target = _target(look, names) if names else None
    labelled = _labelled(table, names)
    if look.goal is not None and look.targets is not None:
        look.findings += _twin_findings(look, labelled)
        look.findings += _label_findings(look, look.goal)
    look.findings += copy_findings([table.columns[name] for name in look.learned])
    _add_split_hint(look, names)
    parts, repeated = _rows(look, labelled, test)
    return TableProfile(
        source=data.source,
        path=data.path,
        rows=len(table),
        columns=tuple(columns),
        target=target,
        parts=parts,
        repeated=repeated,
        findings=tuple(ordered_findings(shorten_findings(look.findings))),
        delimiter=data.delimiter,
        header=data.header,
        missing=data.missing,
    )


def _columns(look: _Look, targets: Sequence[str]) -> list[ColumnProfile]:
    candidates = candidate_names(look.table, look.data, targets)
    judged = judge_columns(look.table, look.data, targets)
    profiles = []
    for name, column in look.table.columns.items():
        judgement, flaws = judge(column, look.data, alone=name in targets, judgement=judged.get(name))
        profiles.append(profile_column(column, judgement, look.data.day_first))
        if name not in candidates:
            continue
        look.findings += [flaw_finding(column, look.table, flaw) for flaw in flaws]
        look.findings += find_column_oddities(column, look.table, look.data, judgement)
        if judgement.learn_as is not None:
            look.learned.append(name)
        if judgement.learn_as is not None or judgement.rule == "dressed":
            look.telling.append(name)
    if candidates and not look.learned:
        what = "there is no column to learn from"
        look.findings.append(
            Finding("no_features", Level.PROBLEM, "table", what, "add columns that say something about the target")
        )
    return profiles


def _add_split_hint(look: _Look, targets: Sequence[str]) -> None:
    """A finding for a column by which rows should be split; it says more than that the rows are in order of time."""
    if look.data.split is not None:
        look.findings = [each for each in look.findings if each.rule != "time_order"]
        return
    hint = suggest_split(look.table, look.data, targets, look.learned)
    if hint is not None:
        look.findings = [each for each in look.findings if (each.rule, each.columns) != ("time_order", (hint.column,))]
        where = f'column "{hint.column}"'
        look.findings.append(Finding("split", Level.WARNING, where, hint.why, hint.fix, (hint.column,)))


def _reread_findings(again: Reread) -> list[Finding]:
    """A note for summary rows, and one for each column in which a word for a missing value is read as a value."""
    found = [
        Finding("summary", Level.NOTE, "table", note.partition(" (")[0], "say `summary: keep` under data to keep it")
        for note in again.notes
        if "`summary: keep`" in note
    ]
    for name, words in again.kept.items():
        told = ", ".join(f'"{word}"' for word in words)
        what = f"{told} is frequent, so it is read as a value here"
        fix = "list it under `missing` if it means a missing value"
        found.append(Finding("missing_word", Level.NOTE, f'column "{name}"', what, fix, (name,)))
    return found


def _labelled(table: Table, targets: Sequence[str]) -> Table:
    """The rows that have a value in every target."""
    if not targets:
        return table
    present = np.logical_and.reduce([table.columns[name].present for name in targets])
    return table if present.all() else table.take(np.flatnonzero(present))


def _target(look: _Look, names: tuple[str, ...]) -> TargetProfile:
    labelled = _labelled(look.table, names)
    where = f'target "{", ".join(names)}"'
    lost = len(look.table) - len(labelled)
    if lost:
        what = f"{count(lost, 'row has no value in it and is', 'rows have no value in it and are')} dropped"
        look.findings.append(Finding("missing", Level.NOTE, where, what, "", names))
    columns = [labelled.columns[name] for name in names]
    try:
        if not len(labelled):
            raise DataError("no row has a value in it")
        goal, why = choose_goal(columns, look.data.task or asked_task(columns[0], look.data))
        look.targets, look.goal = encode_targets(goal, columns), goal
    except DataError as error:
        what = error.message.removeprefix(f'target "{names[0]}" ')
        look.findings.append(Finding("target", Level.PROBLEM, where, what, error.hint or "", names))
        return TargetProfile(names, None, None, len(labelled))
    look.findings += find_order(goal, look.targets)
    if goal.task in (Task.BINARY, Task.MULTICLASS):
        look.findings += spelling_findings(columns[0])
    classes = _class_counts(goal, look.targets, columns)
    if classes and goal.task is not Task.MULTILABEL:
        look.findings += imbalance_findings(where, classes)
    return TargetProfile(names, goal.task, why, len(labelled), classes)


def _class_counts(goal: Goal, targets: np.ndarray, columns: Sequence[Column]) -> tuple[tuple[str, int], ...]:
    if goal.task is Task.MULTILABEL:
        return tuple(zip(goal.columns, (int(count) for count in targets.sum(axis=0)), strict=True))
    if goal.task.is_regression:
        return ()
    counts = dict(frequent_values(columns[0], len(goal.classes)))
    return tuple((name, counts.get(name, 0)) for name in goal.classes)


def _rows(look: _Look, labelled: Table, test: Table | None) -> tuple[dict[str, int], int]:
    """The sizes of the sets and the number of repeated rows; rows that are in several sets become findings."""
    names = [*look.telling, *(look.data.target or ())]
    if not look.telling or not len(labelled):
        return {}, 0
    features = hash_columns([labelled.columns[name] for name in look.telling])
    hashes = hash_columns([labelled.columns[name] for name in names]) if look.data.target else features
    look.findings += find_repeats(hashes, labelled.rows, look.data.duplicates)
    if look.data.target:
        answers = hash_columns([labelled.columns[name] for name in look.data.target])
        look.findings += find_disagreements(features, answers, labelled.rows)
    repeated = count_repeats(hashes)
    try:
        splitting.refuse_duplicates(look.data, has_test=test is not None)
    except DataError as error:
        look.findings.append(Finding("duplicates", Level.PROBLEM, "table", error.message, error.hint or ""))
    if look.data.duplicates == "drop":
        kept = splitting.first_of_each(hashes)
        hashes, features, labelled = hashes[kept], features[kept], labelled.take(kept)
        look.targets = look.targets[kept] if look.targets is not None else None
    try:
        rows = split_rows_of(
            look.data,
            labelled.columns.get(split_column_name(look.data) or ""),
            labelled.rows,
            strata=None if look.goal is None or look.targets is None else strata(look.goal, look.targets),
            copies=features if look.data.duplicates == "together" else None,
        )
        split = divide(look.data, rows, seed=look.seed, has_test=test is not None)
    except DataError as error:
        rule = "split" if error.message.startswith("data.split") else "few_rows"
        look.findings.append(Finding(rule, Level.PROBLEM, "table", error.message, error.hint or ""))
        return {}, repeated
    by_part = {"train": hashes[split.train], "validation": hashes[split.validation], "test": hashes[split.test]}
    if test is not None and not len(by_part["test"]):
        by_part["test"] = _test_hashes(look, labelled, test, names)
    look.findings += find_shared(by_part, given=test is not None)
    return {part: len(ours) for part, ours in by_part.items()}, repeated


def _test_hashes(look: _Look, labelled: Table, test: Table, names: Sequence[str]) -> np.ndarray:
    absent = [name for name in names if name not in test.columns]
    if absent:
        what = f"has no column {', '.join(absent[:5])}"
        look.findings.append(
            Finding("columns", Level.PROBLEM, test.name, what, "give it the same columns as the training set")
        )
        return np.empty(0, np.uint64)
    test = _labelled(test, look.data.target or ())
    return hash_columns([test.columns[name] for name in names], [labelled.columns[name] for name in names])


def _label_findings(look: _Look, goal: Goal) -> list[Finding]:
    """One finding for all other labels that would be learned from."""
    names = [name for name in find_other_labels(look.table, goal) if name in look.learned]
    if not names:
        return []
    told = ", ".join(f'"{name}"' for name in names)
    where = f"column{'s' if len(names) > 1 else ''} {told}"
    what = f"{'are labels' if len(names) > 1 else 'is a label'} like the neighbouring targets, but learned from"
    fix = f"`drop: [{', '.join(names)}]` unless known before the targets"
    return [Finding("other_label", Level.WARNING, where, what, fix, tuple(names))]


def _twin_findings(look: _Look, labelled: Table) -> list[Finding]:
    if look.goal is None or look.targets is None or len(look.learned) < 2:
        return []
    findings = []
    for twin in find_telltales([labelled.columns[name] for name in look.learned], look.goal, look.targets):
        what = twin.how if twin.exact or len(look.goal.columns) == 1 else f"{twin.how} ({twin.target})"
        fix = f"`drop: [{twin.column}]` unless it is known before the target"
        findings.append(
            Finding(
                "twin" if twin.exact else "near_twin",
                Level.WARNING,
                f'column "{twin.column}"',
                what,
                fix,
                (twin.column,),
            )
        )
    return findings
