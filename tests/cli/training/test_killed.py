"""Trainings and comparisons that are killed: dead for every command; two that start at once have a folder each."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files
from nncli.run.folder import RunFolder

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")]

# Compiled in half the time.
GRAPH = ("--set", "train.executor=graph")


def start(*arguments: object) -> subprocess.Popen:
    words = [sys.executable, "-m", "nncli", *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listed(runs: Path) -> dict[str, str]:
    outcome = typer.testing.CliRunner().invoke(app, ["runs", "--runs-dir", str(runs), "--json"])
    return {run["name"]: run["status"] for run in json.loads(outcome.stdout)["runs"]}


def test_of_two_trainings_that_start_at_once_the_killed_one_is_dead(tmp_path: Path) -> None:
    processes = [start("train", "--epochs", 1_000_000, *GRAPH, "--runs-dir", tmp_path) for _ in range(2)]
    try:
        wait_for(lambda: len(list(tmp_path.glob(f"*/{files.METRICS}"))) == 2)
        assert list(listed(tmp_path).values()) == ["running", "running"]
        processes[0].kill()
        processes[0].wait()
        assert sorted(listed(tmp_path).values()) == ["dead", "running"]
        processes[1].send_signal(signal.SIGTERM)
        assert processes[1].wait(60) == 143
    finally:
        for process in processes:
            process.kill()
            process.wait()
    statuses = listed(tmp_path)
    assert sorted(statuses.values()) == ["dead", "interrupted"]
    [dead] = [name for name, status in statuses.items() if status == "dead"]
    outcome = typer.testing.CliRunner().invoke(app, ["eval", dead, "--runs-dir", str(tmp_path)])
    assert outcome.exit_code == 2 and "its status is dead" in outcome.stderr
    assert f"nncli train {tmp_path / dead / 'config.yaml'}" in outcome.stderr or "--resume" in outcome.stderr


def test_a_comparison_whose_process_is_killed_is_dead_once_its_workers_are_gone(tmp_path: Path) -> None:
    process = start("compare", "--epochs", 1_000_000, "--seeds", 1, "--jobs", 2, *GRAPH, "--runs-dir", tmp_path)
    try:
        wait_for(lambda: len(list(tmp_path.glob(f"*/*/{files.METRICS}"))) == 2)
        [path] = tmp_path.iterdir()
        cells = [RunFolder(cell.parent) for cell in path.glob(f"*/{files.RECORD}")]
        assert {folder.status for folder in (RunFolder(path), *cells)} == {"running"}
        process.kill()
        wait_for(lambda: RunFolder(path).status != "running")
    finally:
        process.kill()
        process.wait()
    # The workers notice that they have lost their parent, and record how they ended.
    assert RunFolder(path).status == "dead"
    assert {cell.status for cell in cells} <= {"interrupted", "dead"}
