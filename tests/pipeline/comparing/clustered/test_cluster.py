"""`nncli compare --on`: a cluster of this machine, with two nodes that train, one of them lost, and one that may not.

The nodes have a start-up file that makes two variants fail, one with its process, one by an exception.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed, as .ci/run does")
pytestmark = pytest.mark.ray

REPOSITORY = Path(__file__).parents[4]
CONFIG = """
name: iris_small
seed: 1
data: {source: iris}
model:
  layers:
    - dense: {units: 4}
    - output: {}
train: {epochs: 2, batch_size: 32, executor: graph, health: false}
"""
# While there is a folder `held`, whoever is to train leaves a file there and waits.
START_UP = """
import os, pathlib, sys, threading, time

held = pathlib.Path({held!r})

def patch():
    while not hasattr(sys.modules.get("nncli.pipeline.comparing.cell_training"), "CellTrainer"):
        time.sleep(0.01)
    trainer = sys.modules["nncli.pipeline.comparing.cell_training"].CellTrainer
    train = trainer.train

    def prepared(self, cell, *arguments, **named):
        if held.exists():
            (held / str(os.getpid())).touch()
        while held.exists():
            time.sleep(0.01)
        if "tanh" in cell.variant.name:
            os._exit(7)
        if "selu" in cell.variant.name:
            raise RuntimeError("no luck on this node")
        return train(self, cell, *arguments, **named)

    trainer.train = prepared

if "default_worker.py" in " ".join(sys.orig_argv):
    threading.Thread(target=patch, daemon=True).start()
"""
# Equal to the last bit; the other files have times in them.
SAME = ("weights.npz", "answers.npz", "splits.npz", "model.tflite", "config.yaml", "inputs.json")


def command(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "nncli", *map(str, words)]


def run(*words: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=300, env={**os.environ, **environment}, cwd=cwd
    )


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def cells_of(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*-seed*/run.json"))


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def assert_same_bits(folder: Path, reference: Path) -> None:
    for name in SAME:
        assert (folder / name).read_bytes() == (reference / name).read_bytes(), f"{folder.name}/{name}"
    with np.load(io.BytesIO((folder / "weights.npz").read_bytes())) as weights:
        assert weights.files
    paths = (folder / "metrics.jsonl", reference / "metrics.jsonl")
    histories = [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]
    for ours, theirs in zip(*histories, strict=True):
        assert {**ours, "seconds": 0, "train_seconds": 0} == {**theirs, "seconds": 0, "train_seconds": 0}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "iris.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def reference(place: Path) -> Path:
    """Twelve trainings on this machine alone."""
    done = run("compare", place / "iris.yaml", "--seeds", 6, "--jobs", 1, "--runs-dir", place / "local", "--no-report")
    assert done.returncode == 0, done.stderr
    [folder] = (place / "local").iterdir()
    return folder


@pytest.fixture(scope="module")
def environment(place: Path) -> Iterator[dict[str, str]]:
    """What the nodes start with: the start-up file, and this checkout."""
    (place / "site").mkdir()
    (place / "site" / "sitecustomize.py").write_text(START_UP.format(held=str(place / "held")))
    before = dict(os.environ)
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "HOME": str(place)}
    yield {"PYTHONPATH": f"{place / 'site'}:{REPOSITORY}"}
    os.environ.clear()
    os.environ.update(before)


def with_other_keras(place: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a node on which Keras says that it is another."""
    info = place / "other" / "keras-3.0.1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 3.0.1\n")
    return {"PYTHONPATH": f"{place / 'other'}:{environment['PYTHONPATH']}"}


