"""A disk of 20 MB that is full in the middle of a training: what was there stays, and the training goes on later."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files
from nncli.run.folder import RunFolder

pytestmark = pytest.mark.drawn

CONFIG = """
data: {source: digits}
model: {layers: [{dense: {units: 400}}, {dense: {units: 400}}, output]}
train: {epochs: 3, executor: graph}
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    try:
        words = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)]
        made = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no file system of 20 MB can be mounted: {error}")
    if made.returncode:
        pytest.skip(f"no file system of 20 MB can be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            pass


@pytest.fixture
def full(disk: Path) -> Path:
    """A folder on a disk that has no room left."""
    fill(disk)
    return disk


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    "room", [pytest.param(4_000_000, marks=pytest.mark.long), 1_000_000, pytest.param(40_000, marks=pytest.mark.long)]
)
def test_a_full_disk_fails_the_run_keeps_what_was_there_and_later_it_goes_on(
    disk: Path, tmp_path: Path, room: int
) -> None:
    config, runs = tmp_path / "net.yaml", disk / "runs"
    config.write_text(CONFIG)
    alone = Path(json.loads(nncli("train", config, "--runs-dir", runs, "--json").stdout)["run"])
    weights = RunFolder(alone).read_intact(files.WEIGHTS)
    filler = disk / "filler"
    filler.write_bytes(bytes(20_000_000 - sum(path.stat().st_size for path in alone.rglob("*")) - room))
    outcome = nncli("train", config, "--runs-dir", runs)
    assert outcome.exit_code == 1 and "No space left on device" in outcome.stderr
    assert outcome.stderr.count("error: ") == 1 and "Traceback" not in outcome.stderr
    [failed] = [path for path in runs.iterdir() if path != alone]
    assert RunFolder(failed).status == "failed"
    assert nncli("eval", alone).exit_code == 0 and RunFolder(alone).read_intact(files.WEIGHTS) == weights
    filler.unlink()
    if (failed / files.CONFIG).exists():  # else it ended before its training began
        outcome = nncli("train", "--resume", failed)
        assert outcome.exit_code == 0, outcome.stderr
        assert RunFolder(failed).read_intact(files.WEIGHTS) == weights


TWO = """
data: {source: iris, features: [petal length (cm), petal width (cm)]}
model: {layers: [{dense: {units: 4}}, output]}
train: {epochs: 2, batch_size: full, executor: graph}
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config, its run, and a row to predict."""
    here = tmp_path_factory.mktemp("work")
    (here / "two.yaml").write_text(TWO)
    (here / "rows.csv").write_text("petal length (cm),petal width (cm)\n1.4,0.2\n")
    assert nncli("train", here / "two.yaml", "--runs-dir", here / "runs").exit_code == 0
    return here


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "{work}/rows.csv", "--output", "{full}/out.csv"),
        ("export", "--output", "{full}/model.keras"),
        ("export", "--output", "{full}/script", "--format", "script"),
        ("export", "--output", "{full}/saved", "--format", "saved_model"),
        ("explain", "relu", "--plot", "{full}/relu.png"),
        ("report", "--output", "{full}/page.html"),
        ("init", "--from", "digits_softmax", "--output", "{full}/net.yaml"),
        ("train", "{work}/two.yaml", "--find-lr", "--runs-dir", "{full}"),
        ("train", "{work}/two.yaml", "--show", "boundary", "--runs-dir", "{full}"),
    ],
    ids=lambda words: f"{words[0]} {words[-2]}",
)
def test_what_has_no_room_ends_with_one_line_and_leaves_nothing(
    work: Path, full: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_RUNS_DIR", str(work / "runs"))
    outcome = nncli(*(word.format(work=work, full=full) for word in words))
    assert outcome.exit_code == 1, outcome.output
    errors = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "No space left on device" in errors[0], outcome.stderr
    assert "fix: " in outcome.stderr and outcome.stdout == ""
    assert [path.name for path in full.iterdir()] == ["filler"]


def test_a_training_without_room_for_its_pictures_keeps_its_weights(work: Path, disk: Path) -> None:
    whole = nncli("train", work / "two.yaml", "--show", "boundary", "--runs-dir", disk / "runs", "--json")
    run = RunFolder(Path(json.loads(whole.stdout)["run"]))
    weights, plots = run.read_intact(files.WEIGHTS), run.file(files.PLOTS)
    used = sum(path.stat().st_size for path in run.path.rglob("*") if path.parent != plots)
    (disk / "filler").write_bytes(bytes(20 * 2**20 - 3 * used - sum(path.stat().st_size for path in plots.iterdir())))
    outcome = nncli("train", work / "two.yaml", "--show", "boundary", "--runs-dir", disk / "others", "--json")
    assert outcome.exit_code == 1 and "No space left on device" in outcome.stderr, outcome.output
    [made] = (disk / "others").iterdir()
    assert RunFolder(made).status == "failed" and RunFolder(made).read_intact(files.WEIGHTS) == weights


def test_a_training_without_room_for_temporary_files_goes_on_later_to_the_same_files(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    def fail(*arguments: object, **options: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "/tmp/nncli-1/saved_model.pb; No space left on device")

    [whole] = map(RunFolder, (work / "runs").iterdir())
    with monkeypatch.context() as patched:
        patched.setattr(tf.saved_model, "save", fail)
        outcome = nncli("train", work / "two.yaml", "--runs-dir", tmp_path)
    assert outcome.exit_code == 1 and "No space left on device" in outcome.stderr, outcome.output
    [failed] = map(RunFolder, tmp_path.iterdir())
    assert failed.status == "failed" and nncli("train", "--resume", failed.path).exit_code == 0
    for name in (files.LITE_MODEL, files.WEIGHTS):
        assert failed.read_intact(name) == whole.read_intact(name)


def test_an_evaluation_that_cannot_be_written_does_not_say_that_it_was(work: Path, disk: Path) -> None:
    runs = shutil.copytree(work / "runs", disk / "runs")
    words = ("eval", "latest", "--runs-dir", runs, "--no-report")
    whole = nncli(*words)
    assert whole.exit_code == 0 and "written: " in whole.stdout
    shutil.rmtree(next(runs.iterdir()) / files.EVALUATION)
    fill(disk)
    outcome = nncli(*words)
    assert outcome.exit_code == 0 and "No space left on device" in outcome.stderr
    assert "written: " not in outcome.stdout and outcome.stdout.splitlines()[0] == whole.stdout.splitlines()[0]
