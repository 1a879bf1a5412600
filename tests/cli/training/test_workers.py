"""`nncli train --workers N`, from the command line: what the run holds, and what is refused at once."""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import warm_start

from nncli.errors import ConfigError
from nncli.pipeline.training.workers.launching import check_workers

CONFIG = """
data: {source: iris, validation: 0.2}
model:
  layers:
    - dense: {units: 6}
    - batch_normalization: {synchronized: true}
    - output: {}
optimizer: {name: adam, clipnorm: 0.5}
train: {epochs: 2, batch_size: 16, executor: graph, threads: 1, health: false}
"""


def nncli(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"} | variables
    words = ("train", *arguments, "--runs-dir", folder / "runs", "--no-report")
    return warm_start.run(*words, env=environment, cwd=folder, timeout=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers")
    (path / "net.yaml").write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def runs(folder: Path) -> dict[str, Path]:
    """One worker; two; two that stop after an epoch and go on."""
    found = {}
    for name, options in {"one": [], "two": ["--workers", "2"], "again": ["--workers", "2", "--epochs", "1"]}.items():
        done = nncli(folder, "net.yaml", *options, "--name", name, "--json")
        assert done.returncode == 0, done.stderr
        found[name] = folder / json.loads(done.stdout)["run"]
    done = nncli(folder, "--resume", found["again"].name, "--workers", "2", "--epochs", "2")
    assert done.returncode == 0, done.stderr
    return found


def weights(run: Path) -> dict[str, np.ndarray]:
    with np.load(run / "weights.npz") as stored:
        return dict(stored)


def history(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not key.endswith("seconds")} for line in lines]


# A machine with two GPUs, with logical CPUs in their place.
MIRRORED = """
import sys
from pathlib import Path
from nncli.engine.process import environment
environment.prepare()
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from nncli import pipeline
from nncli.console import Console
from nncli.pipeline.training.workers.group import Group
run = pipeline.train("net.yaml", folders=pipeline.Folders(Path("mirrored")), console=Console(quiet=True),
                     group=Group(devices=("CPU:0", "CPU:1")))
print(run.folder.path)
"""


@pytest.mark.long
def test_two_devices_of_a_process_end_in_the_weights_of_one(runs: dict[str, Path], folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", MIRRORED], capture_output=True, text=True, cwd=folder, timeout=300)
    assert done.returncode == 0, done.stderr
    run = folder / done.stdout.strip().splitlines()[-1]
    one, two = weights(runs["one"]), weights(run)
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=1e-4, atol=2e-6)
    record = json.loads((run / "run.json").read_text())
    assert (record["workers"], record["devices"]) == (2, ["CPU:0", "CPU:1"])


@pytest.mark.long
def test_two_workers_end_in_the_weights_of_one(runs: dict[str, Path]) -> None:
    one, two = weights(runs["one"]), weights(runs["two"])
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=1e-4, atol=2e-6)
    assert [line["learning_rate"] for line in history(runs["two"])] == [
        line["learning_rate"] for line in history(runs["one"])
    ]


@pytest.mark.long
def test_a_run_of_two_that_goes_on_ends_in_the_bits_of_one_that_did_not_stop(runs: dict[str, Path]) -> None:
    whole, again = weights(runs["two"]), weights(runs["again"])
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert history(runs["two"]) == history(runs["again"])


@pytest.mark.long
def test_the_run_says_how_many_workers_trained_it_and_goes_on_with_as_many(runs: dict[str, Path], folder: Path) -> None:
    record = json.loads((runs["two"] / "run.json").read_text())
    assert (record["workers"], record["executor"], record["parts"]) == (2, "graph", 1)
    assert "workers" not in json.loads((runs["one"] / "run.json").read_text())
    done = nncli(folder, "--resume", runs["two"].name, "--epochs", "3")
    assert done.returncode == 2
    assert "workers: then 2, now 1" in done.stderr


@pytest.mark.long
def test_a_worker_with_another_seed_than_the_chief_is_noticed(folder: Path) -> None:
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in (one, two)]
    command = [sys.executable, "-m", "nncli", "train", "net.yaml", "--runs-dir", str(folder / "other"), "--no-report"]
    processes = []
    for index in (0, 1):
        named = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(named)}
        words = [*command, "--seed", str(index + 1)]
        processes.append(subprocess.Popen(words, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True))
    told = [process.communicate(timeout=200)[1] for process in processes]
    assert all(process.returncode for process in processes), told
    assert "this worker has another config, seed or data than the chief" in told[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--worker-timeout", "5"], "--worker-timeout goes with --workers"),
        (["--restarts", "2"], "--restarts goes with --workers"),
        (["--workers", "3"], "3 workers cannot share a batch of 16 equally; use 15 or 18"),
        (["--cpus-per-run", "2", "--workers", "2"], "--cpus-per-run 2 is for trainings on a cluster"),
        (["--devices", "2"], "got --devices 2, expected all"),
        (["--devices", "all", "--workers", "2"], "--devices all trains in one process, and got --workers"),
        (["--network", "10Gb"], "--network goes with --plan"),
        (["--plan"], "--plan needs --workers"),
        (["--workers", "2", "--dry-run"], "--dry-run leaves no run, so it does not go with --workers"),
        (["--workers", "2", "--show", "weights"], "--show looks at a network that one worker trains"),
        (["--workers", "3", "--plan"], "3 workers cannot share a batch of 16 equally; use 15 or 18"),
    ],
)
def test_options_that_do_not_go_together_are_refused(folder: Path, options: list[str], told: str) -> None:
    done = nncli(folder, "net.yaml", *options)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert len(done.stderr.strip().splitlines()) <= 3


def test_what_workers_cannot_share_is_refused_before_one_is_started(folder: Path) -> None:
    with pytest.raises(ConfigError, match="3 workers cannot share a batch of 16"):
        check_workers(str(folder / "net.yaml"), 3)
    check_workers(str(folder / "net.yaml"), 3, ["train.batch_size=15"])
    with pytest.raises(ConfigError, match="workers-executor"):
        check_workers(str(folder / "net.yaml"), 2, ["train.executor=xla"])


@pytest.mark.skipif(find_spec("ray") is not None, reason="tests what is said without Ray, which is installed here")
def test_without_ray_a_cluster_is_refused_in_one_line(folder: Path) -> None:
    done = nncli(folder, "net.yaml", "--workers", "2", "--on", "ray")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: --on needs the package ray, which is not installed\nfix: ")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("index", [0, 1])
def test_the_workers_of_a_tf_config_refuse_what_they_cannot_share_before_they_meet(folder: Path, index: int) -> None:
    cluster = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": index}}
    done = nncli(folder, "net.yaml", "--set", "train.batch_size=15", TF_CONFIG=json.dumps(cluster))
    assert done.returncode == 2
    assert "2 workers cannot share a batch of 15 equally; use 14 or 16 [workers-batch]" in done.stderr


def test_another_number_than_that_of_tf_config_is_refused(folder: Path) -> None:
    cluster = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}}
    done = nncli(folder, "net.yaml", "--workers", "4", TF_CONFIG=json.dumps(cluster))
    assert done.returncode == 2
    assert "got --workers 4, and TF_CONFIG names 2 workers" in done.stderr
