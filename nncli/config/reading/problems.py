"""Turns pydantic's errors into one line each, with the position in the file and the nearest valid name."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError

from nncli.config.layers import LAYERS
from nncli.config.reading.document import Document, KeyPath, Mark, Problem
from nncli.config.reading.messages import explain, join_reasons
from nncli.config.reading.spelling import did_you_mean, nearest_names
from nncli.config.section import Section
from nncli.config.sections import Config

# More than anybody reads; the rest is counted.
MAX_TOLD = 50

# Kinds that say that a value fits no branch of a union: noise if one branch found an error inside it.
_WHOLE_VALUE = (
    "literal_error", "tuple_type", "dict_type", "model_type", "string_type", "int_type", "float_type", "too_short"
)  # fmt: skip

Detail = Mapping[str, Any]


def describe_problems(document: Document, error: ValidationError | None = None) -> list[str]:
    """One line for each problem, in the order of the file; the branches of a union share a line."""
    groups = _group(error, document) if error else {}
    marks = {path: document.mark(path) for path in groups}
    pending: list[tuple[Mark, KeyPath, list[Detail] | str]]
    pending = [(problem.mark, problem.path, problem.text) for problem in document.problems]
    pending += [(marks[path], path, details) for path, details in groups.items()]
    pending.sort(key=lambda entry: _sort_key(entry[0], document))
    lines = [str(Problem(mark, path, _text(path, found))) for mark, path, found in pending[:MAX_TOLD]]
    if len(pending) > MAX_TOLD:
        lines.append(f"{document.file}: and {len(pending) - MAX_TOLD:,} more problems")
    return lines


def _sort_key(mark: Mark, document: Document) -> tuple[int, str, int, int]:
    """The config's own lines first, then those of the files it extends, then what was set on the command line."""
    rank = 2 if not mark.line else int(mark.file != document.file)
    return (rank, mark.file if rank == 1 else "", mark.line, mark.column)


def _text(path: KeyPath, found: list[Detail] | str) -> str:
    if isinstance(found, str):
        return found
    if any(detail["type"] == "extra_forbidden" for detail in found):
        return _explain_unknown_key(path, found[0])
    return join_reasons(explain(detail) for detail in found)


def _group(error: ValidationError, document: Document) -> dict[KeyPath, list[Detail]]:
    """The errors of each path, without those that follow from another one."""
    groups: dict[KeyPath, list[Detail]] = {}
    for detail in error.errors(include_url=False):
        for each in _split(detail):
            groups.setdefault(_yaml_path(each, document.values), []).append(each)
    parents = {path[:length] for path in groups for length in range(len(path))}
    missing = {path for path, details in groups.items() if details[0]["type"] == "missing"}
    unknown = _unknown_beside(missing, groups)
    return {
        path: details
        for path, details in groups.items()
        if not (path in parents and all(detail["type"] in _WHOLE_VALUE for detail in details))
        and not (path in missing and path[-1] in unknown.get(path[:-1], ()))
    }


def _unknown_beside(missing: set[KeyPath], groups: Mapping[KeyPath, list[Detail]]) -> dict[KeyPath, set[str]]:
    """For each section that lacks a key: the names its unknown keys were probably meant to be."""
    sections = {path[:-1] for path in missing}
    meant: dict[KeyPath, set[str]] = {}
    for path, details in groups.items():
        if path[:-1] in sections and details[0]["type"] == "extra_forbidden" and len(meant) < MAX_TOLD:
            near = nearest_names(str(path[-1]), _keys_beside(details[0]["loc"]))
            meant.setdefault(path[:-1], set()).update(near[:1] if len(near) == 1 else ())
    return meant


def _split(detail: Detail) -> Iterator[Detail]:
    """Splits an error about a whole mapping into one for each of its keys."""
    is_mapping = isinstance(detail["input"], dict)
    if detail["type"] == "union_tag_not_found" and is_mapping:
        yield from _split_nameless(detail)
    elif detail["type"] == "layer_entry" and is_mapping and detail["input"]:
        kind = next((key for key in detail["input"] if key in LAYERS), next(iter(detail["input"])))
        others = [key for key in detail["input"] if key != kind]
        yield from ({"type": "layer_key", "loc": (*detail["loc"], key), "ctx": {"kind": kind}} for key in others)
    else:
        yield detail


