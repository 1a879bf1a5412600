"""What a training imports and when, seen from processes of their own; which data lets the import begin early."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest

from nncli.data.prepared.loading import must_download
from nncli.engine.process.environment import without_collection

# Runs the command line and says, in place of ending the process, what has been imported by then.
SCRIPT = """
import os, sys
def tell(code):
    print(code, *(name for name in names if name in sys.modules), file=sys.stderr, flush=True)
    end(code)
end, os._exit = os._exit, tell
names, sys.argv = sys.argv[1].split(","), ["nncli", *sys.argv[2:]]
import nncli.cli
nncli.cli.main()
"""


def run(modules: str, *words: object) -> tuple[str, str]:
    """stdout, and the last line of stderr: the exit code and those of the modules that were imported."""
    command = [sys.executable, "-c", SCRIPT, modules, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr.splitlines()[-1]


def test_a_whole_training_imports_neither_pandas_nor_scipy_nor_scikit_learn_and_tells_its_timings(
    tmp_path: Path,
) -> None:
    words = ["train", "--epochs", "2", "--runs-dir", tmp_path, "--timings", "--json"]
    answer, told = run("tensorflow,matplotlib.figure,matplotlib.pyplot,pandas,scipy,sklearn", *words)
    assert told == "0 tensorflow matplotlib.figure"
    timings = json.loads(answer)["timings"]
    [record] = tmp_path.glob("*/run.json")
    recorded = json.loads(record.read_text())["timings"]
    assert list(timings["parts"]) == list(recorded["parts"])
    assert {"start", "tensorflow", "trace", "compile", "first_batch", "export"} <= set(timings["parts"])
    assert 0 < timings["to_first_batch"] <= recorded["total"] <= timings["total"]


def test_an_error_in_the_data_does_not_wait_for_the_import_of_tensorflow(tmp_path: Path) -> None:
    table, config = tmp_path / "table.csv", tmp_path / "config.yaml"
    table.write_text("a,b\n" + "1,2\n" * 20)
    config.write_text("data: {source: csv, path: table.csv, target: [c]}\nmodel: {layers: [{dense: {units: 4}}]}\n")
    _, told = run("numpy,keras", "train", config, "--runs-dir", tmp_path)
    assert told == "2 numpy"


def test_only_data_that_is_not_on_this_machine_has_to_be_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "empty"))
    prepared = tmp_path / "data" / "mnist" / "3.0.1"
    prepared.mkdir(parents=True)
    (prepared / "dataset_info.json").touch()
    assert not must_download("csv", None) and not must_download("digits", None)
    assert must_download("mnist", None) and must_download("tfds:fashion_mnist", tmp_path / "data")
    assert not must_download("mnist", tmp_path / "data")


def test_what_is_imported_without_the_collector_is_never_looked_at_again() -> None:
    known = gc.get_freeze_count()
    try:
        with without_collection():
            assert not gc.isenabled()
        assert gc.isenabled() and gc.get_freeze_count() > known
    finally:
        gc.unfreeze()
