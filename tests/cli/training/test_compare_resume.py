"""`nncli compare --resume`: to the result of a comparison that never stopped, and what it refuses."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.config.sections import to_mapping
from nncli.errors import NncliError
from nncli.pipeline.comparing import compare
from nncli.pipeline.comparing.cell_training import Cell
from nncli.pipeline.comparing.continuing import resuming
from nncli.pipeline.comparing.continuing.request_record import RecordedVariant
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.pipeline.training.record import CONFIG_SUM
from nncli.run import files, lock
from nncli.run.folder import RunFolder
from nncli.run.sealing import SEAL, seal

TABLE = "a,b,kind,y\n" + "".join(
    f"{i % 17},{i * i % 23},{'uvw'[i % 3]},{'yes' if i % 5 < 2 else 'no'}\n" for i in range(90)
)
NETWORK = """
data: {source: csv, path: table.csv, target: y}
model: {layers: [{dense: {units: 6}}, {dropout: {rate: 0.2}}, output]}
optimizer: {name: adam}
train: {epochs: %d, batch_size: 16, executor: graph, threads: 1}
"""
# One of the variants diverges: that is a result, too.
VARY = ("--vary", "optimizer.learning_rate=0.01,1e38")


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def spawn(*arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "nncli", *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def edit(path: Path, **changes: object) -> None:
    """Changes a JSON file; a record as if it had been written so."""
    value = {**read(path), **changes}
    path.write_text(json.dumps(seal(value) if path.name == files.RECORD else value))


def write_config(here: Path, epochs: int) -> Path:
    (here / "table.csv").write_text(TABLE)
    (here / "net.yaml").write_text(NETWORK % epochs)
    return here / "net.yaml"


def without_clock(value: Any, folder: Path) -> Any:
    """The same without times, and with paths inside the comparison."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if "seconds" not in key and key != SEAL}
        return {key: without_clock(each, folder) for key, each in kept.items()}
    if isinstance(value, list):
        return [without_clock(each, folder) for each in value]
    return value.replace(str(folder), "") if isinstance(value, str) else value


def contents(comparison: Path) -> dict[str, Any]:
    """All that a comparison leaves but for the clock, the command and the names of folders."""
    told: dict[str, Any] = {"names": sorted(path.name for path in comparison.iterdir())}
    for path in sorted(comparison.rglob("*")):
        name = str(path.relative_to(comparison))
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                told[name] = {each: arrays[each].tobytes() for each in arrays.files}
        elif path.suffix == ".yaml":
            told[name] = path.read_bytes()
        elif path.name == files.METRICS:
            told[name] = [without_clock(json.loads(line), comparison) for line in path.read_text().splitlines()]
        elif path.name in (files.INPUTS, files.SUMMARY, files.COMPARISON):
            told[name] = without_clock(read(path), comparison)
        elif path.name == files.RECORD:
            keys = ("kind", "status", "name", "seed", "data", "executor", "threads", "parts", "diverged", "engines")
            told[name] = {key: read(path).get(key) for key in keys}
    return told


