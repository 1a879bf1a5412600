"""The story of `check --fix`: mistakes with one certain fix are fixed in the file, again until none is left.

All is tried on the text in memory, and the file is written once, when it is certain to be better than before.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from nncli.config.describing.fixing import Mend, apply_mends, identify, mend_findings, mend_spelling
from nncli.config.facts import DataFacts
from nncli.config.reading.document import MAX_BYTES
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.reading.shipped import find_config, shipped_folder
from nncli.config.rules import describe, find
from nncli.config.sections import Config
from nncli.console import Console
from nncli.errors import ConfigError, DataError, UnreachableError, UserError, unwritable
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import read_data
from nncli.run.files import write_bytes

# A fix can uncover another mistake; no config needs more rounds than this.
_ROUNDS = 20
_UNTOLD = re.compile(r"and ([\d,]+) more problems")


class _Stage(IntEnum):
    """The stages of a check; problems of a later stage show only when the earlier ones have none."""

    CHECKED = 0
    LOADED_WITHOUT_DATA = 1
    REFUSED = 2


@dataclass(frozen=True)
class _Draft:
    """A text, its problems, and the changes that would fix them."""

    text: str
    stage: _Stage
    problems: tuple[str, ...]
    mends: list[Mend]

    @property
    def badness(self) -> tuple[_Stage, int]:
        """The stage, then the number of problems; only the numbers of one stage can be compared."""
        untold = sum(int(found[1].replace(",", "")) for found in map(_UNTOLD.search, self.problems) if found)
        # Whether the layers fit is looked at last: it is no worse than what had hidden it.
        return self.stage, sum(not problem.endswith("[layer-shape]") for problem in self.problems) + untold


def fix(name: str, *, folders: Folders, console: Console, assignments: Sequence[str] = ()) -> list[str]:
    """Fixes a config file in place and returns the changed lines, each with its number and a - or +; [] for none.

    What was set with `--set` is taken into account and never written. Raises UserError for a config that is not
    the user's own or cannot be written; mistakes that are left are for `check` to tell.
    """
    path = own_file(name)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        before = content.decode()
    except UnicodeDecodeError:
        return []
    if len(content) > MAX_BYTES:  # no config
        return []

    def read(config: Config) -> DataFacts:
        return read_data(config, folders, console).facts

    after = fix_text(before, path, read, assignments)
    if after != before:
        write_own(path, after)
    return _changes(before, after)


def fix_text(text: str, path: Path, read: Callable[[Config], DataFacts], assignments: Sequence[str] = ()) -> str:
    """A config's text with every mistake fixed that has one certain fix.

    `path` is where it lies, or would lie; `read` gives the facts of its data, or raises as `read_data`.
    """
    return _Fixer(path, read, assignments).fix(text)


def own_file(name: str) -> Path:
    """The file that may be changed: one that was named by its path and is not part of nncli."""
    path = find_config(name)
    is_shipped = path.resolve().parent == shipped_folder().resolve()
    if is_shipped and (not Path(name).is_file() or "site-packages" in path.resolve().parts):
        raise UserError(f"{name} comes with nncli and is not changed", hint=f"copy it first: {path}")
    if not os.access(path, os.W_OK):
        raise UserError(f"{path} cannot be written", hint="copy it to a folder of your own")
    return path


class _Fixer:
    """Fixes a text repeatedly, as long as it improves."""

    def __init__(self, path: Path, read: Callable[[Config], DataFacts], assignments: Sequence[str]) -> None:
        self._file, self._read, self._assignments = str(path), read, assignments
        self._facts: dict[str, DataFacts | None] = {}

    def fix(self, text: str) -> str:
        """The best text that was reached; a step may only be worth it with the one after it."""
        draft = best = self._look_at(text)
        for _ in range(_ROUNDS):
            following = self._apply_fixes(draft)
            if following is None:
                break
            if following.badness < best.badness or (draft is best and following.stage is _Stage.REFUSED):
                best = following
            draft = following
        return best.text

    def _apply_fixes(self, draft: _Draft) -> _Draft | None:
        """The draft with all its fixes, or with the first one that helps alone; None if none does."""
        for mends in (draft.mends, *([mend] for mend in draft.mends if len(draft.mends) > 1)):
            text = apply_mends(draft.text, mends)
            following = self._look_at(text) if text != draft.text else None
            if following and _is_improvement(draft, following, mends):
                return following
        return None

    def _look_at(self, text: str) -> _Draft:
        try:
            loaded = load_config(self._file, self._assignments, text=text)
        except ConfigError as error:
            told = tuple(identify(problem) for problem in error.problems)
            mends = mend_spelling(text, self._file, error.problems)
            return _Draft(text, _Stage.REFUSED, told, mends)
        facts = self._read_facts(loaded)
        # A silenced warning is neither shown nor fixed.
        findings = [finding for finding in find(loaded, facts) if any(describe(loaded, [finding]))]
        stage = _Stage.LOADED_WITHOUT_DATA if facts is None else _Stage.CHECKED
        mends = mend_findings(text, loaded.document, findings)
        return _Draft(text, stage, tuple(identify(finding) for finding in findings), mends)

    def _read_facts(self, loaded: LoadedConfig) -> DataFacts | None:
        """What is known of the data, read once for all texts that have the same data section."""
        key = f"{loaded.config.seed} {loaded.config.data.model_dump_json()}"
        if key not in self._facts:
            try:
                self._facts[key] = self._read(loaded.config)
            except (DataError, UnreachableError):
                self._facts[key] = None
        return self._facts[key]


def _is_improvement(draft: _Draft, following: _Draft, mends: Sequence[Mend]) -> bool:
    """Whether the fixed problems are gone and the only new ones were hidden by them before."""
    if following.stage > draft.stage or {mend.problem for mend in mends} & {*following.problems}:
        return False
    if following.badness < draft.badness or following.stage is not _Stage.REFUSED:
        return True
    uncovered = {*following.problems} - {*draft.problems}
    hidden = tuple(f"{_place_of(mend)}{mark}" for mend in mends for mark in ".[:")
    fixed = {_path_of(mend.problem) for mend in mends}
    return all(problem.startswith(hidden) and _path_of(problem) not in fixed for problem in uncovered)


def _place_of(mend: Mend) -> str:
    """The section whose key or name was fixed; what is wrong in it can have been hidden so far."""
    return _path_of(mend.problem).rpartition(".")[0] or mend.spans[0].meaning


def _path_of(problem: str) -> str:
    return problem.partition(": ")[0]


def write_own(path: Path, text: str) -> None:
    """Replaces the text of a config, and keeps its mode. Raises UserError."""
    path = path.resolve()  # the file behind a link, so that the link stays one
    mode = path.stat().st_mode
    try:
        write_bytes(path, text.encode())
        path.chmod(mode)
    except OSError as error:
        raise unwritable(f"{path} cannot be written: {error.strerror}", error) from None


def _changes(before: str, after: str) -> list[str]:
    """Fixes stay within their lines, so that the lines of both texts belong together one by one."""
    pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=True), 1)
    changed = [(number, old, new) for number, (old, new) in pairs if old != new]
    return [line for number, old, new in changed for line in (f"{number}  - {old}", f"{number}  + {new}")]
