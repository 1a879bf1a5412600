import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # its modules are imported as `python benchmarks/run.py` imports them

import run  # noqa: E402
from measuring import contest, floor, kinds, outcome, ratios, rows, table, task, workspace  # noqa: E402
from measuring.peak import Peak  # noqa: E402

PEAK = Peak(threads=4, operations=200e9, bytes=20e9)
FAKE = """
import os, sys

def race(folder, baton, turns, seconds=None, dies=False):
    print("noise from a library", flush=True)
    baton.detail = f"{turns} turns"
    baton.report()
    for turn in range(turns):
        baton.wait()
        if dies and turn == 1:
            sys.exit("out of breath")
        baton.report(seconds=seconds * (turn + 1))
    baton.wait()
    return 0.5
"""


def run_benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=BENCHMARKS.parent)


def dense_outcome(own: list[float], **theirs: list[float]) -> outcome.Outcome:
    """The first row, with those peers measured who are named."""
    names = {"fit": "model.fit", "torch": "PyTorch loop"}
    measured = {names[name]: ratios.Measured(seconds, 0.95) for name, seconds in theirs.items()}
    return outcome.conclude(rows.ROWS[0], {"nncli": ratios.Measured(own, 0.96, "xla, 1 thread"), **measured}, "nncli")


def test_a_ratio_compares_turns_that_stand_side_by_side() -> None:
    compared = ratios.compare("x", ratios.Measured([10.0, 40.0, 9.0]), ratios.Measured([1.0, 2.0, 3.0]), 10)
    assert compared.ratio == ratios.Spread(median=10.0, least=3.0, most=20.0)
    assert compared.reached is True
    assert replace(compared, at_least=10.5).reached is False
    assert replace(compared, at_least=None).reached is None
    assert replace(compared, ratio=None).reached is None


def test_the_faster_peer_is_the_one_with_the_smaller_ratio() -> None:
    wide = next(row for row in rows.ROWS if row.name == "wide_128")
    measured = {name: ratios.Measured([seconds]) for name, seconds in
                [("nncli", 1.0), ("model.fit", 4.0), ("PyTorch loop", 1.25), ("scikit-learn", 0.5)]}  # fmt: skip
    concluded = outcome.conclude(wide, measured, "nncli")
    assert concluded.faster is not None
    assert concluded.faster.name == "the faster: PyTorch loop"
    assert concluded.faster.reached is False and concluded.missed


def test_a_missed_demand_is_told_and_a_missing_peer_is_none() -> None:
    reached = dense_outcome([1.0], fit=[12.0])
    assert not reached.missed
    assert dense_outcome([1.0], fit=[9.0]).missed
    assert [comparison.reached for comparison in reached.comparisons] == [True, None, None, None, None, None]


def test_the_table_shows_ratios_demands_scores_and_missing_peers_in_80_columns() -> None:
    concluded = replace(
        dense_outcome([0.5, 0.1, 0.25], fit=[5.0, 0.9, 2.5]), floor=floor.Floor(operations=4e9, bytes=40e6)
    )
    text = table.header() + "\n" + table.block(concluded, PEAK)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[3].split() == ["nncli", "(xla,", "1", "thread)", "0.250", "0.9600"]
    assert lines[4].split() == ["model.fit", "2.500", "10.0", "9.00", "10.0", "10x", "yes", "0.9500"]
    assert lines[5] == f"  PyTorch loop: {rows.MISSING}"
    assert "4 GFLOP and 40 MB in 0.02 s; nncli takes 12.5 times that" in lines[-1]


def test_every_row_fits_80_columns() -> None:
    for row in rows.ROWS:
        assert max(map(len, table.block(outcome.Outcome(row, ratios.Measured(), failure="x")).splitlines())) <= 80
        names = [*(peer.name for peer in row.peers), "nncli (graph, 4 threads)"]
        assert max(map(len, names)) <= 25, "a name runs into the numbers"


def test_the_json_has_every_turn_and_the_failures() -> None:
    told = outcome.to_json(dense_outcome([1.0, 2.0], fit=[12.0, 30.0]), PEAK)
    assert told["nncli"]["seconds"] == {"each": [1.0, 2.0], "median": 1.5, "least": 1.0, "most": 2.0}
    fit, torch, *_ = told["peers"]
    assert fit["ratio"] == {"median": 13.5, "least": 12.0, "most": 15.0} and fit["reached"] is True
    assert torch["failure"] == rows.MISSING and torch["ratio"] is None
    json.dumps(told, allow_nan=False)


def test_contenders_take_turns_and_the_first_is_not_counted(fake: Callable[..., contest.Start]) -> None:
    said: list[str] = []
    measured = contest.race({"quick": fake(seconds=1.0), "slow": fake(seconds=3.0)}, 2, said.append)
    assert measured["quick"].seconds == [2.0, 3.0] and measured["slow"].seconds == [6.0, 9.0]
    assert (measured["quick"].detail, measured["quick"].score) == ("3 turns", 0.5)
    assert [line.rpartition(":")[2].split()[0] for line in said] == ["quick", "slow", "slow", "quick", "quick", "slow"]