def wait_for(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(str(process.communicate()))
        time.sleep(0.01)


def ended_cells(runs: Path) -> int:
    return sum('"ended": "' in path.read_text() for path in runs.glob(f"*/*/{files.RECORD}"))


@pytest.mark.long
def test_killed_and_stopped_at_several_moments_it_ends_like_one_left_alone(tmp_path: Path) -> None:
    config = write_config(tmp_path, 150)
    options = (config, *VARY, "--seeds", 3, "--json", "--runs-dir")
    alone = spawn("compare", *options, tmp_path / "alone", "--jobs", 2)
    runs = tmp_path / "stopped"
    running = spawn("compare", *options, runs, "--jobs", 2)
    # How many cells have ended when what is done, and how many trainings at a time follow.
    for done, stop, code, jobs in ((1, signal.SIGKILL, -9, 1), (3, signal.SIGINT, 130, 2)):
        wait_for(running, lambda done=done: ended_cells(runs) >= done and is_amid_a_training(runs))
        running.send_signal(stop)
        _, told = running.communicate(timeout=60)
        assert running.returncode == code and "Traceback" not in told
        (folder,) = runs.iterdir()
        # Those that have a state; whether one was caught in the middle is a matter of luck on a busy machine.
        amid = [path.parent for path in folder.glob(f"*/{files.CHECKPOINT}")]
        if stop == signal.SIGINT:
            assert f"to continue: nncli compare --resume {folder}\n" in told
            assert read(folder / files.RECORD)["status"] == "interrupted"
            config.unlink()  # the record has all that is needed
        running = spawn("compare", "--resume", "latest", "--json", "--runs-dir", runs, "--jobs", jobs)
    answer, told = running.communicate(timeout=60)
    assert running.returncode == 0, told
    assert alone.communicate(timeout=60)[1] is not None and alone.returncode == 0
    (first,) = (tmp_path / "alone").iterdir()
    assert contents(folder) == contents(first)
    assert without_clock(json.loads(answer), folder) == without_clock(read(first / files.COMPARISON), first)
    assert len(read(folder / files.RECORD)["resumed"]) == 2
    assert all(read(path / files.RECORD)["resumed"][-1]["epochs"] > 0 for path in amid)
    assert not list(folder.glob(f"*/{files.CHECKPOINT}"))


# The command line, in which the last picture takes for ever.
SLOW_PICTURE = """
import sys, time
from nncli.evaluate import plots
plots.comparison_curves = lambda *cells: time.sleep(600)
from nncli.cli.process import main
sys.argv = ["nncli", *sys.argv[1:]]
main()
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process in /proc")
def test_stopped_before_the_first_training_and_after_the_last_it_leaves_in_order(tmp_path: Path) -> None:
    config = write_config(tmp_path, 1)
    options = ("compare", config, *VARY, "--seeds", 1, "--jobs", 2, "--runs-dir")
    early = spawn(*options, tmp_path / "early")
    words = [sys.executable, "-c", SLOW_PICTURE, *map(str, options), str(tmp_path / "late")]
    late = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(early, lambda: any('"request"' in path.read_text() for path in tmp_path.glob(f"early/*/{files.RECORD}")))
    early.send_signal(signal.SIGTERM)
    wait_for(late, lambda: any(tmp_path.glob(f"late/*/{files.COMPARISON}")))
    late.send_signal(signal.SIGINT)
    for process, code in ((early, 143), (late, 130)):
        _, told = process.communicate(timeout=60)
        assert process.returncode == code and "Traceback" not in told
        assert "to continue: nncli compare --resume" in told
        assert not Path(f"/proc/{process.pid}").exists()
    for name, cells in (("early", 0), ("late", 2)):
        (folder,) = (tmp_path / name).iterdir()
        assert read(folder / files.RECORD)["status"] == "interrupted"
        assert len(list(folder.glob(f"*/{files.RECORD}"))) == cells and not (folder / files.LOCK).exists()


def is_amid_a_training(runs: Path) -> bool:
    return any(
        path.read_text().count("\n") >= 20
        for path in runs.glob(f"*/*/{files.METRICS}")
        if '"ended": "' not in path.with_name(files.RECORD).read_text()
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison of two variants and three seeds."""
    here = tmp_path_factory.mktemp("finished")
    outcome = nncli("compare", write_config(here, 2), *VARY, "--seeds", 3, "--jobs", 1, "--runs-dir", here, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["comparison"])


@pytest.fixture
def stopped(finished: Path, tmp_path: Path) -> Path:
    """A copy of it whose record says that it was interrupted before it was summed up."""
    folder = tmp_path / finished.name
    shutil.copytree(finished, folder)
    shutil.copy(finished.parent / "table.csv", tmp_path)
    (folder / files.COMPARISON).unlink()
    text = (folder / files.RECORD).read_text().replace(str(finished.parent), str(tmp_path))
    (folder / files.RECORD).write_text(text)
    for path in folder.glob(f"*/{files.CONFIG}"):
        written, mark, _ = path.read_text().replace(str(finished.parent), str(tmp_path)).rpartition(CONFIG_SUM)
        path.write_text(f"{written}{mark}{hashlib.sha256(written.encode()).hexdigest()}\n")
        if (path.parent / files.MANIFEST).exists():
            RunFolder(path.parent).replace_model({}, written=[files.CONFIG])
    edit(folder / files.RECORD, status="interrupted")
    return folder


@pytest.mark.long
def test_what_the_conclusion_needs_is_in_the_record(tmp_path: Path) -> None:
    options = ("--vary", "train.batch_size=16,32", "--seeds", 2, "--lr-range", "--fixed-split", "--margin", 50)
    outcome = nncli("compare", write_config(tmp_path, 2), *options, "--jobs", 1, "--runs-dir", tmp_path, "--json")
    whole = json.loads(outcome.stdout)
    folder = Path(whole["comparison"])
    assert whole["learning_rates"] and whole["margin"] == 50 and whole["question"]["kind"] == "fixed_test"
    shutil.rmtree(next(folder.glob("*-seed2")))
    edit(folder / files.RECORD, status="interrupted")
    assert without_clock(json.loads(resume(folder).stdout), folder) == without_clock(whole, folder)


def test_a_training_that_failed_is_tried_again_in_a_finished_comparison(stopped: Path) -> None:
    edit(stopped / files.RECORD, status="finished")
    assert resume(stopped).exit_code == 2
    edit(stopped / CELL / files.RECORD, status="failed", reason="no room")
    outcome = resume(stopped)
    assert outcome.exit_code == 0, outcome.stderr
    assert read(stopped / CELL / files.RECORD)["status"] == "finished"


def resume(folder: Path, *options: object) -> typer.testing.Result:
    return nncli("compare", "--resume", folder, "--jobs", 1, "--json", *options)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


CELL = "learning_rate=0.01-seed3"
DAMAGES: dict[str, Callable[[Path], object]] = {
    "no folder": lambda cell: shutil.rmtree(cell),
    "an empty folder": lambda cell: [path.unlink() for path in cell.rglob("*") if path.is_file()],
    "no record": lambda cell: (cell / files.RECORD).unlink(),
    "half a record": lambda cell: (cell / files.RECORD).write_text('{"kind": "cell", "sta'),
    "a record of a run that is dead": lambda cell: edit(cell / files.RECORD, status="running"),
    "a record of a run that failed": lambda cell: edit(cell / files.RECORD, status="failed"),
    "half a summary": lambda cell: (cell / files.SUMMARY).write_text('{"monitor": "val_loss", '),
    "a summary of another kind": lambda cell: (cell / files.SUMMARY).write_text('{"test": 3}'),
    "a summary of other epochs": lambda cell: edit(cell / files.SUMMARY, last={"loss": 0.5}),
    "no metrics": lambda cell: (cell / files.METRICS).unlink(),
    "a flipped bit in the weights": lambda cell: flip(cell / files.WEIGHTS),
    "no manifest": lambda cell: (cell / files.MANIFEST).unlink(),
    "another config": lambda cell: (
        (cell / files.CONFIG).write_text((cell / files.CONFIG).read_text().replace("units: 6", "units: 7")),
        RunFolder(cell).replace_model({}, written=[files.CONFIG]),
    ),
    "other rows": lambda cell: edit(cell / files.RECORD, data={"fingerprint": "0" * 64}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_cell_that_is_not_whole_is_not_kept(
    damage: Callable[[Path], object], stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []

    def note_what_is_left(cells: Sequence[Cell], *rest: object, tell: object) -> list[Any]:
        *_, kept, _cluster = rest
        asked.append({cell.folder_name for cell in cells if cell not in kept})  # type: ignore[operator]
        raise NncliError("seen enough")

    monkeypatch.setattr(compare, "train_cells", note_what_is_left)
    damage(stopped / CELL)
    outcome = resume(stopped)
    assert outcome.exit_code == 1 and "seen enough" in outcome.stderr
    assert asked == [{CELL}] and "5 of 6 trainings done" in outcome.stderr
    assert not (stopped / CELL).exists() and len(list(stopped.glob(f"*/{files.RECORD}"))) == 5


def test_a_cell_that_is_damaged_is_trained_again_and_the_others_are_kept(finished: Path, stopped: Path) -> None:
    wanted = contents(stopped)
    (stopped / CELL / files.SUMMARY).write_text('{"monitor": "val_loss", ')
    (stopped / f".removed-{CELL}-1").mkdir()  # what a killed resume left
    others = {path: path.read_bytes() for path in stopped.glob(f"*/{files.RECORD}") if path.parent.name != CELL}
    outcome = resume(stopped)
    assert outcome.exit_code == 0, outcome.stderr
    assert f"warning: seed 3  learning_rate=0.01: {stopped / CELL / files.SUMMARY} is damaged" in outcome.stderr
    assert {path: path.read_bytes() for path in others} == others and len(others) == 5
    found = contents(stopped)
    assert found["names"] == contents(finished)["names"]
    assert found[files.COMPARISON] == contents(finished)[files.COMPARISON]
    cell = {key for key in found if key.startswith(CELL)}
    assert {key: found[key] for key in cell} == {key: wanted[key] for key in cell} and len(cell) > 4


def test_a_training_of_a_comparison_can_be_reproduced(finished: Path, tmp_path: Path) -> None:
    outcome = nncli("reproduce", finished / CELL, "--runs-dir", tmp_path, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["equal"] and json.loads(outcome.stdout)["epochs"] == 2


def test_where_all_is_trained_only_the_comparing_is_left(finished: Path, stopped: Path) -> None:
    outcome = resume(stopped)
    assert outcome.exit_code == 0, outcome.stderr
    assert "6 of 6 trainings done" in outcome.stderr and "seed 1" not in outcome.stderr
    told = read(stopped / files.COMPARISON)
    assert without_clock(told, stopped) == without_clock(read(finished / files.COMPARISON), finished)
    assert [variant["diverged"] for variant in told["variants"]] == [0, 3]
    assert (stopped / "plots" / "comparison.png").is_file()


def test_a_finished_comparison_is_extended_to_the_result_of_one_with_as_many_seeds(
    finished: Path, stopped: Path
) -> None:
    request = read(stopped / files.RECORD)["request"]
    edit(stopped / files.RECORD, status="finished", request={**request, "seeds": [1, 2]})
    for cell in stopped.glob("*-seed3"):
        shutil.rmtree(cell)
    outcome = resume(stopped)
    assert outcome.exit_code == 2 and "is finished with its 2 seeds" in outcome.stderr and "--seeds N" in outcome.stderr
    outcome = resume(stopped, "--seeds", 1)
    assert outcome.exit_code == 2 and "got --seeds 1, and" in outcome.stderr
    outcome = resume(stopped, "--seeds", 3)
    assert outcome.exit_code == 0, outcome.stderr
    assert "4 of 6 trainings done" in outcome.stderr
    assert read(stopped / files.RECORD)["request"]["seeds"] == [1, 2, 3]
    found, wanted = contents(stopped), contents(finished)
    for told in (found, wanted):  # the paths of the table
        for name in [name for name in told if name.endswith(files.CONFIG)]:
            del told[name]
    assert found == wanted


def test_what_decides_on_the_bits_is_compared(stopped: Path) -> None:
    record = read(stopped / files.RECORD)
    edit(stopped / files.RECORD, versions={**record["versions"], "keras": "0.1"})
    table = stopped.parent / "table.csv"
    table.write_text(table.read_text().replace("\n3,", "\n4,", 1))
    shutil.rmtree(stopped / CELL)
    before = read(stopped / files.RECORD)
    outcome = resume(stopped)
    assert outcome.exit_code == 2
    for told in ("would not go on to the same bits", "keras: then 0.1, now", "data: the rows are not", "--inexact"):
        assert told in outcome.stderr
    assert read(stopped / files.RECORD) == before and not (stopped / files.LOCK).exists()
    outcome = resume(stopped, "--inexact")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(read(stopped / files.RECORD)["resumed"][0]["differences"]) == 2
    # The trainings of one seed saw different rows now, so no difference is that of the variants.
    assert json.loads(outcome.stdout)["verdicts"] is None


def test_each_variant_goes_on_with_the_engine_that_it_had(stopped: Path) -> None:
    engines = read(stopped / files.RECORD)["engines"]
    assert set(engines) == {f"learning_rate={rate}" for rate in ("0.01", "1e38")}
    assert engines["learning_rate=0.01"] == {"executor": "graph", "threads": 1, "parts": 1}
    edit(stopped / files.RECORD, engines={**engines, "learning_rate=0.01": {"executor": "keras", "threads": 1}})
    shutil.rmtree(stopped / CELL)
    assert resume(stopped).exit_code == 0
    assert read(stopped / CELL / files.RECORD)["executor"] == "keras"


def test_a_comparison_that_runs_is_refused(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(lock, "_TAKING_SECONDS", 0.0)
    owner = RunFolder(stopped)
    owner.lock()
    outcome = resume(stopped)
    assert outcome.exit_code == 2 and "in use by another process" in outcome.stderr
    owner.unlock()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_whoever_tells_of_a_dead_comparison_says_how_to_continue_it(stopped: Path) -> None:
    edit(stopped / files.RECORD, status="running")
    edit(stopped / CELL / files.RECORD, status="running")
    (stopped / CELL / files.MANIFEST).unlink()
    (stopped / files.LOCK).touch()
    command = f"nncli compare --resume {stopped}"
    for words in (
        ("runs", "show", stopped),
        ("runs", "show", stopped / CELL),
        ("eval", stopped),
        ("eval", stopped / CELL),
        ("predict", "x", "--run", stopped / CELL),
        ("reproduce", stopped),
        ("reproduce", stopped / CELL),
        ("train", "--resume", stopped),
        ("train", "--resume", stopped / CELL),
        ("compare", "--resume", stopped / CELL),
    ):
        outcome = nncli(*words)
        assert command in outcome.stderr, (words, outcome.stderr)
        assert outcome.exit_code == (0 if words[0] == "runs" else 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["digits_softmax"], "goes on with the comparison's own configs, and got digits_softmax"),
        (["--vary", "seed=1", "--epochs", "3"], "got --vary seed=1, --epochs 3"),
        (["--set", "name=x", "--target", "0.5"], "got --set name=x, --target 0.5"),
    ],
)
def test_a_comparison_that_goes_on_takes_no_other_settings(tmp_path: Path, words: list[str], told: str) -> None:
    outcome = nncli("compare", *words, "--resume", "latest", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and told in " ".join(outcome.stderr.split())


def test_what_is_no_comparison_to_continue_is_refused(stopped: Path, tmp_path: Path) -> None:
    outcome = nncli("compare", "--inexact", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and "--inexact goes with --resume" in outcome.stderr
    outcome = nncli("compare", "--resume", "latest", "--runs-dir", tmp_path / "none")
    assert outcome.exit_code == 2 and "no comparison in" in outcome.stderr
    outcome = resume(stopped, "--jobs", "many")
    assert outcome.exit_code == 2 and "neither auto nor" in outcome.stderr
    record = read(stopped / files.RECORD)
    for request, told in ((None, "has no 'request'"), ({"seeds": []}, "is damaged, or not of this version")):
        edit(stopped / files.RECORD, request=request)
        outcome = resume(stopped)
        assert outcome.exit_code == 2 and told in outcome.stderr
    edit(stopped / files.RECORD, kind="train", request=record["request"])
    outcome = resume(stopped)
    assert outcome.exit_code == 2 and "is no comparison" in outcome.stderr
    assert f"nncli train --resume {stopped}" in outcome.stderr


@pytest.mark.parametrize("name", shipped_names())
def test_a_config_is_the_same_when_it_comes_from_the_record(name: str) -> None:
    loaded = load_config(name)
    variant = RecordedVariant("a", name, (), content=json.dumps(to_mapping(loaded.config)))
    request = ComparisonRequest((variant,))
    assert variant.load(request, None).config == loaded.config
    assert variant.load(request, 7).config == load_config(name, (), [(("seed",), 7, "seed")]).config
