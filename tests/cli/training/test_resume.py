"""`nncli train --resume`: after a kill, Ctrl-C or the end of the epochs, and what it refuses."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer.testing
import warm_start

from nncli.cli import app
from nncli.errors import RunError
from nncli.pipeline.training.continuing.checkpoint import load_checkpoint
from nncli.run import files
from nncli.run.finding import find_training
from nncli.run.folder import RunFolder

CONFIG = """
data: {source: iris}
model: {layers: [{dense: {units: 8}}, {dropout: {rate: 0.2}}, output]}
train: {epochs: %d, batch_size: 16, executor: graph}
"""
# The command line with a checkpoint after each epoch, and a short sleep in which it can be killed.
DRIVER = """
import time
from nncli.engine.process import environment
environment.prepare(1)
from nncli.engine.callbacks import checkpoint
begin, init = checkpoint.Checkpoints.begin_writing, checkpoint.Checkpoints.__init__
def eager(self, *args, **kwargs):
    init(self, *args, **{**kwargs, "seconds": 0.0})
def slow(self):
    begin(self)
    time.sleep(0.02)
checkpoint._CAPTURE_SECONDS = 0.0
checkpoint.Checkpoints.__init__, checkpoint.Checkpoints.begin_writing = eager, slow
from nncli.cli.process import main
main()
"""


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def spawn(*arguments: object) -> warm_start.WarmProcess:
    return warm_start.WarmProcess(*arguments, program=DRIVER)


def test_a_forked_command_is_like_a_new_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "50")
    new = subprocess.run([sys.executable, "-m", "nncli", "check", "nothing.yaml"], capture_output=True, text=True)
    forked = warm_start.run("check", "nothing.yaml", timeout=60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (new.returncode, new.stdout, new.stderr)
    assert new.returncode == 2 and "nothing.yaml" in new.stderr
    told = "import os, sys; print(sys.argv, os.getcwd(), os.environ); sys.exit('no')"
    forked = warm_start.run("a b", program=told, cwd=tmp_path.parent, env={"x": "1"}, timeout=60)
    assert forked.stdout == f"['nncli', 'a b'] {tmp_path.parent} environ({{'x': '1'}})\n" and forked.returncode == 1


def train(here: Path, epochs: int, name: str = "iris", *options: object) -> Path:
    (here / f"{name}.yaml").write_text(CONFIG % epochs)
    outcome = nncli("train", here / f"{name}.yaml", "--runs-dir", here / "runs", "--json", *options)
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


def contents(run: Path) -> dict[str, object]:
    """All files of a run but for the clock, the command and the folder's name."""
    told: dict[str, object] = {}
    for path in sorted(run.rglob("*")):
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                told[path.name] = {
                    name: arrays[name].tobytes() for name in arrays.files if name not in ("about", "digest")
                }
        elif path.suffix in (".tflite", ".yaml"):
            told[path.name] = path.read_bytes()
        elif path.suffix == ".jsonl":
            told[path.name] = [without_clock(json.loads(line)) for line in path.read_text().splitlines()]
        elif path.name in (files.INPUTS, files.SUMMARY):
            told[path.name] = without_clock(json.loads(path.read_text()))
    return told


def without_clock(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_clock(each) for key, each in value.items() if "seconds" not in key}
    return value


def record(run: Path) -> dict[str, object]:
    return json.loads((run / files.RECORD).read_text())


