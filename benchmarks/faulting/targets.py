"""The commands that faults are done to, each with what goes on afterwards; does not know faults.

A target works in a copy of a folder that holds two finished trainings, a comparison and a table (`make_template`).
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faulting.flips import without_clock
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.run.listing import list_runs

Words = list[str]
_IRIS = {"data": {"source": "iris"}, "model": {"layers": [{"dense": {"units": 4, "activation": "relu"}}, "output"]}}
_TRAIN = {"epochs": 2, "batch_size": 32, "executor": "graph"}
_TABLE_ROWS = 120
_RUN, _OTHER, _COMPARISON = "20260101-000000-net", "20260101-000001-net", "20260101-000002-compare-net"
_OUTPUT = "out.csv"
_QUIET = ["--quiet", "--json"]


@dataclass(frozen=True)
class Target:
    """A command, the one that goes on after it failed (`again`), and the kind of run that it makes, if it makes one.

    `may_change` says that afterwards the first training may answer otherwise: as it does after the command is done.
    """

    name: str
    words: Words
    kind: str | None = None
    again: Callable[[Path], Words] | None = None
    may_change: bool = False

    def go_on(self, place: Path) -> Words:
        """What a person would do next: go on with the run that is there, else the same command again."""
        made = _newest_made(place, self.kind) if self.kind else None
        can_go_on = made is not None and made.file(files.CONFIG).exists()
        if self.again is not None:
            return self.again(place)
        if self.kind == "train" and made is not None and can_go_on and made.status != "finished":
            return ["train", "--resume", str(made.path), *_QUIET]
        if self.kind == "compare" and made is not None and "request" in made.record and made.status != "finished":
            return ["compare", "--resume", str(made.path), *_QUIET]
        return self.words


def _target(name: str, *words: str, **options: Any) -> Target:
    return Target(name, [*words, *_QUIET], **options)


def _remove_again(place: Path) -> Words:
    """The rest of the runs that were to go; the list where they are gone."""
    left = (place / "runs" / _OTHER / files.RECORD).exists()
    return ["runs", "rm", _OTHER, "--yes", *_QUIET] if left else ["runs", "--json"]


# A streamed table is read in windows by a thread of its own; a comparison trains in two processes.
TARGETS = {
    target.name: target
    for target in (
        _target("train", "train", "net.yaml", kind="train"),
        _target("streamed", "train", "streamed.yaml", kind="train"),
        _target("extend", "train", "--resume", _RUN, "--epochs", "3", may_change=True),
        _target("folds", "train", "net.yaml", "--folds", "2", kind="train"),
        _target("compare", "compare", "net.yaml", "--seeds", "2", "--jobs", "2", kind="compare"),
        _target("ensemble", "ensemble", _COMPARISON, kind="ensemble"),
        _target("reproduce", "reproduce", _RUN),
        _target("eval", "eval", _RUN),
        _target("calibrate", "eval", _RUN, "--calibrate", may_change=True),
        _target("report", "report", _RUN),
        _target("comparison-page", "report", _COMPARISON),
        _target("export", "export", _RUN, "--output", "model.tflite", "--force"),
        _target("script", "export", _RUN, "--output", "script", "--format", "script", "--force"),
        Target("predict", ["predict", "rows.csv", "--run", _RUN, "--output", _OUTPUT, "--quiet"]),
        _target("rm", "runs", "rm", _OTHER, "--yes", again=_remove_again),
        _target("prune", "runs", "prune", "--keep", "1", "--yes"),
    )
}


def make_template(place: Path, run: Callable[[Words, Path], int], targets: Iterable[str]) -> None:
    """Trains what the targets start from. `run` runs a command in a folder and returns its exit code."""
    needs_comparison = any(_COMPARISON in TARGETS[name].words for name in targets)
    place.mkdir()
    config = {"name": "net", **_IRIS, "train": _TRAIN}
    (place / "net.yaml").write_text(yaml.safe_dump(config))
    streamed = {"source": "csv", "path": "rows.csv", "target": "kind", "memory": "stream"}
    (place / "streamed.yaml").write_text(yaml.safe_dump({**config, "name": "streamed", "data": streamed}))
    rows = (f"{row % 7},{row % 5},{row % 3 + row / 100},{row % 11},{'abc'[row % 3]}" for row in range(_TABLE_ROWS))
    names = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    (place / "rows.csv").write_text("\n".join((",".join((*names, "kind")), *rows)) + "\n")
    runs = place / "runs"
    words = ["--seeds", "2", "--jobs", "1", "--fixed-split", "--vary", "model.hidden_activation=relu,tanh"]
    for name, command in (
        (_RUN, ["train", "net.yaml"]),
        (_OTHER, ["train", "net.yaml", "--set", "seed=2"]),
        *[(_COMPARISON, ["compare", "net.yaml", *words])] * needs_comparison,
    ):
        before = set(runs.glob("*")) if runs.exists() else set()
        if code := run([*command, *_QUIET], place):
            raise RuntimeError(f"{command} ended with {code}")
        [made] = set(runs.glob("*")) - before
        made.rename(runs / name)


def copy_template(template: Path, place: Path) -> None:
    """A fresh copy of the template, in place of what is there."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)


