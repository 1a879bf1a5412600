"""A disk of 20 MB that is full in the middle of a training: what was there stays, and the training goes on later."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files
from nncli.run.folder import RunFolder

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


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("room", [4_000_000, 1_000_000, 40_000])
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
