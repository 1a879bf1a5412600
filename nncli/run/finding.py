"""Which run a word means: a folder, a name or its unique beginning, or `latest`."""

import json
from pathlib import Path
from typing import Any

from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder

LATEST = "latest"


def find_run(word: str, runs_dir: Path) -> RunFolder:
    """The run that `word` means. Raises RunError where there is none, or more than one."""
    if word == LATEST:
        return _latest(runs_dir)
    folder = Path(word)
    if (folder / files.RECORD).is_file():
        return RunFolder(folder)
    names = sorted(path.name for path in _run_folders(runs_dir))
    # What follows the time, `mnist_softmax` in 20261123-021507-mnist_softmax, means the newest finished one.
    matches = [name for name in names if name == word]
    matches = matches or [name for name in names if name.startswith(word)]
    matches = matches or _newest([path for path in _trainings(runs_dir) if path.name.split("-", 2)[-1] == word])
    if len(matches) == 1:
        return RunFolder(runs_dir / matches[0])
    if folder.is_dir():
        raise RunError(f"{word} is not a run folder: it has no {files.RECORD}")
    if matches:
        raise RunError(f"{word!r} means {len(matches)} runs: {', '.join(matches[:5])}", hint="give more of the name")
    raise RunError(f"no run {word!r} in {runs_dir}", hint=_known([path.name for path in _trainings(runs_dir)]))


def _known(names: list[str]) -> str:
    return f"known: {', '.join(sorted(names)[-5:])}" if names else "train one first: nncli train"


def _run_folders(runs_dir: Path) -> list[Path]:
    if not runs_dir.is_dir():
        return []
    return [path for path in runs_dir.iterdir() if (path / files.RECORD).is_file()]


def _latest(runs_dir: Path) -> RunFolder:
    """The newest finished `train`."""
    newest = _newest(_trainings(runs_dir))
    if not newest:
        raise RunError(f"no finished run in {runs_dir}", hint="train one first: nncli train")
    return RunFolder(runs_dir / newest[0])


def _newest(paths: list[Path]) -> list[str]:
    """The name of the run that ended last, alone in a list; an empty list for none."""
    return [max(paths, key=lambda path: (_record(path).get("ended", ""), path.name)).name] if paths else []


def _trainings(runs_dir: Path) -> list[Path]:
    """The finished trainings, no comparisons."""
    wanted = {"kind": "train", "status": "finished"}
    return [path for path in _run_folders(runs_dir) if wanted.items() <= _record(path).items()]


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads((path / files.RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