def _split_nameless(detail: Detail) -> Iterator[Detail]:
    """A section that lacks the `name` by which its kind is told may have it misspelled: tell its unknown keys."""
    told_by = _discriminator(detail)
    known = _keys_beside((*detail["loc"], told_by))
    unknown = [key for key in detail["input"] if key not in known]
    yield from ({"type": "extra_forbidden", "loc": (*detail["loc"], key), "input": None} for key in unknown)
    if not any(nearest_names(key, known) == [told_by] for key in unknown):
        yield detail


def _discriminator(detail: Detail) -> str:
    """The key that tells the branches of a union apart: `name`, `kind` or `schedule`."""
    return str(detail["ctx"]["discriminator"]).strip("'")


def _yaml_path(detail: Detail, values: Any) -> KeyPath:
    """Pydantic's location without what is not in the file: the tags of unions, `constrained-int` and the like."""
    path: list[str | int] = []
    location = detail["loc"]
    names_absent_key = detail["type"] in ("missing", "extra_forbidden")
    for index, part in enumerate(location):
        is_last = index == len(location) - 1
        in_list = isinstance(values, list | tuple) and isinstance(part, int) and part < len(values)
        if in_list or (isinstance(values, dict) and part in values):
            values = values[part]
        elif isinstance(values, str) and values == part and path and isinstance(path[-1], int):
            values = None  # a layer that is only named
        elif not (is_last and names_absent_key):
            continue
        path.append(part)
    if detail["type"] in ("layer_kind", "layer_options"):
        path += [detail["ctx"]["kind"], *(["kind"] if detail["type"] == "layer_kind" else [])]
    if detail["type"] == "union_tag_invalid" and isinstance(values, dict):
        told_by = _discriminator(detail)
        path.append(told_by if told_by in values else next(iter(values)))
    return tuple(path)


def _explain_unknown_key(path: KeyPath, detail: Detail) -> str:
    key = str(path[-1])
    if key == "<<":
        return "merge keys are not supported; write the keys out, or name a parent config with `extends`"
    if key.isdecimal() and detail.get("input") is None:
        return f"unknown key; decimals have a point: 0.{key}, not 0,{key}"
    known = _keys_beside(detail["loc"])
    if not nearest_names(key, known):
        here = path[:-1]
        elsewhere = [place for place in _sections_with().get(key, ()) if place != here]
        if elsewhere:
            places = " or ".join(f'"{".".join(place)}"' if place else "the top level" for place in elsewhere)
            return f"unknown key; it belongs in {places}"
    return f"unknown key{did_you_mean(key, known)}"


@cache
def _sections_with() -> dict[str, list[tuple[str, ...]]]:
    """For each key the sections, outside of lists, that know it."""
    found: dict[str, list[tuple[str, ...]]] = {}

    def visit(section: type[Section], path: tuple[str, ...]) -> None:
        for name, field in section.model_fields.items():
            if path not in found.setdefault(name, []):
                found[name].append(path)
            for inner in _sections_in(field.annotation):
                if name != "layers":
                    visit(inner, (*path, name))

    visit(Config, ())
    return found


def _keys_beside(location: Sequence[str | int]) -> list[str]:
    """The valid keys of the section in which the last part of `location` is unknown."""
    candidates: Iterable[type[Section]] = (Config,)
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [section for section in candidates if _tag(section) == part]
        if tagged:
            candidates = tagged
            continue
        fields = [section.model_fields[part] for section in candidates if part in section.model_fields]
        if not fields:
            continue  # the tag of a branch that stands in no file
        candidates = [found for field in fields for found in _sections_in(field.annotation)]
    names = {name for section in candidates for name in section.model_fields if name != "kind"}
    return sorted(names | ({"extends"} if len(location) == 1 else set()))


def _tag(section: type[Section]) -> Any:
    fields = section.model_fields
    return next((fields[key].default for key in ("kind", "name", "schedule") if key in fields), None)


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, Section):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _sections_in(argument)
