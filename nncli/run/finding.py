"""Which run a word means: a folder, a name, the beginning of one, or `latest`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder

LATEST = "latest"


@dataclass(frozen=True)
class FoundRun:
    """A run, and what has to be said of the choice: that other runs fit, or that it `is_older` than one that did not
    finish."""

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
    if (folder / files.RECORD).is_file():
        return FoundRun(RunFolder(folder))
    runs = _run_folders(runs_dir)
    for fits in (_is_name, _is_beginning, _is_config_name):
        matches = [path for path in runs if fits(path.name, word)]
        if matches:
            return _newest_of(matches, word)
    if folder.is_dir():
        raise RunError(f"{word} is not a run folder: it has no {files.RECORD}")
    raise RunError(f"no run {word!r} in {runs_dir}", hint=_known([path.name for path in _trainings(runs)]))


def find_training(word: str, runs_dir: Path) -> RunFolder:
    """The run that `word` means, whether it finished or not; `latest` is the training that started last.

    Raises RunError for none.
    """
    if word != LATEST:
        return find_run(word, runs_dir).folder
    trainings = [path for path in _run_folders(runs_dir) if _record(path).get("kind") == "train"]
    if not trainings:
        raise RunError(f"no training in {runs_dir}", hint="train one first: nncli train")
    return RunFolder(max(trainings, key=lambda path: (_record(path).get("started", ""), path.name)))


def _is_name(name: str, word: str) -> bool:
    return name == word


def _is_beginning(name: str, word: str) -> bool:
    return name.startswith(word)


def _is_config_name(name: str, word: str) -> bool:
    return name.split("-", 2)[-1] == word


def _newest_of(matches: list[Path], word: str) -> FoundRun:
    chosen = _newest(_trainings(matches) or matches)
    if len(matches) == 1:
        return FoundRun(RunFolder(chosen))
    older = _unfinished_after(chosen, matches)
    if older is not None:
        return FoundRun(RunFolder(chosen), f"{word!r} fits {len(matches)} runs; {older}", is_older=True)
    return FoundRun(RunFolder(chosen), f"{word!r} fits {len(matches)} runs; using the newest, {chosen.name}")


def _latest(runs_dir: Path) -> FoundRun:
    """The newest finished training, and whether a newer one did not finish."""
    runs = _run_folders(runs_dir)
    trainings = _trainings(runs)
    if not trainings:
        raise RunError(f"no finished run in {runs_dir}", hint=_unfinished_hint(runs) or "train one first: nncli train")
    chosen = _newest(trainings)
    note = _unfinished_after(chosen, runs)
    return FoundRun(RunFolder(chosen), note, is_older=note is not None)


def _unfinished_after(chosen: Path, runs: list[Path]) -> str | None:
    """What to say of a newer run that did not finish, None where there is none."""
    started = _record(chosen).get("started", "")
    newer = [path for path in _unfinished(runs) if path != chosen and _record(path).get("started", "") >= started]
    if not newer:
        return None
    other = max(newer, key=lambda path: (_record(path).get("started", ""), path.name))
    return f"using {chosen.name}; the newer run {other.name} {_how_it_stands(other)}"


def _how_it_stands(path: Path) -> str:
    status = _record(path).get("status")
    return "is still running" if status == "running" else f"was {status}" if status == "interrupted" else f"{status}"


def _unfinished_hint(runs: list[Path]) -> str | None:
    usable = [path for path in _unfinished(runs) if (path / files.MANIFEST).exists()]
    return f"name the run that was interrupted: {_newest(usable).name}" if usable else None


def _known(names: list[str]) -> str:
    return f"known: {', '.join(sorted(names)[-5:])}" if names else "train one first: nncli train"


def _run_folders(runs_dir: Path) -> list[Path]:
    if not runs_dir.is_dir():
        return []
    return [path for path in runs_dir.iterdir() if (path / files.RECORD).is_file()]


def _newest(paths: list[Path]) -> Path:
    """The run that ended last, or started last where none has ended."""
    return max(paths, key=lambda path: (_record(path).get("ended") or _record(path).get("started", ""), path.name))


def _trainings(paths: list[Path]) -> list[Path]:
    """The finished trainings, no comparisons."""
    wanted = {"kind": "train", "status": "finished"}
    return [path for path in paths if wanted.items() <= _record(path).items()]


def _unfinished(paths: list[Path]) -> list[Path]:
    records = [(path, _record(path)) for path in paths]
    return [path for path, record in records if record.get("kind") == "train" and record.get("status") != "finished"]


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads((path / files.RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
