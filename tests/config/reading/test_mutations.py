"""Every key and value of every shipped config, mutated: an error at the right place, or a change that is seen."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from nncli import data
from nncli.config.facts import DataFacts, Task
from nncli.config.layer_section import ACTIVATIONS
from nncli.config.layers import LAYERS
from nncli.config.objective import OPTIMIZERS, Loss, MetricName
from nncli.config.reading.document import KeyPath, resolve_scalar
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.reading.shipped import shipped_folder
from nncli.config.rules import resolve
from nncli.config.section import Section
from nncli.config.sections import BUNDLED, SOURCES, Config, Data, EarlyStopping, Model, Train
from nncli.errors import ConfigError

PATHS = sorted(shipped_folder().glob("*.yaml"))
# These have the keys of others, and as many layers as all others together.
ALIKE = ("deep_relu", "deep_sigmoid", "mnist_probabilities", "mnist_sigmoid_adam", "mnist_softmax")
PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+)  (?P<text>[^\n]+)")


@dataclass(frozen=True)
class Pairs:
    """A mapping that can hold a key twice."""

    entries: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Mutation:
    """A mutated text, where in it the mutated thing stands, and the name that must be suggested, if one must."""

    what: str
    text: str
    path: KeyPath
    place: tuple[int, int]
    suggestion: str | None = None
    taken_from: KeyPath | None = None


# Texts


def scalars_of(node: yaml.Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, bool, yaml.ScalarNode]]:
    """Every key and every single value of a text: its path, whether it is a key, its node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), True, key
            yield from scalars_of(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from scalars_of(item, (*path, index))
    else:
        yield path, False, node


def key_places(node: yaml.Node, path: KeyPath = ()) -> dict[KeyPath, tuple[int, int]]:
    """Where each key and list item begins, counted from 1, as Python's parser of YAML sees it."""
    places: dict[KeyPath, tuple[int, int]] = {}
    inner = node.value if isinstance(node, yaml.MappingNode) else enumerate(getattr(node, "value", ()))
    for key, value in inner if isinstance(node, yaml.CollectionNode) else ():
        name, mark = (key, value.start_mark) if isinstance(key, int) else (key.value, key.start_mark)
        places[(*path, name)] = (mark.line + 1, mark.column + 1)
        places |= key_places(value, (*path, name))
    return places


def pairs_of(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return Pairs(tuple((key.value, pairs_of(value)) for key, value in node.value))
    if isinstance(node, yaml.SequenceNode):
        return [pairs_of(item) for item in node.value]
    return resolve_scalar(node.value)


def write(value: Any) -> str:
    """One line of flow YAML."""
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{key}: {write(item)}" for key, item in value.entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_sections(top: Pairs) -> str:
    return "".join(f"{key}: {write(value)}\n" for key, value in top.entries)


def sections_of(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Pairs]]:
    if isinstance(value, Pairs):
        yield path, value
        for key, item in value.entries:
            yield from sections_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from sections_of(item, (*path, index))


def replaced(value: Any, path: KeyPath, change: Any) -> Any:
    """`value` with the section at `path` exchanged for what `change` makes of it."""
    if not path:
        return change(value)
    if isinstance(value, list):
        return [replaced(item, path[1:], change) if i == path[0] else item for i, item in enumerate(value)]
    return Pairs(
        tuple((key, replaced(item, path[1:], change) if key == path[0] else item) for key, item in value.entries)
    )


# What is valid where


def names_at(path: KeyPath, config: Config) -> Sequence[str]:
    """The keys that may stand where the last part of `path` does."""
    section: type[Section] | None = {
        (): Config,
        ("data",): Data,
        ("model",): Model,
        ("loss",): Loss,
        ("optimizer",): OPTIMIZERS[config.optimizer.name],
        ("train",): Train,
        ("train", "early_stopping"): EarlyStopping,
    }.get(path[:-1])
    if path[:-1] == ("optimizer", "learning_rate"):
        section = type(config.optimizer.learning_rate)  # type: ignore[assignment]
    if section is not None:
        return [*section.model_fields, *(["extends"] if section is Config else [])]
    if len(path) == 4:
        return list(LAYERS)
    return [name for name in LAYERS[str(path[3])].model_fields if name != "kind"]


def values_at(path: KeyPath) -> Sequence[str]:
    """The names that the value at `path` may be; () where it is no name."""
    if path[-1] in ("hidden_activation", "activation"):
        return ACTIVATIONS
    if path in (("loss",), ("loss", "name")):
        return Loss.model_fields["name"].annotation.__args__  # type: ignore[union-attr, no-any-return]
    known: dict[KeyPath, Sequence[str]] = {
        ("data", "source"): SOURCES,
        ("data", "fallback"): BUNDLED,
        ("data", "task"): [task.value for task in Task],
        ("optimizer", "name"): list(OPTIMIZERS),
    }
    if path[0] == "metrics":
        return MetricName.__args__  # type: ignore[attr-defined, no-any-return]
    if path[:2] == ("model", "layers") and len(path) == 3:
        return list(LAYERS)
    return ("valid", "same") if path[-1] == "padding" else known.get(path, ())


@cache
def distance(one: str, other: str) -> int:
    """Levenshtein's, in another way than the package has it."""
    if not one or not other:
        return len(one) + len(other)
    same = one[0] == other[0]
    return min(distance(one[1:], other[1:]) + (not same), distance(one[1:], other) + 1, distance(one, other[1:]) + 1)


def suggestion_for(wrong: str, right: str, names: Sequence[str]) -> str | None:
    """The right name where no other is as near."""
    others = [distance(wrong, name) for name in names if name != right]
    return right if min(others, default=99) > distance(wrong, right) else None


def misspellings(name: str) -> list[str]:
    middle = len(name) // 2
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    wrong = [name[:middle] + name[middle + 1 :], name[:middle] + name[middle] + name[middle:], swapped, name + "s"]
    return [each for each in dict.fromkeys(wrong) if each != name and each]


# The mutations


def spelling_mutations(path: Path) -> Iterator[Mutation]:
    text, config = path.read_text(), load_config(str(path)).config
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    places = key_places(root)
    for where, is_key, node in scalars_of(root):
        names = names_at(where, config) if is_key else values_at(where)
        for wrong in misspellings(node.value) if is_key or names else ():
            mutated = text[: node.start_mark.index] + wrong + text[node.end_mark.index :]
            changed = (*where[:-1], wrong) if is_key else where
            suggestion = suggestion_for(wrong, node.value, names) if wrong not in names else None
            yield Mutation(f"misspell {node.value} as {wrong}", mutated, changed, places[where], suggestion)


NEW_VALUES = [0, -1, 7, 1.5, 1e30, "nonsense", True, None, [], ["nonsense"], Pairs(()), Pairs((("nonsense", 1),))]


def retyping_mutations(path: Path) -> Iterator[Mutation]:
    text = path.read_text()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    places, tree = key_places(root), pairs_of(root)
    for where in places:
        for value in NEW_VALUES:
            mutated = write_sections(replaced(tree, where, lambda old, value=value: value))
            if mutated == write_sections(tree):
                continue
            place = key_places(yaml.compose(mutated, Loader=yaml.SafeLoader))[where]
            yield Mutation(f"set {where} to {write(value)}", mutated, where, place)


def structure_mutations(path: Path) -> Iterator[Mutation]:
    """Keys that are deleted, stand twice, or stand in another section."""
    tree = pairs_of(yaml.compose(path.read_text(), Loader=yaml.SafeLoader))
    sections = dict(sections_of(tree))
    for where, section in sections.items():
        for entry in section.entries:
            rest = Pairs(tuple(each for each in section.entries if each is not entry))
            without = replaced(tree, where, lambda old, rest=rest: rest)
            place = key_places(yaml.compose(write_sections(without), Loader=yaml.SafeLoader)).get(where, (1, 1))
            yield Mutation(f"delete {entry[0]}", write_sections(without), (*where, entry[0]), place)
            yield added(tree, where, entry, f"duplicate {entry[0]}")
            for other in sections:
                inside = other[: len(where) + 1] == (*where, entry[0])
                if other != where and not inside:
                    moved = added(without, other, entry, f"move {entry[0]} from {where} to {other}")
                    yield replace(moved, taken_from=where)


def added(tree: Any, where: KeyPath, entry: tuple[str, Any], what: str) -> Mutation:
    text = write_sections(replaced(tree, where, lambda old: Pairs((*old.entries, entry))))
    here = [pair for pair in scalars_of(yaml.compose(text, Loader=yaml.SafeLoader)) if pair[1]]
    mark = [node.start_mark for path, _, node in here if path == (*where, entry[0])][-1]
    return Mutation(what, text, (*where, entry[0]), (mark.line + 1, mark.column + 1))


def judge(mutation: Mutation, file: Path, before: LoadedConfig) -> str | None:
    """What is wrong with how the mutation was taken; None when all is well."""
    file.write_text(mutation.text)
    try:
        after = load_config(str(file))
    except ConfigError as error:
        return judge_problems(mutation, file, error.problems)
    # A value that is no longer written, but is the default, is seen by its origin.
    if after.config == before.config and set(after.document.marks) == set(before.document.marks):
        return "it passed in silence"
    section = after.config.data
    if section == before.config.data:
        try:
            resolve(after, facts_of(section.fallback or section.source, section.task))
        except ConfigError as error:
            return judge_problems(mutation, file, error.problems, anywhere=True)
    return f'"{mutation.suggestion}" was not suggested' if mutation.suggestion else None


@cache
def facts_of(source: str, task: Task | None) -> DataFacts:
    """The facts of bundled data; those of MNIST, which may not be on this machine, from the digits, in its size."""
    bundled = Data(source="digits" if source == "mnist" else source, task=task)
    facts = data.load(bundled, seed=1, data_dir=None, progress=lambda what, fraction: None).facts
    if source == "mnist":
        facts = facts.model_copy(update={"inputs": facts.inputs.model_copy(update={"height": 28, "width": 28})})
    return facts


def judge_problems(mutation: Mutation, file: Path, problems: Sequence[str], *, anywhere: bool = False) -> str | None:
    found = [PLACE.fullmatch(problem) for problem in problems]
    if not all(found) or any(match and match["file"] != str(file) for match in found):
        return f"a problem has no place or more than a line: {problems}"
    if anywhere:  # what does not fit together may be told at either end
        return None
    texts = {(int(match["line"]), int(match["column"])): match["text"] for match in found if match}
    inner = key_places(yaml.compose(mutation.text, Loader=yaml.SafeLoader))
    around = {place for path, place in inner.items() if path[: len(mutation.path)] == mutation.path}
    if mutation.taken_from is not None:
        around.add(inner.get(mutation.taken_from, (1, 1)))  # where it is missing now
    if mutation.place not in texts and not around & set(texts):
        return f"nothing is told at {mutation.place}: {problems}"
    if mutation.suggestion and f'did you mean "{mutation.suggestion}"?' not in texts.get(mutation.place, ""):
        return f'"{mutation.suggestion}" is not suggested at {mutation.place}: {problems}'
    if mutation.what.startswith("misspell") and len(problems) > 1:
        return f"one mistake gives several problems: {problems}"
    return None


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=pytest.mark.long if path.stem in ALIKE else (), id=path.stem) for path in PATHS]
)
@pytest.mark.parametrize(
    ("mutations", "least"), [(spelling_mutations, 40), (retyping_mutations, 100), (structure_mutations, 50)]
)
def test_no_mutation_of_a_shipped_config_passes_in_silence(
    path: Path, mutations: Any, least: int, tmp_path: Path
) -> None:
    file = tmp_path / path.name
    before = load_config(str(path))
    number, wrong = itertools.count(), []
    for mutation in mutations(path):
        next(number)
        complaint = judge(mutation, file, before)
        if complaint:
            wrong.append(f"{mutation.what}: {complaint}")
    assert wrong == []
    assert next(number) >= least


def test_all_shipped_configs_are_mutated() -> None:
    assert len(PATHS) >= 9
    assert {"misspell units as unit"} & {each.what for path in PATHS for each in spelling_mutations(path)} == set()
