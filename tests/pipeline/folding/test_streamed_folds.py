"""Folds of a streamed table, split by group: trained, measured, and continued to the same bits."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.preparation import prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.fitting import fit_model
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.weights import weights_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

ROWS, FOLDS = 1_500, 2


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("streamed")
    generator = np.random.default_rng(0)
    patient = generator.integers(0, 120, ROWS)
    x, y = generator.normal(size=(2, ROWS))
    label = np.where(x + y / 2 > 0, "high", "low")
    lines = [f"P{a},{b:.4f},{c:.4f},{d}" for a, b, c, d in zip(patient, x, y, label, strict=True)]
    (folder / "visits.csv").write_text("patient,x,y,label\n" + "\n".join(lines) + "\n")
    document = {
        "data": {
            "source": "csv",
            "path": "visits.csv",
            "target": "label",
            "features": ["x", "y"],
            "memory": "stream",
            "split": {"by": "group", "column": "patient"},
        },
        "model": {"layers": ["output"]},
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "train": {"epochs": 2, "batch_size": 64, "executor": "graph", "health": False},
    }
    (folder / "visits.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNCLI_CACHE_DIR", str(folder / "cache"))
        patch.setattr("nncli.data.streaming.memory.SMALL", 0)
        yield folder


def patients(here: Path) -> np.ndarray:
    return np.array([line.partition(",")[0] for line in (here / "visits.csv").read_text().splitlines()[1:]])


@pytest.mark.long
def test_every_row_is_tested_by_a_network_that_saw_no_row_of_its_group(here: Path) -> None:
    done = pipeline.train_with_folds(
        str(here / "visits.yaml"), FOLDS, folders=pipeline.Folders(here / "runs"), console=silent()
    )
    of_row, folder = patients(here), done.run.folder
    with np.load(io.BytesIO(folder.read(files.OUT_OF_FOLD))) as known:
        assert known["rows"].tolist() == list(range(ROWS))
        folds = known["folds"]
        accuracy = ((known["predictions"].reshape(-1) > 0.5) == (known["targets"].reshape(-1) > 0.5)).mean()
    for number in range(1, FOLDS + 1):
        run = RunFolder(folder.path / f"fold-{number}")
        with np.load(io.BytesIO(run.read(files.SPLITS))) as split:
            assert set(split["test"]) == set(np.flatnonzero(folds == number))
            learned = set(of_row[split["train"]]) | set(of_row[split["validation"]])
            assert not learned & set(of_row[split["test"]])
    assert done.folds["out_of_fold"]["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.75
    with np.load(io.BytesIO(folder.read(files.SPLITS))) as split:
        assert split["train"].tolist() == list(range(ROWS))


def fitted(here: Path, epochs: int, before: RunFolder | None = None) -> tuple[RunFolder, dict[str, Any]]:
    loaded = load_config(str(here / "visits.yaml"), [f"train.epochs={epochs}"])
    made = prepare(loaded, pipeline.Folders(here / "runs"), silent())
    folder = RunFolder.create(here / "runs", "fit")
    resumed = None if before is None else Resumed(load_checkpoint(before))
    done = fit_model(folder, made, silent(), Terms(resumed=resumed))
    done.watchers.flush()
    with np.load(io.BytesIO(weights_bytes(done.model))) as weights:
        return folder, dict(weights)


def test_a_training_on_groups_goes_on_to_the_same_bits_with_a_cache_that_was_cleared(here: Path) -> None:
    half, _ = fitted(here, 2)
    shutil.rmtree(here / "cache")
    _, continued = fitted(here, 4, half)
    _, whole = fitted(here, 4)
    assert list(continued) == list(whole)
    for name in whole:
        np.testing.assert_array_equal(continued[name], whole[name])
