"""`nncli train --workers 2 --on`: on a cluster of this machine, with workers that are killed or hang, and a caller that
is stopped or killed."""

import contextlib
import json
import os
import signal
import socket
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

REPOSITORY = Path(__file__).parents[5]
CONFIG = """
name: digits_small
seed: 1
data: {source: digits}
model:
  layers:
    - dense: {units: 8}
    - dropout: {rate: 0.1}
    - output: {}
optimizer: {name: adam}
train: {epochs: 40, batch_size: 256, executor: graph, threads: 1, health: false}
"""
# An epoch that takes so long leaves the time to disturb it.
SLOW = """
import sys, threading, time

def patch():
    while not hasattr(sys.modules.get("nncli.engine.callbacks.checkpoint"), "restore"):
        time.sleep(0.01)
    checkpoints = sys.modules["nncli.engine.callbacks.checkpoint"].Checkpoints
    end = checkpoints.on_epoch_end

    def slow(self, *arguments, **named):
        time.sleep(0.25)
        end(self, *arguments, **named)

    checkpoints.on_epoch_end = slow

if "clustered.worker" in " ".join(sys.orig_argv):
    threading.Thread(target=patch, daemon=True).start()
"""
# Marks the processes of the nodes of this test.
MARK = "NNCLI_TEST_PLACE"
TIMEOUT = 4


def command(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "nncli", *map(str, words)]


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def processes(place: Path, word: bytes) -> dict[int, bytes]:
    """The environment of each process on the nodes of this test whose command line has a word."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            if word in words and f"{MARK}={place}".encode() in environment:
                found[int(folder.name)] = environment
    return found


def tasks(place: Path) -> dict[int, dict[str, Any]]:
    """The TF_CONFIG of each worker, by its process."""
    found = {}
    for process, environment in processes(place, b"clustered.worker").items():
        [value] = [each for each in environment.split(b"\0") if each.startswith(b"TF_CONFIG=")]
        found[process] = json.loads(value.partition(b"=")[2])
    return found


def worker(place: Path, index: int) -> int:
    """The process of a worker, 0 being the chief."""
    [process] = [process for process, value in tasks(place).items() if value["task"]["index"] == index]
    return process


def history(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not key.endswith("seconds")} for line in lines]


def assert_same_numbers(run: Path, reference: Path) -> None:
    assert history(run) == history(reference)
    with np.load(run / "weights.npz") as ours, np.load(reference / "weights.npz") as theirs:
        assert sorted(ours) == sorted(theirs)
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert read(run / "summary.json")["test"]["metrics"] == read(reference / "summary.json")["test"]["metrics"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gang")
    (folder / "net.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[Any]:
    """A head that trains nothing, and two nodes with a CPU each."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "HOME": str(place)}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        (place / "site").mkdir()
        (place / "site" / "sitecustomize.py").write_text(SLOW)
        variables = {"PYTHONPATH": f"{place / 'site'}:{REPOSITORY}", MARK: str(place)}
        cluster.trained = [cluster.add_node(num_cpus=1, env_vars=variables) for _ in range(2)]
        yield cluster
    finally:
        cluster.shutdown()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def reference(place: Path) -> Path:
    """Two workers of this machine without Ray, which nothing disturbs."""
    words = ("train", place / "net.yaml", "--workers", 2, "--runs-dir", place / "local", "--no-report", "--json")
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["run"])


class Caller:
    """The process of a command, what it says going into a file."""

    def __init__(self, place: Path, cluster: Any, name: str, *words: object) -> None:
        self.runs, self._said = place / "runs", place / f"{name}.txt"
        shared = ("--workers", 2, "--on", cluster.address, "--worker-timeout", TIMEOUT, "--runs-dir", self.runs)
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                command("train", *words, *shared, "--no-report", "--json"),
                stdout=subprocess.PIPE, stderr=said, text=True, cwd=place,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def wait_for_checkpoint(self) -> None:
        """Waits until it gets another one."""
        before = self._checkpoint()
        self.wait_for(lambda: self._checkpoint() > before)

    def _checkpoint(self) -> float:
        found = list(self.runs.glob("*/checkpoint.npz"))
        return found[0].stat().st_mtime if found else 0.0

    def end(self) -> tuple[int, str]:
        stdout, _ = self.process.communicate(timeout=200)
        return self.process.returncode, stdout