def what_is_made(target: Target, place: Path) -> dict[str, Any]:
    """What the target left that a command reads: the last run of its kind without its clock, and the other outputs."""
    found: dict[str, Any] = {}
    if target.kind is not None:
        run = _newest_made(place, target.kind)
        found |= {"none": True} if run is None else _contents(run)
    elif target.may_change:
        found |= _contents(RunFolder(place / "runs" / _RUN))
    for name in (_OUTPUT, "script"):
        path = place / name
        paths = sorted(path.rglob("*")) if path.is_dir() else [path] * path.exists()
        found |= {str(each.relative_to(place)): each.read_bytes() for each in paths if each.is_file()}
    if target.name in ("rm", "prune"):
        found["runs"] = sorted(path.name for path in (place / "runs").glob("[!.]*"))
    return found


def _newest_made(place: Path, kind: str) -> RunFolder | None:
    known = (_RUN, _OTHER, _COMPARISON)
    made = [run for run in list_runs(place / "runs") if run.kind == kind and run.name not in known]
    return RunFolder(made[0].path) if made else None


def _contents(run: RunFolder) -> dict[str, Any]:
    """What must be equal, whatever happened on the way."""
    found: dict[str, Any] = {"status": run.status, "damaged": run.damaged}
    for name in (files.WEIGHTS, files.SPLITS, files.NOVELTY, files.ANSWERS, files.LITE_MODEL, files.OUT_OF_FOLD):
        found[name] = run.find_intact(name)
    for name in (files.METRICS, files.HEALTH):
        found[name] = without_clock(run.read_lines(name))
    for name in (files.SUMMARY, files.COMPARISON):
        found[name] = without_clock(run.read_json(name)) if run.file(name).exists() else None
    for cell in sorted(path.parent for path in run.path.glob(f"*/{files.RECORD}")):
        found[cell.name] = _contents(RunFolder(cell))
    return found


def read_all(place: Path) -> dict[str, Any]:
    """What readers see of all runs; of the first one, also what it predicts. Problems are told under "wrong"."""
    import typer.testing

    from nncli.cli import app

    runner, seen, wrong = typer.testing.CliRunner(), {}, []
    os.chdir(place)
    listed = runner.invoke(app, ["runs", "--json"])
    if listed.exit_code:
        wrong.append(f"runs: {listed.output[-300:]}")
    for run in list_runs(place / "runs"):
        shown = runner.invoke(app, ["runs", "show", "--json", str(run.path)])
        if shown.exit_code:
            wrong.append(f"runs show {run.name}: {shown.output[-300:]}")
            continue
        if damaged := json.loads(shown.stdout)["damaged"]:
            wrong.append(f"{run.name}: damaged: {damaged}")
        if run.status == "running":
            wrong.append(f"{run.name} is running, and its process is gone")
    if (place / "runs" / _RUN / files.RECORD).exists():
        answer = runner.invoke(app, ["predict", "rows.csv", "--json", "--quiet", "--run", _RUN])
        seen["predict"] = answer.stdout if not answer.exit_code else f"{answer.exit_code} {answer.output[-300:]}"
    left = [str(path.relative_to(place)) for path in place.rglob("*") if _is_left_over(path)]
    return {**seen, "wrong": wrong, "left": left}


def _is_left_over(path: Path) -> bool:
    return path.name.startswith(".") and path.name not in (files.LOCK, ".gitignore") and path.is_file()