def test_a_contender_that_fails_is_told_and_the_others_go_on(fake: Callable[..., contest.Start]) -> None:
    measured = contest.race({"good": fake(seconds=1.0), "bad": fake(seconds=1.0, dies=True)}, 2, lambda text: None)
    assert measured["good"].seconds == [2.0, 3.0] and measured["good"].score == 0.5
    assert "out of breath" in (measured["bad"].failure or "")
    assert "exited with code 1" in (measured["bad"].failure or "")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., contest.Start]:
    """Starts of a contender whose turns take as long as it says, found in a folder of the test's own."""
    package = tmp_path / "contenders"
    package.mkdir()
    (package / "fake.py").write_text(FAKE)
    code = f"import measuring.contenders; measuring.contenders.__path__.append({str(package)!r})"
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n{code}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    return lambda **options: contest.Start("fake", tmp_path, options)


def test_a_command_that_fails_shows_its_last_lines() -> None:
    with pytest.raises(contest.ContenderError, match=r"exited with code 3: alas"):
        workspace.run_command([sys.executable, "-c", "import sys; print('alas', file=sys.stderr); sys.exit(3)"])


def test_a_task_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    saved = task.save_task(tmp_path, "configs/digits_recurrent.yaml", ("train.batch_size=16",), None, tmp_path)
    assert (saved.batch_size, saved.learning_rate, saved.is_regression) == (16, 0.003, False)
    inputs = task.features(saved, saved.test)
    assert inputs.dtype == np.float32 and inputs.shape == (len(saved.test), 8, 8, 1) and inputs.max() == 1
    right = np.eye(10)[saved.test.targets]
    assert task.score(saved, right) == 1.0
    assert task.score(saved, np.roll(right, 1, axis=1)) == 0.0


def test_the_floor_counts_products_forward_and_backward(tmp_path: Path) -> None:
    layers = "model.layers=[{dense: {units: 20}}, {dense: {units: 10, activation: linear}}]"
    loss = "loss={name: sparse_categorical_crossentropy, from_logits: true}"
    saved = task.save_task(tmp_path, "configs/digits_recurrent.yaml", (layers, loss), None, tmp_path)
    found = floor.floor_of(saved)
    # The first layer needs no gradient of its inputs; a multiplication with its addition are two operations.
    assert found.operations == 2 * (2 * 64 * 20 + 3 * 20 * 10) * len(saved.train)
    assert found.seconds(PEAK) == max(found.operations / 200e9, found.bytes / 20e9)


def test_every_row_can_be_measured_by_modules_that_exist() -> None:
    modules = {path.stem for path in (BENCHMARKS / "measuring" / "contenders").glob("*.py")}
    for row in rows.ROWS:
        assert row.kind in kinds.KINDS
        if isinstance(row, rows.TrainingRow) or row.name.startswith("warm"):
            assert {peer.contender for peer in row.peers} <= modules
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)


def test_what_the_issue_demands_is_demanded() -> None:
    demands: dict[str, Any] = {
        row.name: [*(peer.at_least for peer in row.peers if peer.at_least), row.faster_at_least] for row in rows.ROWS
    }
    assert demands["dense_32"] == [10, 5, 3, 1, None]
    assert demands["wide_128"] == [1.3] and demands["cnn"] == [2]
    assert [demands[name][0] for name in ("transformer", "recurrent", "recurrent_mnist")] == [1.5] * 3
    assert [demands[name][0] for name in ("train", "predict_one", "load", "compare")] == [5, 20, 50, 15]


def test_the_rows_are_listed() -> None:
    done = run_benchmark("--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [row.name for row in rows.ROWS]


def test_an_unknown_row_is_a_wrong_argument_that_names_the_known_ones() -> None:
    done = run_benchmark("--rows", "cnn,cmm")
    assert done.returncode == 2
    assert "got cmm; choose from dense_32, " in done.stderr


def test_a_json_file_in_no_folder_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run.parse_arguments(["--json", str(tmp_path / "none" / "out.json")])
    assert ended.value.code == 2


def test_data_that_is_not_there_is_told_in_the_row(tmp_path: Path) -> None:
    [row] = rows.find_rows("diamonds")
    found = run.measure_row(row, True, workspace.Workspace(tmp_path, tmp_path, lambda text: None))
    assert "diamonds.csv" in (found.failure or "") and not found.missed
    text = table.block(found)
    assert "  not measured: " in text and max(map(len, text.splitlines())) <= 80
    assert "diamonds.csv" in outcome.to_json(found, PEAK)["failure"]


@pytest.mark.parametrize("script", sorted(BENCHMARKS.rglob("*.py")), ids=lambda path: path.name)
def test_what_a_benchmark_takes_from_nncli_is_there(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nncli":
            names = [alias.name for alias in node.names]
            check = f"from {node.module} import {', '.join(names)}"
            # In this process, which may have imported TensorFlow: modules of the engine take no further time.
            exec(check, {})
