"""`nncli reproduce`: the same bits, or where and why not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.pipeline.reproducing.traces import compare_traces
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

CONFIG = """
data: {source: iris}
model: {layers: [{dense: {units: 6}}, {dropout: {rate: 0.2}}, output]}
train: {epochs: 2, batch_size: 16, executor: graph}
"""


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def train(here: Path, *options: object) -> Path:
    (here / "iris.yaml").write_text(CONFIG)
    outcome = nncli("train", here / "iris.yaml", "--runs-dir", here / "runs", "--json", *options)
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


def rewrite(run: Path, name: str, content: str) -> None:
    """Changes a file of the model as if it had been written so."""
    RunFolder(run).replace_model({name: content.encode()})


def test_a_run_is_reproduced_bit_by_bit(tmp_path: Path) -> None:
    run = train(tmp_path)
    outcome = nncli("reproduce", run, "--runs-dir", tmp_path / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    assert told["equal"] and told["epochs"] == 2 and told["weights"] == {"arrays": 4, "differing": [], "largest": None}
    assert Path(told["again"]).parent == tmp_path / "runs" and told["again"] != str(run)
    outcome = nncli("reproduce", run, "--runs-dir", tmp_path / "runs")
    assert "bitwise equal: 2 epochs and 4 arrays of weights" in outcome.stdout


CONVOLUTION = """
data: {source: digits, validation: 0.8}
model: {layers: [{conv2d: {filters: 8, kernel_size: 3}}, {max_pooling2d: {}}, {dropout: {rate: 0.2}}, output]}
train: {epochs: 2, threads: 2, executor: graph}
"""


@pytest.mark.long
def test_threads_and_parts_are_set_again_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(CONVOLUTION)

    def in_a_process(*arguments: object) -> dict[str, Any]:
        words = [sys.executable, "-m", "nncli", *map(str, arguments), "--runs-dir", str(tmp_path), "--json"]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)  # type: ignore[no-any-return]

    run = Path(in_a_process("train", tmp_path / "net.yaml")["run"])
    told = in_a_process("reproduce", run)
    assert told["equal"] and told["epochs"] == 2 and told["differences"] == []
    engines = [json.loads((Path(told[name]) / files.RECORD).read_text()) for name in ("run", "again")]
    assert engines[0]["threads"] == 2 and engines[0]["executor"] == "graph"
    assert all(engines[0][key] == engines[1][key] for key in ("executor", "threads", "parts"))


def test_another_result_without_a_reason_fails(tmp_path: Path) -> None:
    run = train(tmp_path)
    lines = (run / files.METRICS).read_text().splitlines()
    last = {**json.loads(lines[1]), "loss": 9.0}
    rewrite(run, files.METRICS, f"{lines[0]}\n{json.dumps(last)}\n")
    outcome = nncli("reproduce", run, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 1
    assert "not equal from epoch 2 on: loss 9.0 and" in outcome.stdout
    assert "so the bits should be equal" in outcome.stdout


def test_another_result_with_a_reason_is_told(tmp_path: Path) -> None:
    run = train(tmp_path)
    rewrite(run, files.METRICS, (run / files.METRICS).read_text().splitlines()[0] + "\n")
    folder = RunFolder(run)
    folder.write_record(versions={**folder.record["versions"], "numpy": "0.1"})
    outcome = nncli("reproduce", run, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 0, outcome.stderr
    assert "different: numpy: then 0.1, now" in outcome.stdout
    assert "not equal from epoch 2 on: epochs 1 and 2" in outcome.stdout


@pytest.mark.parametrize(
    ("file", "changes", "told"),
    [
        (files.RECORD, {"status": "interrupted"}, "only a finished training can be reproduced"),
        (files.RECORD, {"kind": "compare"}, "only a finished training can be reproduced"),
        (files.SUMMARY, {"temperature": 1.5}, "was calibrated"),
        (files.SUMMARY, {"epochs": 1}, "was ended in time after 1 of 2 epochs"),
    ],
)
def test_a_run_without_a_second_is_refused(tmp_path: Path, file: str, changes: dict[str, object], told: str) -> None:
    run = train(tmp_path)
    if file == files.RECORD:
        RunFolder(run).write_record(**changes)
    else:
        rewrite(run, file, json.dumps({**json.loads((run / file).read_text()), **changes}))
    outcome = nncli("reproduce", run, "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 2 and told in outcome.stderr
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_weights_are_compared_by_their_bits(tmp_path: Path) -> None:
    folders = []
    for name, values in (("a", [1.0, 0.0]), ("b", [1.0, -0.0]), ("c", [1.5, 0.0]), ("d", [1.0])):
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir()
        arrays = {"kernel": np.array(values, np.float32), "bias": np.zeros(3, np.float32)}
        folder.replace_model({files.WEIGHTS: npz_bytes(arrays)})
        folders.append(folder)
    first, zero, other, shape = folders
    assert compare_traces(first, first).is_equal
    assert compare_traces(first, zero).differing == ("kernel",) and compare_traces(first, zero).largest == 0.0
    assert compare_traces(first, other).largest == 0.5
    assert compare_traces(first, shape).largest == float("inf")
