"""From a config file and `--set` values to a Config: read, inherit, override, validate, and report all problems."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.config.reading.document import Document, KeyPath
from nncli.config.reading.inheritance import EXTENDS, anchor_paths, inherit
from nncli.config.reading.overrides import apply_assignment, parse_assignment, show_origin
from nncli.config.reading.problems import describe_problems
from nncli.config.reading.shipped import find_config
from nncli.config.sections import Config
from nncli.errors import ConfigError, UsageError


@dataclass(frozen=True)
class LoadedConfig:
    """A valid config and its document, so that later findings can name their position."""

    config: Config
    document: Document


def load_config(
    name: str,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
    *,
    text: str | None = None,
) -> LoadedConfig:
    """Loads a file or a shipped config.

    assignments: `a.b=c` from `--set`, later ones win; options: (path, value, origin) from a command's own
    options such as `--epochs`, over both; text: the content of the file `name`, which need not be there.
    Raises ConfigError with every problem, UserError for a missing file.
    """
    settings = [(*parse_assignment(assignment), f"--set {assignment}") for assignment in assignments]
    document = inherit(find_config(name) if text is None else Path(name), text=text)
    refused: list[str] = []
    for path, value, origin in [*settings, *options]:
        if path == (EXTENDS,):
            raise UsageError(
                f"{show_origin(origin)}: `extends` must be in the config itself", hint="extends: other.yaml"
            )
        try:
            apply_assignment(document, path, value, origin)
        except ConfigError as error:
            refused += error.problems
    return validate(document, refused)


def validate(document: Document, refused: Sequence[str] = ()) -> LoadedConfig:
    """Checks a document against the sections.

    Raises ConfigError with one line a problem, those that were found before (`refused`) at the end.
    """
    anchor_paths(document)
    document.values.setdefault("name", _name_of(document.file))
    problems: list[str] = []
    config = None
    try:
        config = Config.model_validate(document.values)
    except ValidationError as error:
        problems = describe_problems(document, error)
    else:
        problems = describe_problems(document)
    if problems or refused or config is None:
        raise ConfigError([*problems, *refused])
    return LoadedConfig(config, document)


def _name_of(file: str) -> str:
    """The name of a run whose config has none: the file's, without characters a name cannot have."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(file).stem).lstrip("_.-")[:80] or "run"
