"""Chooses the columns of a table that a network should learn from, with the reason for each that it should not.

Training would accept some of the columns left out here, such as an id. Does not depend on files or YAML.
"""

from dataclasses import dataclass

import numpy as np

from nncli.config.data.columns import ColumnType
from nncli.config.sections import Data
from nncli.data.plurals import count
from nncli.data.profile.tables.columns import find_column_oddities, judge, profile_column
from nncli.data.profile.tables.copies import find_copies
from nncli.data.profile.tables.leakage import find_other_labels, find_telltales
from nncli.data.profile.values import ColumnProfile
from nncli.data.tables.features.choosing import judge_columns
from nncli.data.tables.features.dates import describe_parts, find_dates
from nncli.data.tables.features.flaws import is_mostly_numbers
from nncli.data.tables.files.columns import Column, Table
from nncli.data.targets import Goal, encode_targets

# A column of unreadable numbers is a category if it has at most this many different texts.
FEW_TEXTS = 50
_OTHER_LABEL = "a label like the neighbouring targets: not known before they are"


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns are learned from.

    `dropped` maps the names of dropped columns to reasons, `types` the columns that need a type in the config to it and
    its reason; `learned` are the columns to learn from, `remarks` lines about those that nearly equal a target.
    """

    dropped: dict[str, str]
    types: dict[str, tuple[ColumnType, str]]
    learned: tuple[ColumnProfile, ...]
    remarks: list[str]

    @property
    def learned_names(self) -> list[str]:
        """The names of the columns to learn from."""
        return [column.name for column in self.learned]


def choose_columns(table: Table, data: Data, goal: Goal) -> ColumnChoice:
    """Chooses among the columns of a table, whose rows all have a target."""
    names = [name for name in table.columns if name not in goal.columns]
    judged = judge_columns(table, data, goal.columns)
    dropped = {name: _OTHER_LABEL for name in find_other_labels(table, goal)}
    types: dict[str, tuple[ColumnType, str]] = {}
    learned: dict[str, ColumnProfile] = {}
    for name in (name for name in names if name not in dropped):
        column = table.columns[name]
        judgement, flaws = judge(column, data, alone=len(names) == 1, judgement=judged.get(name))
        if len(names) == 1:
            strictly, _ = judge(column, data, alone=False)
            judgement = strictly if strictly.rule in ("text", "constant") else judgement
        if flaws and len(column.values) <= FEW_TEXTS:
            types[name] = ("category", flaws[0].what)
            data = data.model_copy(update={"columns": {**data.columns, name: "category"}})
            judgement, _ = judge(column, data, alone=False)
        elif flaws:
            dropped[name] = f"{flaws[0].what}: {flaws[0].fix.partition(', or say')[0]}"
        elif judgement.learn_as is None:
            dropped[name] = judgement.reason.partition(" (")[0]
        elif judgement.learn_as == "date":
            types[name] = ("date", f"learned as {describe_parts(column, find_dates(column, None).column)}")
        else:
            reason = _why_useless(column, table, data)
            if reason:
                dropped[name] = reason
        if name not in dropped:
            learned[name] = profile_column(column, judgement)
    remarks = _drop_twins(table, goal, dropped, learned)
    for first, *copies in find_copies([table.columns[name] for name in learned]):
        for name in copies:
            del learned[name]
            types.pop(name, None)
            dropped[name] = f"has the same content as {first} in every row"
    return ColumnChoice(dropped, types, tuple(learned.values()), remarks)


def _why_useless(column: Column, table: Table, data: Data) -> str | None:
    """Why to drop a column that training would accept: it is an id, or has numbers among many different texts."""
    if column.is_numeric:
        judgement, _ = judge(column, data, alone=False)
        odd = [each for each in find_column_oddities(column, table, data, judgement) if each.rule == "id_like"]
        return odd[0].what.replace("has a different", "a different") + ": it only tells rows apart" if odd else None
    if is_mostly_numbers(column):
        texts = len({column.text(int(row)) for row in np.flatnonzero(column.present & ~column.numeric)})
        return f"numbers, but also {count(texts, 'different text')} among them; correct these to learn from the column"
    return None


def _drop_twins(table: Table, goal: Goal, dropped: dict[str, str], learned: dict[str, ColumnProfile]) -> list[str]:
    """Drop the columns that equal a target, unless no other would be left. A column that only nearly equals a target
    may be a genuine cause of it, so it is kept, with a remark.
    """
    values = encode_targets(goal, [table.columns[name] for name in goal.columns])
    twins = find_telltales([table.columns[name] for name in learned], goal, values)
    exact = [twin for twin in twins if twin.exact]
    if len(exact) < len(learned):
        for twin in exact:
            del learned[twin.column]
            dropped[twin.column] = f"has the same content as {twin.target} in every row and would give the answer away"
    return [
        f"{twin.column} {twin.how} ({twin.target}): `drop: [{twin.column}]` if it is not known before the target"
        for twin in twins
        if twin.column in learned and len(learned) > 1
    ]