@pytest.fixture(scope="module")
def cluster(place: Path, environment: dict[str, str]) -> Iterator[Any]:
    """A head that trains nothing, two nodes with a CPU each, and one with another Keras."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        cluster.trained = [cluster.add_node(num_cpus=1, env_vars=environment) for _ in range(2)]
        cluster.add_node(num_cpus=1, env_vars=with_other_keras(place, environment))
        yield cluster
    finally:
        cluster.shutdown()


def test_a_training_that_fails_three_times_is_told_and_the_others_go_on(cluster: Any, place: Path) -> None:
    vary = "model.hidden_activation=tanh,selu,relu"
    words = ("compare", place / "iris.yaml", "--vary", vary, "--seeds", 1, "--on", "ray", "--json")
    done = run(*words, "--runs-dir", place / "failing", "--no-report")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and json.loads(done.stdout)["seeds"] == [1]
    [folder] = (place / "failing").iterdir()
    states = {name: read(folder / name / "run.json") for name in cells_of(folder)}
    assert {name: state["status"] for name, state in states.items()} == {
        "hidden_activation=relu-seed1": "finished",
        "hidden_activation=selu-seed1": "failed",
        "hidden_activation=tanh-seed1": "failed",
    }
    assert states["hidden_activation=selu-seed1"]["reason"] == (
        "failed 3 times on the cluster; the last time: RuntimeError: no luck on this node"
    )
    assert "its process was lost" in states["hidden_activation=tanh-seed1"]["reason"]
    for name in ("selu", "tanh"):
        again = [line for line in done.stderr.splitlines() if f"={name}" in line and "trained again" in line]
        assert [line[-8:] for line in again] == ["(2 of 3)", "(3 of 3)"]
    assert "(raylet)" not in done.stderr
    typed = read(folder / "hidden_activation=relu-seed1" / "run.json")["command"]
    assert typed == ["nncli", *map(str, words), "--runs-dir", str(place / "failing"), "--no-report"]


def test_a_node_with_another_keras_is_refused_by_name_and_the_others_train(cluster: Any, place: Path) -> None:
    [folder] = (place / "failing").iterdir()
    assert len(read(folder / "run.json")["cluster"]) == 2
    words = ("compare", "--resume", folder, "--on", cluster.address, "--cpus-per-run", 2)
    done = run(*words, "--runs-dir", place / "failing")
    assert done.returncode == 2
    assert "no node of the cluster has what" in done.stderr and "--cpus-per-run 2" in done.stderr
    assert done.stderr.count(": 1 CPUs, 0 GPUs") == 2


def test_stopped_and_continued_with_a_node_lost_it_ends_in_the_bits_of_one_machine(
    cluster: Any, place: Path, reference: Path
) -> None:
    runs = ("--runs-dir", place / "runs", "--on", cluster.address, "--no-report")
    process = subprocess.Popen(
        command("compare", place / "iris.yaml", "--seeds", 6, *runs),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: len(list((place / "runs").glob("*/*-seed*/run.json"))) >= 2, process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    [folder] = (place / "runs").iterdir()
    kept = cells_of(folder)
    assert process.returncode == 130 and stdout == "" and len(kept) >= 2
    assert f"--resume {folder} --on {cluster.address}" in stderr
    assert "it has keras 3.0.1, and this machine" in stderr and stderr.count("is refused") == 1
    assert all(read(folder / name / "run.json")["status"] == "finished" for name in kept)
    assert not list(folder.glob(".*-seed*"))

    process = subprocess.Popen(
        command("compare", "--resume", folder, *runs), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: len(cells_of(folder)) > len(kept), process)
    held = place / "held"
    held.mkdir()
    wait_for(lambda: len(list(held.iterdir())) == 2, process)
    cluster.remove_node(cluster.trained.pop(), allow_graceful=False)
    shutil.rmtree(held)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert "is lost" in stderr and "was lost; it is trained again (2 of 3)" in stderr
    assert "(raylet)" not in stdout + stderr and "state-dump" not in stdout + stderr
    assert len(cells_of(folder)) == 12
    for name in cells_of(reference):
        assert_same_bits(folder / name, reference / name)
    ours, theirs = read(folder / "comparison.json"), read(reference / "comparison.json")
    assert ours["verdicts"] == theirs["verdicts"]


def test_a_cluster_of_this_machine_is_started_and_ended(place: Path, reference: Path) -> None:
    words = ("compare", place / "iris.yaml", "--seeds", 1, "--runs-dir", place / "own", "--on", "ray", "--no-report")
    # With a token in a home of its own: a cluster that Ray starts asks for one. A module in the current folder is not
    # what the workers import.
    (place / "yaml.py").write_text("raise RuntimeError('the wrong one')")
    done = run(*words, RAY_ADDRESS="local", RAY_AUTH_MODE="token", HOME=str(place), cwd=place)
    assert done.returncode == 0, done.stderr
    assert "refused" not in done.stderr and "ray" not in done.stdout.replace("array", "")
    [folder] = (place / "own").iterdir()
    for name in cells_of(folder):
        assert_same_bits(folder / name, reference / name)


def test_where_all_nodes_have_other_versions_nothing_is_trained(place: Path, environment: dict[str, str]) -> None:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False, "env_vars": with_other_keras(place, environment)}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        done = run("compare", place / "iris.yaml", "--on", cluster.address, "--runs-dir", place / "none")
    finally:
        cluster.shutdown()
    assert done.returncode == 2 and done.stdout == ""
    assert "is refused: it has keras 3.0.1, and this machine" in done.stderr
    assert not (place / "none").exists()


def test_nothing_imports_ray_before_a_cluster_is_asked_for() -> None:
    code = "import nncli.cli.commands, sys; from nncli import pipeline as p; p.compare, p.predict, p.ClusterRequest"
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}; print('ray' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "False\n"


def test_an_address_where_nothing_answers_is_told_within_seconds(place: Path) -> None:
    done = run("compare", place / "iris.yaml", "--on", "127.0.0.1:1", "--runs-dir", place / "none")
    assert done.returncode == 2 and not (place / "none").exists()
    assert "--on 127.0.0.1:1: nothing answers there" in done.stderr


def test_streamed_data_is_refused_before_a_cluster_is_joined(tmp_path: Path) -> None:
    rows = [f"{n % 7},{n % 5},{'no' if n % 7 < 3 else 'yes'}" for n in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows]))
    (tmp_path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: y, memory: stream}\nmodel: {layers: [output]}\ntrain: {epochs: 1}\n"
    )
    words = ["--vary", "train.epochs=1,2", "--seeds", 2, "--on", "ray", "--runs-dir", tmp_path / "runs"]
    done = run("compare", tmp_path / "t.yaml", *words, NNCLI_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 2 and "this data is streamed" in done.stderr
    assert not (tmp_path / "runs").exists()
