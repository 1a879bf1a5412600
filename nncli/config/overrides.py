"""Values set on the command line: `a.b=c` changes a document as if it stood in the file, and is named as such."""

import re
from typing import Any

from nncli.config.document import Document, KeyPath, Mark, format_path, parse_document
from nncli.errors import ConfigError, UsageError

_INDEX = re.compile(r"\[(\d+)\]")


def parse_assignment(assignment: str) -> tuple[KeyPath, Any]:
    """`model.layers[0].dense.units=50` as its path and value; the value is read as YAML. Raises UsageError."""
    path_text, equals, value_text = assignment.partition("=")
    parts = _INDEX.sub(r".\1", path_text.strip()).split(".")
    if not equals or not all(parts):
        raise UsageError(f"--set {assignment!r} is not of the form key.path=value", hint="--set train.epochs=5")
    path: KeyPath = tuple(int(part) if part.isdigit() else part for part in parts)
    try:
        value = parse_document(f"value: {value_text.strip() or 'null'}", "--set").values["value"]
    except ConfigError:
        value = value_text.strip()
    return path, value


def apply_assignment(document: Document, path: KeyPath, value: Any, origin: str) -> None:
    """Sets `value` at `path` in place. Raises ConfigError where the path leads through something else."""
    container: Any = document.values
    for depth, part in enumerate(path[:-1]):
        container = _descend(container, part, path[: depth + 1], origin)
    last = path[-1]
    if isinstance(container, list):
        _require_index(container, last, path, origin)
    elif isinstance(last, int) and not isinstance(container, dict):
        raise ConfigError([f"{origin}  {format_path(path)}: there is no list to index"])
    container[last if isinstance(container, list) else str(last)] = value
    path = tuple(path)
    for known in [known for known in document.marks if known[: len(path)] == path]:
        del document.marks[known]
    document.marks[path] = Mark(origin, 0, 0)


def _descend(container: Any, part: str | int, path: KeyPath, origin: str) -> Any:
    """The value at `part`, made where it is missing; a bare name becomes the mapping it stands for."""
    if isinstance(container, list):
        _require_index(container, part, path, origin)
        if isinstance(container[int(part)], str):
            container[int(part)] = {container[int(part)]: {}}
        return container[int(part)]
    key = str(part)
    if container.get(key) is None:
        container[key] = {}
    elif isinstance(container[key], str):
        container[key] = {"name": container[key]}
    if not isinstance(container[key], dict | list):
        raise ConfigError([f"{origin}  {format_path(path)}: is a single value and has no keys below it"])
    return container[key]


def _require_index(container: list[Any], part: str | int, path: KeyPath, origin: str) -> None:
    if not isinstance(part, int) or part >= len(container):
        got = f'"{part}"' if isinstance(part, str) else part
        raise ConfigError(
            [f"{origin}  {format_path(path[:-1])}: has {len(container)} entries, counted from 0, and no {got}"]
        )
