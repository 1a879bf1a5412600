"""Labels beside the targets are no inputs where there are several targets; ordinary flags stay."""

from pathlib import Path

import numpy as np
import pytest

from nncli.config.facts import Task
from nncli.config.sections import Data
from nncli.data.profile.profiling import profile_data
from nncli.data.profile.proposal.proposal import propose
from nncli.data.profile.tables.leakage import find_other_labels
from nncli.data.tables.files.columns import Column, Table, number_column, text_column
from nncli.data.tables.leakage import is_twin
from nncli.data.targets import choose_goal, encode_targets

FLAGS = (np.random.default_rng(4).random((8, 60)) < 0.4).astype(np.float64)
LABELS = ["amazed-suprised", "quiet-still", "sad-lonely", "angry-aggresive"]


def made_up() -> Table:
    """f0 | size | a b c d | f1 word | f2: flags, with numbers and texts between."""
    columns = [
        number_column("f0", FLAGS[0]),
        number_column("size", np.arange(60.0)),
        *(number_column(name, FLAGS[index]) for index, name in enumerate("abcd", start=1)),
        text_column("word", FLAGS[5].astype(np.int32), ["False", "True"]),
        number_column("f1", FLAGS[6]),
    ]
    return Table({column.name: column for column in columns}, np.arange(60, dtype=np.int64), name="t")


def others(table: Table, *targets: str, task: Task | None = None) -> list[str]:
    goal, _ = choose_goal([table.columns[name] for name in targets], task)
    return find_other_labels(table, goal)


def test_labels_between_and_beside_the_targets_are_found_and_flags_further_off_are_not() -> None:
    assert others(made_up(), "b", "d") == ["a", "c"]
    assert others(made_up(), "a", "b", "c", "d") == []
    assert others(made_up(), "f0", "f1") == []


def test_nothing_is_a_label_beside_a_single_target() -> None:
    assert others(made_up(), "b") == []


def test_gaps_do_not_hide_a_label_and_an_empty_column_is_none() -> None:
    table = made_up()
    columns = dict(table.columns)
    columns["a"] = number_column("a", np.where(np.arange(60) < 5, np.nan, FLAGS[1]))
    columns["c"] = number_column("c", np.full(60, np.nan))
    assert others(Table(columns, table.rows, name="t"), "b", "d") == ["a"]


def test_init_drops_the_other_emotions_with_the_reason(shared_data: Path) -> None:
    proposal = propose(shared_data / "csv" / "emotions.csv", ["happy-pleased", "relaxing-calm"], None)
    assert {name: why for name, why in proposal.dropped.items() if "label" in why} == dict.fromkeys(
        LABELS, "a label like the neighbouring targets: not known before they are"
    )
    assert not set(LABELS) & {column.name for column in proposal.learned} and len(proposal.learned) == 72


@pytest.mark.parametrize("drop", [(), ("quiet-still", "sad-lonely"), tuple(LABELS)])
def test_data_finds_the_labels_that_a_config_learns_from(shared_data: Path, drop: tuple[str, ...]) -> None:
    path = str(shared_data / "csv" / "emotions.csv")
    data = Data(source="csv", path=path, target=("happy-pleased", "relaxing-calm"), drop=drop)
    profile = profile_data(data, seed=1, data_dir=None, progress=lambda what, share: None)
    found = [finding.columns for finding in profile.findings if finding.rule == "other_label"]
    left = tuple(name for name in LABELS if name not in drop)
    assert found == ([left] if left else [])


def test_titanic_keeps_its_flags(shared_data: Path) -> None:
    proposal = propose(shared_data / "csv" / "titanic.csv", ["survived"], None)
    assert {"adult_male", "alone", "who"} <= {column.name for column in proposal.learned}


@pytest.mark.parametrize(("changed", "twin"), [(0, True), (1, False)])
def test_numbers_are_compared_with_classes_without_reading_their_texts(
    monkeypatch: pytest.MonkeyPatch, changed: int, twin: bool
) -> None:
    target = text_column("y", FLAGS[0].astype(np.int32), ["no", "yes"])
    goal, _ = choose_goal([target], None)
    answers = encode_targets(goal, [target])

    def read(column: Column) -> None:
        raise AssertionError(f"the texts of {column.name} were read")

    monkeypatch.setattr(Column, "dictionary", property(read))
    numbers = FLAGS[0] * 2 + 1
    numbers[:changed] = 4 - numbers[:changed]
    assert is_twin(number_column("a", numbers), goal, answers) == twin
