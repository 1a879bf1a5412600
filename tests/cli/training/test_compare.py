"""Comparisons in several processes: the bits of the trainings alone, and what becomes of workers that end early."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nncli.errors import ConfigError, NncliError, UsageError
from nncli.pipeline.comparing.cell_training import Cell
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.comparing.worker import _portable
from nncli.pipeline.comparing.worker_pool import next_cell
from nncli.run import files

CLOCK = {"seconds", "train_seconds", "seconds_per_epoch"}


def without_clock(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_clock(item) for key, item in value.items() if key not in CLOCK}
    return [without_clock(item) for item in value] if isinstance(value, list) else value


def traces(run: Path) -> tuple:
    """All that a training leaves but the time it took."""
    with np.load(run / files.WEIGHTS) as weights:
        bits = {name: weights[name].tobytes() for name in weights.files}
    history = [json.loads(line) for line in (run / files.METRICS).read_text().splitlines()]
    record = json.loads((run / files.RECORD).read_text())
    told = [record[key] for key in ("status", "executor", "threads", "data")]
    return (
        bits,
        without_clock(history),
        without_clock(json.loads((run / files.SUMMARY).read_text())),
        (run / files.SPLITS).read_bytes(),
        (run / files.LITE_MODEL).read_bytes(),
        told,
    )


def start(*arguments: object) -> subprocess.Popen:
    words = [sys.executable, "-m", "nncli", *arguments]
    return subprocess.Popen([str(word) for word in words], stdout=-1, stderr=-1, text=True, start_new_session=True)


# Things that start or go on by chance: weights, dropout, averages over batches, a rate that falls.
NETWORK = """
data: {source: digits}
model:
  layers: [{dense: {units: 12}}, {batch_normalization: {}}, {dropout: {rate: 0.2}}, output]
