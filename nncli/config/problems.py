"""What pydantic found wrong, as one line each with its place in the file and the nearest valid name."""

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from nncli.config.document import Document, KeyPath, format_path
from nncli.config.section import Section
from nncli.config.sections import Config

_QUOTED = re.compile(r"'([^']*)'")


def describe_problems(error: ValidationError, document: Document) -> list[str]:
    """One line for each key that is wrong, in the order of the file; the branches of a union share a line."""
    reasons: dict[KeyPath, list[str]] = {}
    for detail in error.errors(include_url=False):
        path = _yaml_path(detail, document.values)
        known = reasons.setdefault(path, [])
        reason = _explain(detail, path)
        if reason not in known:
            known.append(reason)
    marks = {path: document.mark(path) for path in reasons}
    ordered = sorted(reasons, key=lambda path: (marks[path].line, marks[path].column))
    return [f"{marks[path]}  {format_path(path) or 'config'}: {_join(reasons[path])}" for path in ordered]


def _join(reasons: list[str]) -> str:
    """`got 3, must be an integer` and `got 3; known: full` as one sentence."""
    first, *others = reasons
    shared = first.split(",")[0].split(";")[0]
    rest = [other.removeprefix(shared).lstrip(",; ").replace("did you mean ", "").rstrip("?") for other in others]
    return " or ".join([first, *rest])


def did_you_mean(got: Any, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest name, or the list of names when none is near."""
    names = list(known)
    near = difflib.get_close_matches(str(got).lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    if near:
        match = next(name for name in names if name.lower() == near[0])
        return f'; did you mean "{match}"?'
    return f"; known: {', '.join(names)}" if names else ""


def _yaml_path(detail: Any, values: Any) -> KeyPath:
    """Pydantic's location without what is not in the file: the tags of unions, `constrained-int` and the like."""
    path: list[str | int] = []
    location = detail["loc"]
    names_absent_key = detail["type"] in ("missing", "extra_forbidden")
    for index, part in enumerate(location):
        is_last = index == len(location) - 1
        in_list = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if in_list or (isinstance(values, dict) and part in values):
            values = values[part]
        elif not (is_last and names_absent_key):
            continue
        path.append(part)
    return tuple(path)


def _explain(detail: Any, path: KeyPath) -> str:
    kind, got, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(path[-1], _keys_beside(detail['loc']))}"
    if kind == "missing":
        return "is required and missing"
    if kind == "union_tag_invalid":
        names = _QUOTED.findall(context["expected_tags"])
        return f'unknown name "{context["tag"]}"{did_you_mean(context["tag"], names)}'
    if kind == "union_tag_not_found":
        return "needs a name"
    if kind in ("literal_error", "enum", "is_instance_of"):
        names = _QUOTED.findall(str(context.get("expected", ""))) or _task_names(kind)
        return f"got {_show(got)}{did_you_mean(got, names)}"
    if kind == "unknown_name":
        return f'{detail["msg"]} "{context["got"]}"{did_you_mean(context["got"], context["known"])}'
    if kind.startswith("bool"):
        return f"got {_show(got)}, must be true or false"
    message = detail["msg"].replace("Input should be", "must be").replace("{{", "{").replace("}}", "}")
    return f"got {_show(got)}, {message[0].lower()}{message[1:]}"


def _task_names(kind: str) -> list[str]:
    from nncli.config.facts import Task

    return [task.value for task in Task] if kind == "is_instance_of" else []


def _show(value: Any) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    if value is None:
        text = "nothing"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys_beside(location: Sequence[str | int]) -> list[str]:
    """The valid keys of the section in which the last part of `location` is unknown."""
    candidates: list[type[Section]] = [Config]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [section for section in candidates if _tag(section) == part]
        if tagged:
            candidates = tagged
            continue
        fields = [section.model_fields[part] for section in candidates if part in section.model_fields]
        candidates = [found for field in fields for found in _sections_in(field.annotation)]
    return sorted({name for section in candidates for name in section.model_fields if name != "kind"})


def _tag(section: type[Section]) -> Any:
    fields = section.model_fields
    if "kind" in fields:
        return fields["kind"].default
    return fields["name"].default if "name" in fields else None


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, Section):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _sections_in(argument)
