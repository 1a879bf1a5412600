"""From a config file and `--set` values to a Config: read, inherit, override, validate; all problems at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.config.catalogue import find_config
from nncli.config.document import Document, KeyPath, read_document
from nncli.config.overrides import apply_assignment, parse_assignment
from nncli.config.problems import describe_problems
from nncli.config.sections import Config
from nncli.errors import ConfigError

_PATHS: tuple[KeyPath, ...] = (("data", "path"), ("data", "test"))


@dataclass(frozen=True)
class LoadedConfig:
    """A valid config and the document it came from, so that later findings can name their place."""

    config: Config
    document: Document


def load_config(
    name: str, assignments: Sequence[str] = (), options: Sequence[tuple[KeyPath, Any, str]] = ()
) -> LoadedConfig:
    """Loads a file or a shipped config.

    assignments: `a.b=c` from `--set`, later ones win; options: (path, value, origin) from a command's own
    options such as `--epochs`, over both. Raises ConfigError with every problem, UserError for a missing file.
    """
    document = _inherit(find_config(name), ())
    for assignment in assignments:
        path, value = parse_assignment(assignment)
        apply_assignment(document, path, value, f"--set {assignment}")
    for path, value, origin in options:
        apply_assignment(document, path, value, origin)
    return validate(document)


def validate(document: Document) -> LoadedConfig:
    """Checks a document against the sections. Raises ConfigError with one line a problem."""
    _anchor_paths(document)
    document.values.setdefault("name", Path(document.file).stem)
    try:
        return LoadedConfig(Config.model_validate(document.values), document)
    except ValidationError as error:
        raise ConfigError(describe_problems(error, document)) from None


def _inherit(path: Path, seen: tuple[Path, ...]) -> Document:
    """The document at `path` over the one it `extends`, each value with the mark of the file it stands in."""
    if path.resolve() in seen:
        chain = " -> ".join(file.name for file in (*seen, path))
        raise ConfigError([f"{path}: extends itself ({chain})"])
    document = read_document(path)
    parent_name = document.values.pop("extends", None)
    if parent_name is None:
        return document
    mark = document.marks[("extends",)]
    parent_path = path.parent / parent_name if isinstance(parent_name, str) else path.parent
    if not parent_path.is_file():
        raise ConfigError([f"{mark}  extends: no file {parent_name!r} beside this config"])
    _anchor_paths(document)
    parent = _inherit(parent_path, (*seen, path.resolve()))
    _anchor_paths(parent)
    parent.values.pop("name", None)
    _merge(parent, document.values, document, ())
    parent.file = document.file
    return parent


def _merge(base: Document, values: dict[str, Any], over: Document, path: KeyPath) -> None:
    """Mappings are merged key by key; lists and single values replace what they meet."""
    for key, value in values.items():
        here = (*path, key)
        target = _at(base.values, path)
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(base, value, over, here)
            continue
        target[key] = value
        for known in [known for known in base.marks if known[: len(here)] == here]:
            del base.marks[known]
        base.marks.update({known: mark for known, mark in over.marks.items() if known[: len(here)] == here})


def _at(values: Any, path: KeyPath) -> Any:
    for part in path:
        values = values[part]
    return values


def _anchor_paths(document: Document) -> None:
    """Makes the paths in a document absolute: relative to its file, or to here when set on the command line."""
    data = document.values.get("data")
    if not isinstance(data, dict):
        return
    for section, key in _PATHS:
        value = data.get(key)
        if isinstance(value, str) and value:
            mark = document.mark((section, key))
            folder = Path(document.file).parent if mark.line else Path.cwd()
            data[key] = str((folder / Path(value).expanduser()).resolve())