optimizer: {name: adamw}
train: {epochs: 3, batch_size: 64, executor: graph, reduce_lr_on_plateau: {patience: 1, factor: 0.1}}
"""


@pytest.mark.long
def test_each_cell_ends_in_the_bits_of_the_same_training_alone(tmp_path: Path) -> None:
    config = tmp_path / "noisy.yaml"
    config.write_text(NETWORK)
    options = (config, "--vary", "optimizer.learning_rate=0.01,1e38", "--seeds", 2, "--json")
    alone = ("--set", "optimizer.learning_rate=0.01", "--seed")
    processes = [
        start("compare", *options, "--jobs", 1, "--runs-dir", tmp_path / "1"),
        start("compare", *options, "--jobs", 2, "--runs-dir", tmp_path / "2"),
        *(start("train", config, *alone, seed, "--runs-dir", tmp_path, "--json") for seed in (1, 2)),
    ]
    ended = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, ended
    one_by_one, side_by_side, *trained = (json.loads(stdout) for stdout, _ in ended)
    wanted = [traces(Path(run["run"])) for run in trained]
    for comparison in (one_by_one, side_by_side):
        good, bad = comparison["variants"]
        assert [Path(run).name for run in good["runs"]] == ["learning_rate=0.01-seed1", "learning_rate=0.01-seed2"]
        assert [traces(Path(run)) for run in good["runs"]] == wanted
        assert (good["diverged"], bad["diverged"]) == (0, 2)
    said = ended[1][1]
    assert "seed 2  learning_rate=0.01  test accuracy" in said
    assert "warning: seed 1  learning_rate=1e38  the loss became" in said


def workers_of(process: subprocess.Popen) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def statuses(runs: Path) -> list[str]:
    return sorted(json.loads(file.read_text())["status"] for file in runs.glob("*/*/run.json"))


# Compiled in half the time.
GRAPH = ("--set", "train.executor=graph")

# What is done to a comparison of two workers: a signal, whether it goes to a worker; then its exit code, what it says,
# and how its cells are noted.
ENDS = [
    (signal.SIGKILL, True, 1, "was killed by SIGKILL", ["failed", "interrupted"]),
    (signal.SIGINT, False, 130, "interrupted", ["interrupted", "interrupted"]),
    (signal.SIGKILL, False, -9, "", ["interrupted", "interrupted"]),
]


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process in /proc")
def test_no_worker_is_left_behind_however_a_comparison_ends(tmp_path: Path) -> None:
    options = ("compare", "--seeds", 2, "--epochs", 100000, "--jobs", 2, *GRAPH, "--runs-dir")
    processes = [start(*options, tmp_path / str(number)) for number in range(len(ENDS))]
    workers = []
    for number, (process, (stop, to_worker, *_)) in enumerate(zip(processes, ENDS, strict=True)):
        while process.poll() is None and len(list((tmp_path / str(number)).glob("*/*/metrics.jsonl"))) < 2:
            time.sleep(0.05)
        own = workers_of(process)
        assert len(own) == 2
        workers += own
        os.kill(own[0] if to_worker else process.pid, stop)
    for process, (_, _, code, said, _) in zip(processes, ENDS, strict=True):
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == code
        assert said in stderr and "Traceback" not in stderr
    for _ in range(1200):
        if not any(map(is_alive, workers)):
            break
        time.sleep(0.05)
    assert not any(map(is_alive, workers)), "a worker goes on without its parent"
    for number, (*_, cells) in enumerate(ENDS):
        assert statuses(tmp_path / str(number)) == cells


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_jobs_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither auto nor a whole number") as raised:
        ComparisonRequest.parse(jobs=text)
    assert raised.value.hint == "--jobs auto"


def test_jobs_are_left_open_or_a_number() -> None:
    assert ComparisonRequest.parse().jobs is None
    assert ComparisonRequest.parse(jobs="3").jobs == 3


def cell(name: str, seed: int) -> Cell:
    return Cell(Variant(name, "x", ()), seed)


def test_a_worker_stays_with_its_variant_and_a_new_one_goes_where_most_is_left() -> None:
    pending = [cell("a", 2), cell("b", 1), cell("b", 2)]
    assert next_cell(pending, cell("a", 1), []) == cell("a", 2)
    assert next_cell(pending, None, []) == cell("b", 1)
    assert next_cell(pending, None, [cell("b", 0), cell("b", 3)]) == cell("a", 2)
    assert next_cell([], cell("a", 1), []) is None


@pytest.mark.parametrize("error", [NncliError("message", hint="fix"), ConfigError(["one", "two"], hint="fix")])
def test_an_error_of_a_worker_arrives_with_message_and_hint(error: NncliError) -> None:
    copy = pickle.loads(pickle.dumps(_portable(error)))
    assert (type(copy), copy.message, copy.hint) == (type(error), error.message, "fix")


def test_an_error_that_cannot_travel_is_named() -> None:
    class Local(ValueError):
        pass

    assert str(_portable(Local("strange"))) == "Local: strange"


@pytest.mark.parametrize(
    ("vary", "names"),
    [
        (["optimizer.name=sgd,adam"], ["optimizer=sgd", "optimizer=adam"]),
        (["optimizer=sgd,adam"], ["optimizer=sgd", "optimizer=adam"]),
        (["model.hidden_activation=sigmoid,relu"], ["hidden_activation=sigmoid", "hidden_activation=relu"]),
        (["model.layers.0.dense.units=4,8"], ["dense.units=4", "dense.units=8"]),
        (
            ["model.layers[0].dense.units=4,8", "model.layers[1].dense.units=6"],
            [f"layers.0.dense.units={units} layers.1.dense.units=6" for units in (4, 8)],
        ),
        (["train.epochs=1,2", "optimizer.learning_rate=0.1"], [f"epochs={n} learning_rate=0.1" for n in (1, 2)]),
    ],
)
def test_a_variant_is_named_by_the_shortest_key_that_is_its_own(vary: list[str], names: list[str]) -> None:
    request = ComparisonRequest.parse(["digits_softmax"], vary)
    assert [variant.name for variant in request.variants] == names
