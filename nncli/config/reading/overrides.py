"""Values set on the command line: `a.b=c` changes a document as if it were in the file."""

import re
from typing import Any

from nncli.config.reading.document import (
    MAX_DEPTH,
    Document,
    KeyPath,
    Mark,
    Problem,
    format_path,
    is_unicode,
    parse_document,
    resolve_scalar,
    show_text,
)
from nncli.errors import ConfigError, UsageError

_INDEX = re.compile(r"\[([0-9]+)\]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}")
# Values that begin like this are YAML; everything else is plain text, a number, true, false or null.
_YAML_STARTS = ("[", "{", '"', "'")
# Where a name alone stands for `{name: ...}`, so that its options can be set.
_NAMED: tuple[KeyPath, ...] = (("optimizer",), ("loss",))


def parse_assignment(assignment: str) -> tuple[KeyPath, Any]:
    """`model.layers[0].dense.units=50` as its path and value. Raises UsageError.

    A value is a scalar as in YAML, or a list, a mapping or a text in quotes; `*`, `#`, `|` and the like, which YAML
    gives a meaning at the start of a value, are plain text here.
    """
    shown = show_text(assignment)
    if not is_unicode(assignment):
        raise UsageError(f"--set {shown} is not UTF-8 text")
    path_text, equals, value_text = assignment.partition("=")
    parts = _INDEX.sub(r".\1", path_text.strip()).split(".")
    if not equals or not all(parts):
        raise UsageError(f"--set {shown} is not of the form key.path=value", hint="--set train.epochs=5")
    if len(parts) > MAX_DEPTH:
        raise UsageError(f"--set {shown}: a path has at most {MAX_DEPTH} keys")
    path: KeyPath = tuple(int(part) if _NUMBER.fullmatch(part) else part for part in parts)
    return path, _read_value(value_text.strip(), shown)


def _read_value(text: str, shown: str) -> Any:
    if not text.startswith(_YAML_STARTS):
        return resolve_scalar(text)
    try:
        return parse_document(f"value: {text}", "--set").values["value"]
    except ConfigError as error:
        reason = error.problems[0].partition("  ")[2] or error.problems[0]
        hint = "a list is [a, b], a mapping {a: 1}; put text that begins like one in quotes"
        raise UsageError(f"--set {shown}: {reason}", hint=hint) from None


def apply_assignment(document: Document, path: KeyPath, value: Any, origin: str) -> None:
    """Sets `value` at `path` in place. Raises ConfigError if the path leads through a value that has no keys."""
    mark = Mark(show_origin(origin), 0, 0)
    here: KeyPath = ()
    container: Any = document.values
    for part in path[:-1]:
        container, here = _descend(document, container, (*here, part), mark)
    here = _place_in(container, (*here, path[-1]), mark)
    container[here[-1]] = value
    for known in [known for known in document.marks if known[: len(here)] == here]:
        del document.marks[known]
    document.marks[here] = mark


def show_origin(origin: str) -> str:
    """An option as it was typed, on one line and not too long."""
    return origin if origin.isprintable() and len(origin) <= 120 else show_text(origin).strip('"')


def _descend(document: Document, container: Any, path: KeyPath, mark: Mark) -> tuple[Any, KeyPath]:
    """The value at the end of `path`, created if missing; a bare name becomes the mapping it stands for."""
    path = _place_in(container, path, mark)
    part = path[-1]
    value = container[int(part)] if isinstance(container, list) else container.get(part)
    if value is None:
        value = {}
        document.marks[path] = mark
    elif isinstance(value, str) and isinstance(container, list):
        value = {value: {}}
    elif isinstance(value, str) and path in _NAMED:
        value = {"name": value}
    if not isinstance(value, dict | list):
        raise _refusal(mark, path, "is a single value and has no keys below it")
    container[part] = value
    return value, path


def _place_in(container: Any, path: KeyPath, mark: Mark) -> KeyPath:
    """`path` with its last part as an index or key of `container`. Raises ConfigError if there is no such entry."""
    part = path[-1]
    if isinstance(container, list):
        if isinstance(part, int) and part < len(container):
            return path
        entry = part if isinstance(part, int) else show_text(part)
        text = f"has {len(container)} entries, counted from 0, and no {entry}"
        if part == len(container):
            text += f"; to add one, set the whole list: --set '{format_path(path[:-1])}=[...]'"
        raise _refusal(mark, path[:-1], text)
    if path[:2] == ("model", "layers") and len(path) == 4 and container and str(part) not in container:
        kind = next(iter(container))
        text = f"is {show_text(str(kind))} and not {show_text(str(part))}"
        raise _refusal(mark, path[:-1], f"{text}; to replace it: --set '{format_path(path[:-1])}={{{part}: {{...}}}}'")
    return (*path[:-1], str(part))


def _refusal(mark: Mark, path: KeyPath, text: str) -> ConfigError:
    return ConfigError([str(Problem(mark, path, text))])
