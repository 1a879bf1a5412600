"""Which run a word means: a folder, a name, the beginning of one, or `latest`."""

from dataclasses import dataclass
from pathlib import Path

from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import DEAD, RunFolder, now
from nncli.run.listing import UNREADABLE, ListedRun, how_it_stands, how_to_go_on, list_runs, run_folders

LATEST = "latest"


@dataclass(frozen=True)
class FoundRun:
    """A run, and what has to be said about the choice: that other runs fit, or that it `is_older` than one that did not
    finish, or may be as its time is still to come."""

    folder: RunFolder
    note: str | None = None
    is_older: bool = False


def find_run(word: str, runs_dir: Path) -> FoundRun:
    """The run that `word` means; of several that fit, the newest finished training. Raises RunError for none.

    A word is a folder, a run's whole name, its beginning (`20261123`), or the config's name in it (`mnist_softmax`).
    """
    if word == LATEST:
        return _latest(runs_dir)
    folder = Path(word)
    if folder.name in ("", ".."):  # `.` has no name of its own
        folder = folder.resolve()
    if (folder / files.RECORD).is_file():
        return FoundRun(RunFolder(folder))
    paths = run_folders(runs_dir)
    for fits in (_is_name, _is_beginning, _is_config_name):
        matches = [path for path in paths if fits(path.name, word)]
        if matches:
            return _newest_of([ListedRun.read(path) for path in matches], word)
    if folder.is_dir():
        raise RunError(f"{word} is not a run folder: it has no {files.RECORD}")
    raise RunError(
        f"no run {word!r} in {runs_dir}", hint=_list_known([run.name for run in _trainings(list_runs(runs_dir))])
    )


def find_training(word: str, runs_dir: Path) -> FoundRun:
    """The run to continue with that `word` means; of several that fit, the training that started last, finished or not.

    Raises RunError for none.
    """
    return _find_started(word, runs_dir, "train", "no training", "train one first: nncli train")


def find_comparison(word: str, runs_dir: Path) -> FoundRun:
    """The same for a comparison."""
    return _find_started(word, runs_dir, "compare", "no comparison", "begin one: nncli compare")


def _find_started(word: str, runs_dir: Path, kind: str, none: str, hint: str) -> FoundRun:
    folder = Path(word)
    if word != LATEST and (folder / files.RECORD).is_file():
        return FoundRun(RunFolder(folder))
    started = [run for run in list_runs(runs_dir) if run.kind == kind]
    if not started and word == LATEST:
        raise RunError(f"{none} in {runs_dir}", hint=hint)
    fits = (lambda name, word: word == LATEST, _is_name, _is_beginning, _is_config_name)
    matches = next((found for fit in fits if (found := [run for run in started if fit(run.name, word)])), [])
    if not matches:
        return find_run(word, runs_dir)  # a run of another kind, or an error that says what is known
    chosen = max(matches, key=lambda run: (run.started, run.name))
    if len(matches) == 1 and word != LATEST:
        return FoundRun(RunFolder(chosen.path))
    ahead = _still_to_come(chosen, "started", chosen.started)
    note = f"{word!r} fits {len(matches)} runs; using the newest, {chosen.name}" if word != LATEST else None
    return FoundRun(RunFolder(chosen.path), ahead or note, is_older=ahead is not None)


def _is_name(name: str, word: str) -> bool:
    return name == word


def _is_beginning(name: str, word: str) -> bool:
    return name.startswith(word)


def _is_config_name(name: str, word: str) -> bool:
    return name.split("-", 2)[-1] == word


def _newest_of(matches: list[ListedRun], word: str) -> FoundRun:
    chosen = _newest(_trainings(matches) or matches)
    if len(matches) == 1:
        return FoundRun(RunFolder(chosen.path))
    older = _unfinished_after(chosen, matches)
    if older is not None:
        return FoundRun(RunFolder(chosen.path), f"{word!r} fits {len(matches)} runs; {older}", is_older=True)
    return FoundRun(RunFolder(chosen.path), f"{word!r} fits {len(matches)} runs; using the newest, {chosen.name}")


def _latest(runs_dir: Path) -> FoundRun:
    """The newest finished training, and whether a newer one did not finish."""
    runs = list_runs(runs_dir)
    trainings = _trainings(runs)
    if not trainings:
        raise RunError(f"no finished run in {runs_dir}", hint=_unfinished_hint(runs) or "train one first: nncli train")
    chosen = _newest(trainings)
    note = _unfinished_after(chosen, runs) or _still_to_come(chosen, "ended", chosen.last_time)
    return FoundRun(RunFolder(chosen.path), note, is_older=note is not None)


def _still_to_come(chosen: ListedRun, verb: str, when: str) -> str | None:
    """A note if the newest run is only newest because the clock has since been set back; otherwise None."""
    if when <= now():
        return None
    return f"using {chosen.name}, which {verb} at {when}, still to come: was the clock set back since?"


def _unfinished_after(chosen: ListedRun, runs: list[ListedRun]) -> str | None:
    """A note on a newer run that did not finish, None where there is none."""
    newer = [run for run in _unfinished(runs) if run.path != chosen.path and _is_as_new(run, chosen)]
    if not newer:
        return None
    other = max(newer, key=lambda run: (run.started, run.name))
    further = f"; {how_to_go_on(other.path, other.status)}" if other.status == DEAD else ""
    return f"using {chosen.name}; the newer run {other.name} {how_it_stands(other.status)}{further}"


def _is_as_new(run: ListedRun, chosen: ListedRun) -> bool:
    """Whether a run did not start before another; for one that cannot be read, its name decides."""
    return run.name >= chosen.name if run.status == UNREADABLE else run.started >= chosen.started


def _unfinished_hint(runs: list[ListedRun]) -> str | None:
    """The newest run that did not finish: usable if it has a model, else to be continued."""
    unfinished = _unfinished(runs)
    usable = [run for run in unfinished if run.status != UNREADABLE and RunFolder(run.path).has_model]
    if usable:
        newest = _newest(usable)
        return f"name the run that {'is' if newest.status == DEAD else 'was'} {newest.status}: {newest.name}"
    hidden = [run.name for run in unfinished if run.status == UNREADABLE]
    if hidden:
        return f"{max(hidden)} {how_it_stands(UNREADABLE)}"
    dead = [run for run in unfinished if run.status == DEAD]
    return f"{_newest(dead).name} is dead; {how_to_go_on(_newest(dead).path, DEAD)}" if dead else None


def _list_known(names: list[str]) -> str:
    return f"known: {', '.join(sorted(names)[-5:])}" if names else "train one first: nncli train"


def _newest(runs: list[ListedRun]) -> ListedRun:
    """The run that ended last, or started last where none has ended."""
    return max(runs, key=lambda run: (run.last_time, run.name))


def _trainings(runs: list[ListedRun]) -> list[ListedRun]:
    """The finished trainings, no comparisons."""
    return [run for run in runs if run.kind == "train" and run.status == "finished"]


def _unfinished(runs: list[ListedRun]) -> list[ListedRun]:
    return [run for run in runs if run.kind == "train" and run.status != "finished"]