def disturb(place: Path, caller: Caller, faults: list[tuple[int, signal.Signals]]) -> list[str]:
    """Sends each signal to a worker once there is a checkpoint, and waits for the restart; the addresses of the
    workers that train last."""
    for restart, (index, number) in enumerate(faults, 1):
        caller.wait_for_checkpoint()
        os.kill(worker(place, index), number)
        caller.wait_for(lambda told=f"restart {restart} of 3": caller.said.count(told) > 0)  # type: ignore[misc]
    caller.wait_for_checkpoint()
    addresses: list[str] = next(iter(tasks(place).values()))["cluster"]["worker"]
    return addresses


def assert_nothing_is_left(place: Path, addresses: list[str]) -> None:
    deadline = time.monotonic() + 20
    while processes(place, b"clustered.worker") or processes(place, b"ray::Agent"):
        assert time.monotonic() < deadline, processes(place, b"")
        time.sleep(0.05)
    while any(is_open(address) for address in addresses):  # a process that ends closes its ports last
        assert time.monotonic() < deadline, addresses
        time.sleep(0.05)


def is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_whoever_is_killed_or_hangs_the_training_ends_in_the_numbers_of_one_that_was_not_disturbed(
    place: Path, cluster: Any, reference: Path
) -> None:
    caller = Caller(place, cluster, "stopped", place / "net.yaml")
    addresses = disturb(place, caller, [(1, signal.SIGKILL), (0, signal.SIGSTOP)])
    caller.process.send_signal(signal.SIGINT)
    assert caller.end() == (130, "")
    assert_nothing_is_left(place, addresses)
    [run] = caller.runs.iterdir()
    record = read(run / "run.json")
    assert record["status"] == "interrupted" and (run / "weights.npz").exists()
    assert record["workers"] == 2 and record["placement"] == "STRICT_SPREAD" and len(set(record["nodes"])) == 2
    assert f"to continue: nncli train --resume {run} --workers 2 --on {cluster.address}\n" in caller.said

    caller = Caller(place, cluster, "killed", "--resume", run)
    addresses = disturb(place, caller, [(1, signal.SIGSTOP), (0, signal.SIGKILL)])
    os.kill(worker(place, 0), signal.SIGSTOP)  # one that hangs ends with the others
    caller.process.kill()
    caller.end()
    assert_nothing_is_left(place, addresses)

    caller = Caller(place, cluster, "ended", "--resume", run)
    code, stdout = caller.end()
    assert code == 0 and Path(json.loads(stdout)["run"]) == run, caller.said
    assert [path.name for path in run.parent.iterdir()] == [run.name]
    assert_same_numbers(run, reference)
    reasons = [each["reason"] for each in read(run / "run.json")["restarts"]]
    killed, silent = "was killed by SIGKILL", f"gave no sign of life for {TIMEOUT} s"
    assert [("worker 2 of 2" in each, killed in each, silent in each) for each in reasons] == [
        (True, True, False), (False, False, True), (True, False, True), (False, True, False),
    ]  # fmt: skip


def refused(place: Path, cluster: Any, *words: object) -> str:
    done = subprocess.run(
        command("train", place / "net.yaml", "--on", cluster.address, "--runs-dir", place / "none", *words),
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == "" and not (place / "none").exists(), done.stderr
    return done.stderr


def test_what_the_cluster_cannot_do_is_refused_with_its_nodes_and_a_node_with_other_versions_by_name(
    place: Path, cluster: Any
) -> None:
    info = place / "other" / "keras-3.0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 3.0.1\n")
    cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": f"{place / 'other'}:{REPOSITORY}", MARK: str(place)})
    told = refused(place, cluster, "--workers", 4)
    assert "is refused: it has keras 3.0.1, and this machine" in told
    assert "the cluster has no room for 4 workers" in told and told.count(": 1 CPUs, 0 GPUs") == 2


def test_a_config_that_the_workers_cannot_share_is_refused_before_a_cluster_is_joined(place: Path) -> None:
    class Nowhere:
        address = "ray"

    told = refused(place, Nowhere(), "--workers", 2, "--set", "train.batch_size=7")
    assert "workers-batch" in told and "Ray" not in told
    assert "add --workers 2" in refused(place, Nowhere())