def test_killed_at_random_moments_a_training_ends_in_the_bits_of_one_left_alone(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    generator = random.Random(seed)
    (tmp_path / "iris.yaml").write_text(CONFIG % 30)
    alone = spawn("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "alone", "--json")
    killed = spawn("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "killed", "--json")
    kills = 0
    while kills < 4:
        if wait_for_epochs(killed, tmp_path / "killed", generator.randrange(1, 8)):
            time.sleep(generator.uniform(0, 0.05))
            killed.kill()
            kills += 1
        killed.communicate(timeout=60)
        if (code := killed.returncode) == 0:
            break
        assert code == -signal.SIGKILL
        killed = spawn("train", "--resume", "latest", "--runs-dir", tmp_path / "killed", "--json")
    _, told = killed.communicate(timeout=60)
    assert killed.returncode == 0, (seed, told)
    assert alone.communicate(timeout=60)[1] is not None and alone.returncode == 0
    (first,), (second,) = (tmp_path / "alone").iterdir(), (tmp_path / "killed").iterdir()
    assert contents(first) == contents(second), f"seed {seed}"
    assert len(record(second)["resumed"]) == kills > 0  # type: ignore[arg-type]


def wait_for_epochs(process: warm_start.WarmProcess, runs: Path, more: int) -> bool:
    """Until that many more epochs are in the metrics; false if the training ended before."""

    def lines() -> int:
        return sum(path.read_text().count("\n") for path in runs.glob(f"*/{files.METRICS}"))

    # A resumed training writes the lines that it keeps again, so the count may fall for a moment.
    started = None
    while process.poll() is None:
        if started is None and any((run / files.CHECKPOINT).exists() for run in runs.glob("*")):
            started = lines()
        if started is not None and lines() >= started + more:
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_says_how_to_continue_and_does(tmp_path: Path, number: int, code: int) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG % 60)
    stopped = spawn("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "runs")
    assert wait_for_epochs(stopped, tmp_path / "runs", 3)
    stopped.send_signal(number)
    _, told = stopped.communicate(timeout=60)
    (run,) = (tmp_path / "runs").iterdir()
    assert stopped.returncode == code and "Traceback" not in told
    assert f"to continue: nncli train --resume {run}" in told
    assert record(run)["status"] == "interrupted"
    outcome = nncli("train", "--resume", run, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["epochs"] == 60
    assert record(run)["status"] == "finished" and record(run)["reason"] is None


def test_a_finished_run_is_extended_or_says_that_nothing_is_left(tmp_path: Path) -> None:
    run = train(tmp_path, 2)
    outcome = nncli("train", "--resume", run)
    assert outcome.exit_code == 2 and "has trained all of its 2 epochs" in outcome.stderr
    outcome = nncli("train", "--resume", run, "--epochs", 1)
    assert outcome.exit_code == 2 and "--epochs" in outcome.stderr
    edit_record(run, status="interrupted")
    outcome = nncli("train", "--resume", run, "--epochs", 1)
    assert outcome.exit_code == 2 and "2 epochs are done\nfix: --epochs is the number of all epochs" in outcome.stderr
    edit_record(run, status="finished")
    outcome = nncli("train", "--resume", run, "--epochs", 5, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    summary = json.loads(outcome.stdout)
    assert (summary["epochs"], summary["epochs_asked"]) == (5, 5)
    assert len((run / files.METRICS).read_text().splitlines()) == 5
    assert nncli("eval", run).exit_code == 0


def test_killed_after_the_last_epoch_only_test_and_export_are_left(tmp_path: Path) -> None:
    run = train(tmp_path, 3)
    wanted = contents(run)
    for name in (files.WEIGHTS, files.LITE_MODEL, files.KERAS_MODEL, files.SUMMARY, files.MANIFEST):
        (run / name).unlink()
    edit_record(run, status="running", ended=None)
    outcome = nncli("train", "--resume", run, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    again = contents(run)
    for told in (wanted, again):  # names in a graph count on within one process
        told.pop(files.LITE_MODEL)
    assert again == wanted


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path: Path) -> None:
    run = train(tmp_path, 2)
    wanted = contents(run)
    (run / files.CHECKPOINT).unlink()
    edit_record(run, status="running")
    outcome = nncli("train", "--resume", run)
    assert outcome.exit_code == 0, outcome.stderr
    assert "after 0 epochs" in outcome.stderr
    assert {**contents(run), files.LITE_MODEL: None} == {**wanted, files.LITE_MODEL: None}


def test_what_decides_on_the_bits_is_compared(tmp_path: Path) -> None:
    run = train(tmp_path, 2)
    known = record(run)
    edit_record(run, versions={**known["versions"], "keras": "0.1"}, machine={**known["machine"], "cpu": "abacus"})  # type: ignore[dict-item]
    outcome = nncli("train", "--resume", run, "--epochs", 3)
    assert outcome.exit_code == 2
    for told in ("would not go on to the same bits", "keras: then 0.1, now", "cpu: then abacus, now", "--inexact"):
        assert told in outcome.stderr
    assert record(run)["status"] == "finished"
    outcome = nncli("train", "--resume", run, "--epochs", 3, "--inexact")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(record(run)["resumed"][0]["differences"]) == 2  # type: ignore[index]


def test_a_changed_config_or_table_is_noticed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,y\n" + "".join(f"{i},{i * 2}\n" for i in range(50)))
    (tmp_path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: y}\nmodel: {layers: [output]}\ntrain: {epochs: 1}\n"
    )
    outcome = nncli("train", tmp_path / "t.yaml", "--runs-dir", tmp_path / "runs", "--json")
    run = Path(json.loads(outcome.stdout)["run"])
    config = (run / files.CONFIG).read_text()
    (run / files.CONFIG).write_text(config.replace("batch_size: 32", "batch_size: 16"))
    outcome = nncli("train", "--resume", run, "--epochs", 2)
    assert outcome.exit_code == 2 and "config: changed since" in outcome.stderr
    (run / files.CONFIG).write_text(config)
    table.write_text(table.read_text().replace("7,14", "7,15"))
    outcome = nncli("train", "--resume", run, "--epochs", 2)
    assert outcome.exit_code == 2 and "data: the rows are not those" in outcome.stderr


def edit_record(run: Path, **changes: object) -> None:
    RunFolder(run).write_record(**changes)


def test_one_flipped_bit_of_a_checkpoint_is_refused_or_harmless(tmp_path: Path) -> None:
    run = train(tmp_path, 1)
    path = run / files.CHECKPOINT
    content, known = path.read_bytes(), state_in(run)
    generator, refused = random.Random(4), 0
    for _ in range(300):
        bit = generator.randrange(8 * len(content))
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            assert state_in(run) == known, bit
        except RunError as error:
            assert "is damaged" in error.message
            refused += 1
    assert refused > 200


def state_in(run: Path) -> tuple[object, ...]:
    state = load_checkpoint(RunFolder(run))
    assert state is not None
    arrays = {name: (each.dtype, each.shape, each.tobytes()) for name, each in state.arrays.items()}
    return state.epochs, state.numbers, state.marks, arrays


def test_the_state_is_left_out_where_the_config_says_so(tmp_path: Path) -> None:
    run = train(tmp_path, 1, "iris", "--set", "train.checkpoint=none")
    assert not (run / files.CHECKPOINT).exists()
    outcome = nncli("train", "--resume", run, "--epochs", 2)
    assert outcome.exit_code == 2 and "kept no state" in outcome.stderr


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            "optimizer={name: adam, learning_rate: {schedule: cosine, initial_learning_rate: 0.01}}",
            "falls over its 3 epochs",
        ),
        ("optimizer={name: sgd, learning_rate: 1e38}", "diverged, and would again"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG % 3)
    nncli("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "runs", "--set", setting)
    (run,) = (tmp_path / "runs").iterdir()
    outcome = nncli("train", "--resume", run, "--epochs", 5)
    assert outcome.exit_code == 2 and told in outcome.stderr


def test_early_stopping_has_the_last_word(tmp_path: Path) -> None:
    run = train(
        tmp_path,
        30,
        "iris",
        "--set",
        "train.early_stopping={patience: 1}",
        "--set",
        "optimizer={name: sgd, learning_rate: 2}",
    )
    assert json.loads((run / files.SUMMARY).read_text())["epochs"] < 30
    outcome = nncli("train", "--resume", run, "--epochs", 40)
    assert outcome.exit_code == 2 and "more would change nothing" in outcome.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["digits_softmax"], "goes on with the run's own config, and got digits_softmax"),
        (["--seed", "2", "--set", "seed=3"], "got --set seed=3, --seed 2"),
    ],
)
def test_a_resumed_run_takes_no_other_settings(tmp_path: Path, words: list[str], told: str) -> None:
    outcome = nncli("train", *words, "--resume", "latest", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and told in outcome.stderr
    outcome = nncli("train", "--inexact", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and "--inexact goes with --resume" in outcome.stderr


def test_a_training_short_of_time_ends_in_order_and_can_go_on(tmp_path: Path) -> None:
    run = train(tmp_path, 50, "iris", "--max-minutes", "0")
    summary = json.loads((run / files.SUMMARY).read_text())
    assert (summary["epochs"], summary["epochs_asked"]) == (1, 50)
    assert record(run)["status"] == "finished"
    outcome = nncli("train", "--resume", run, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["epochs"] == 50


def test_other_things_than_trainings_are_refused(tmp_path: Path) -> None:
    outcome = nncli("train", "--resume", "latest", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and "no training in" in outcome.stderr
    run = train(tmp_path, 1)
    edit_record(run, kind="compare")
    outcome = nncli("train", "--resume", run)
    assert outcome.exit_code == 2 and "is a compare, not a training" in outcome.stderr
    edit_record(run, kind="train", status="running")
    shutil.copy(run / files.CHECKPOINT, tmp_path / "x")
    (run / files.CONFIG).unlink()
    outcome = nncli("train", "--resume", run)
    assert outcome.exit_code == 2 and "ended before its training began" in outcome.stderr


def test_the_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    first, second = train(tmp_path, 1), train(tmp_path, 1, "other", "--set", "train.batch_size=8")
    shutil.copy(second / files.CHECKPOINT, first / files.CHECKPOINT)
    outcome = nncli("train", "--resume", first, "--epochs", 2)
    assert outcome.exit_code == 2 and "config: changed since" in outcome.stderr


def test_a_run_that_is_running_is_refused_and_a_killed_one_is_dead(tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG % 100_000)
    running = spawn("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "runs")
    assert wait_for_epochs(running, tmp_path / "runs", 1)
    outcome = nncli("train", "--resume", "latest", "--runs-dir", tmp_path / "runs")
    assert outcome.exit_code == 2 and "in use by another process" in outcome.stderr
    running.kill()
    running.communicate(timeout=60)
    (run,) = (tmp_path / "runs").iterdir()
    assert RunFolder(run).status == "dead"
    outcome = nncli("predict", "x", "--run", run)
    assert f"nncli train --resume {run}" in outcome.stderr


def test_a_refused_run_stays_dead(tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG % 100_000)
    running = spawn("train", tmp_path / "iris.yaml", "--runs-dir", tmp_path / "runs")
    assert wait_for_epochs(running, tmp_path / "runs", 1)
    running.kill()
    running.communicate(timeout=60)
    (run,) = (tmp_path / "runs").iterdir()
    config = (run / files.CONFIG).read_text()
    (run / files.CONFIG).write_text(config.replace("batch_size: 16", "batch_size: 8"))
    for _ in range(2):
        assert nncli("train", "--resume", run).exit_code == 2
        assert RunFolder(run).status == "dead"


def test_of_several_runs_the_one_that_started_last_goes_on(tmp_path: Path) -> None:
    finished, other = train(tmp_path, 1), train(tmp_path, 3)
    edit_record(finished, started="2026-01-01T00:00:00+00:00", ended="2026-01-01T00:00:09+00:00")
    edit_record(other, started="2026-01-02T00:00:00+00:00", status="interrupted", ended=None)
    for word in ("iris", "latest"):
        found = find_training(word, tmp_path / "runs")
        assert found.folder.path == other and (found.note is None) == (word == "latest")
    assert find_training(str(finished), tmp_path / "runs").folder.path == finished
    assert find_training(finished.name, tmp_path / "runs").note is None
    with pytest.raises(RunError, match="no run 'nothing'"):
        find_training("nothing", tmp_path / "runs")


def test_a_finished_run_stays_usable_while_it_is_extended(tmp_path: Path) -> None:
    run = train(tmp_path, 2)
    before = nncli("eval", run, "--json")
    extending = spawn("train", "--resume", run, "--epochs", 100_000)
    assert wait_for_epochs(extending, tmp_path / "runs", 2)
    extending.kill()
    extending.communicate(timeout=60)
    after = nncli("eval", run, "--json")
    assert after.exit_code == 0, after.stderr
    assert json.loads(after.stdout)["metrics"] == json.loads(before.stdout)["metrics"]
    assert RunFolder(run).status == "dead"


def test_a_damaged_manifest_is_refused_and_the_run_stays_finished(tmp_path: Path) -> None:
    run = train(tmp_path, 1)
    (run / files.MANIFEST).write_text((run / files.MANIFEST).read_text().replace("weights.npz", "weighus.npz"))
    outcome = nncli("train", "--resume", run, "--epochs", 2)
    assert outcome.exit_code == 2 and "manifest.json is damaged" in outcome.stderr
    assert record(run)["status"] == "finished"
