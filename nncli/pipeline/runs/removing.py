"""Removing runs: which ones a person means, that none of them is running, and that nothing else is ever touched."""

import os
from collections.abc import Sequence
from pathlib import Path

from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.runs.rows import read_rows
from nncli.pipeline.runs.selecting import select
from nncli.run import files, lock
from nncli.run.folder import RunFolder
from nncli.run.listing import UNREADABLE, ListedRun, list_runs, run_folders
from nncli.run.removal import clear_removed, remove_folder


def choose_named(words: Sequence[str], runs_dir: Path) -> list[ListedRun]:
    """The runs that the words name: folders, whole names, or beginnings that fit one run only.

    Raises RunError for what is no run of this folder or is running, before anything is removed.
    """
    runs = [ListedRun.read(path) for path in dict.fromkeys(_find_removable(word, runs_dir) for word in words)]
    for run in runs:
        _require_ended(run)
    return runs


def choose_old(keep: int, runs_dir: Path, filters: Sequence[str] = ()) -> list[ListedRun]:
    """All but the newest `keep` of the runs that fit the filters; never one that is running.

    One whose record cannot be read may be the newest of all, so that it stays unless a filter asks for such runs.

    Raises UsageError for a filter that makes no sense.
    """
    if keep < 0:
        raise UsageError(f"--keep {keep}: expected 0 or more")
    readers = select(read_rows(runs_dir), filters)
    if not any("=" in text and text.partition("=")[2].strip() == UNREADABLE for text in filters):
        readers = [reader for reader in readers if reader.run.status != UNREADABLE]
    old = [reader.run for reader in readers][keep:]
    return [run for run in old if not run.path.is_symlink() and not _is_running(run)]


def remove(runs: Sequence[ListedRun], runs_dir: Path) -> int:
    """Removes the folders; returns how many bytes that frees. Raises RunError if one is in use by now."""
    freed = 0
    for run in runs:
        _require_inside(run.path, runs_dir)
        folder = RunFolder(run.path)
        folder.lock()  # nobody continues it from here on
        try:
            _require_ended(ListedRun.read(run.path), is_ours=True)
            freed += _size(run.path)
            remove_folder(run.path)
        except OSError as error:
            raise NncliError(f"{run.path} cannot be removed: {error.strerror}") from None
        finally:
            folder.unlock()
    clear_removed(runs_dir)
    return freed


def _find_removable(word: str, runs_dir: Path) -> Path:
    """The folder of the run that a word names. Raises RunError for none, for several, and for what is outside."""
    runs = {path.name: path for path in run_folders(runs_dir)}
    if word in runs:
        return _require_inside(runs[word], runs_dir)
    given = Path(word)
    if os.path.lexists(given):
        return _require_inside(given, runs_dir)
    fitting = sorted(name for name in runs if word and name.startswith(word))
    if len(fitting) == 1:
        return _require_inside(runs[fitting[0]], runs_dir)
    if fitting:
        shown = ", ".join(fitting[:5]) + (", ..." if len(fitting) > 5 else "")
        raise RunError(f"{word!r} fits {len(fitting)} runs: {shown}", hint="name each run that is to be removed")
    raise RunError(f"no run {word!r} in {runs_dir}", hint="nncli runs lists them")


def _require_inside(path: Path, runs_dir: Path) -> Path:
    """The path, if it is a run folder directly in the folder of runs, and no link. Raises RunError."""
    # The folder's own links are resolved, the last part's is not: a link is no run folder.
    place = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    if place.parent != runs_dir.resolve():
        parent = place.parent
        if parent.parent == runs_dir.resolve() and ListedRun.read(parent).kind == "compare":
            hint = f"remove the comparison: nncli runs rm {parent.name}"
            raise RunError(f"{path} belongs to the comparison {parent.name}", hint=hint)
        raise RunError(f"{path} is not in {runs_dir}", hint="name the folder of its runs with --runs-dir")
    if place.is_symlink():
        raise RunError(f"{path} is a link, not a run folder", hint="remove the link yourself")
    if not (place / files.RECORD).is_file():
        raise RunError(f"{path} is not a run folder: it has no {files.RECORD}")
    return runs_dir / path.name if path.name not in ("", "..") else place


def _is_running(run: ListedRun) -> bool:
    cells = list_runs(run.path) if run.kind == "compare" else []
    return any(each.status == "running" for each in (run, *cells))


def _require_ended(run: ListedRun, *, is_ours: bool = False) -> None:
    """Raises RunError for a run that is running; `is_ours` if we hold its lock, which makes a dead run look alive."""
    cells = list_runs(run.path) if run.kind == "compare" else []
    living = [each for each in (run, *cells) if each.status == "running"]
    if is_ours:
        living = [each for each in living if each.path != run.path and lock.is_held(each.path / files.LOCK)]
    if living:
        known = any(lock.is_held(each.path / files.LOCK) is not None for each in (run, *living))
        hint = "stop it first" if known else "nobody can tell whether its process lives: delete the folder yourself"
        raise RunError(f"{run.path} is running", hint=hint)


def _size(path: Path) -> int:
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())
