"""`extends`: merges a document with its parents; values keep the mark of their file, and paths become absolute."""

import os
from pathlib import Path
from typing import Any

from nncli.config.reading.document import Document, KeyPath, Problem, read_document, show_text
from nncli.config.reading.shipped import find_shipped, shipped_names
from nncli.config.reading.spelling import nearest_names
from nncli.config.sections import is_name_pattern
from nncli.errors import ConfigError

EXTENDS = "extends"
_LONGEST_CHAIN = 20
_LONGEST_FILE_NAME = 255  # bytes, on every usual file system
_PATHS: tuple[KeyPath, ...] = (("data", "path"), ("data", "test"), ("data", "labels"))
# Sections for which a name alone can stand.
_NAMED = ("optimizer", "loss")


def inherit(path: Path, seen: tuple[Path, ...] = (), *, text: str | None = None) -> Document:
    """The document at `path` merged over the one it `extends`. Raises ConfigError where one of them cannot be read.

    text: what to read instead of the file's content.
    """
    document = read_document(path, text)
    anchor_paths(document)
    if EXTENDS not in document.values:
        return document
    parent_name = document.values.pop(EXTENDS)
    parent_path, reason = _find_parent(path, parent_name)
    chain = (*seen, path.resolve())
    if parent_path is not None and parent_path.resolve() in chain:
        reason = f"this config extends itself ({' -> '.join(file.name for file in (*chain, parent_path))})"
    elif len(chain) > _LONGEST_CHAIN:
        reason = f"a chain of more than {_LONGEST_CHAIN} configs"
    if parent_path is None or reason:
        problem = Problem(document.marks[(EXTENDS,)], (EXTENDS,), reason)
        raise ConfigError([str(each) for each in (*document.problems, problem)])
    parent = inherit(parent_path, chain)
    parent.values.pop("name", None)
    parent.marks.pop(("name",), None)
    replaced: set[KeyPath] = set()
    _merge(parent.values, document.values, (), replaced)
    parent.marks = {known: mark for known, mark in parent.marks.items() if not _is_below(known, replaced)}
    parent.marks |= {known: mark for known, mark in document.marks.items() if _is_below(known, replaced)}
    parent.file = document.file
    parent.problems = document.problems + parent.problems
    return parent


def _find_parent(path: Path, name: Any) -> tuple[Path | None, str]:
    """The file that `extends: name` in `path` means, or why there is none."""
    if not isinstance(name, str) or not name:
        return None, "names one file, as in `extends: other.yaml`"
    beside = path.parent / name
    if os.path.isfile(beside):  # noqa: PTH113  (Path.is_file raises for a name that is too long)
        return beside, ""
    shipped = find_shipped(name)
    if shipped is not None:
        return shipped, ""
    if os.path.isdir(beside):  # noqa: PTH112
        return None, f"{show_text(name)} is a folder, not a config"
    near = nearest_names(name, sorted({file.name for file in path.parent.glob("*.yaml")} | set(shipped_names())))
    meant = f'; did you mean "{near[0]}"?' if len(near) == 1 else ""
    return None, f"no file {show_text(name)} beside this config, and no shipped config of that name{meant}"


def _merge(base: dict[str, Any], over: dict[str, Any], path: KeyPath, replaced: set[KeyPath]) -> None:
    """Mappings are merged key by key; lists and single values replace those of the parent."""
    for key, value in over.items():
        below = base.get(key)
        if not path and key in _NAMED and isinstance(below, str) and isinstance(value, dict):
            below = base[key] = {"name": below}
        if isinstance(value, dict) and isinstance(below, dict):
            _merge(below, value, (*path, key), replaced)
        else:
            base[key] = value
            replaced.add((*path, key))


def _is_below(path: KeyPath, tops: set[KeyPath]) -> bool:
    return any(path[:length] in tops for length in range(1, len(path) + 1))


def anchor_paths(document: Document) -> None:
    """Makes the paths in a document absolute: relative to its file, or to here when set on the command line."""
    data = document.values.get("data")
    if not isinstance(data, dict):
        return
    for section, key in _PATHS:
        value = data.get(key)
        if not isinstance(value, str) or not value or (key == "labels" and is_name_pattern(value)):
            continue
        mark = document.mark((section, key))
        folder = Path(document.file).parent if mark.line else Path.cwd()
        try:
            if max(len(os.fsencode(part)) for part in Path(value).parts or [""]) > _LONGEST_FILE_NAME:
                raise ValueError("a file's name is too long")
            data[key] = str((folder / Path(value).expanduser()).resolve())
        except (OSError, RuntimeError, ValueError) as error:  # no such user, a NUL character, a circle of links
            problem = Problem(mark, (section, key), f"{show_text(value)} is not a path ({error})")
            if problem not in document.problems:
                document.problems.append(problem)
