"""The story of `check --fix`: mistakes with one certain fix are mended in the file, again until none is left."""

import os
from collections.abc import Sequence
from pathlib import Path

from nncli.config.catalogue import find_config, shipped_folder
from nncli.config.fixing import fix_findings, fix_spelling
from nncli.config.rules import find
from nncli.console import Console
from nncli.errors import ConfigError, DataError, UnreachableError, UserError
from nncli.pipeline.places import Places
from nncli.pipeline.preparation import load, read_data
from nncli.run.files import write_bytes

# A fix can uncover a mistake that stood behind another; so many times is beyond any config.
_ROUNDS = 20


def fix(name: str, *, places: Places, console: Console, assignments: Sequence[str] = ()) -> list[str]:
    """Mends a config file in place and returns the changed lines, each with its number and a - or +; [] for none.

    What was set with `--set` is taken into account and never written. Raises UserError for a config that is not
    the user's own or cannot be written; mistakes that are left are for `check` to tell.
    """
    path = _own_file(name)
    try:
        before = path.read_bytes().decode()
    except UnicodeDecodeError:
        return []
    after = before
    for _ in range(_ROUNDS):
        fixed = _fix_once(after, name, places, console, assignments)
        if fixed == after:
            break
        _write(path, fixed)
        after = fixed
    return _changes(before, after)


def _own_file(name: str) -> Path:
    """The file that may be changed: one that was named by its path and is not part of nncli."""
    path = find_config(name)
    is_shipped = path.resolve().parent == shipped_folder().resolve()
    if is_shipped and (not Path(name).is_file() or "site-packages" in path.resolve().parts):
        raise UserError(f"{name} comes with nncli and is not changed", hint=f"copy it first: {path}")
    if not os.access(path, os.W_OK):
        raise UserError(f"{path} cannot be written", hint="copy it to a folder of your own")
    return path


def _fix_once(text: str, name: str, places: Places, console: Console, assignments: Sequence[str]) -> str:
    try:
        loaded = load(name, assignments)
    except ConfigError as error:
        return fix_spelling(text, str(find_config(name)), error.problems)
    try:
        facts = read_data(loaded.config, places, console).facts
    except (DataError, UnreachableError):
        facts = None
    return fix_findings(text, loaded.document, find(loaded, facts))


def _write(path: Path, text: str) -> None:
    path = path.resolve()  # the file behind a link, so that the link stays one
    mode = path.stat().st_mode
    try:
        write_bytes(path, text.encode())
        path.chmod(mode)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None


def _changes(before: str, after: str) -> list[str]:
    """Fixes stay within their lines, so that the lines of both texts belong together one by one."""
    pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=True), 1)
    changed = [(number, old, new) for number, (old, new) in pairs if old != new]
    return [line for number, old, new in changed for line in (f"{number}  - {old}", f"{number}  + {new}")]
