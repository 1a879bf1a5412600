"""`nncli data cache` lists what is cached and removes it, and nothing else."""

import fcntl
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nncli.cli.commands import app
from nncli.data.prepared import array_cache

runner = CliRunner()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(folder))
    array_cache.store_entry(folder / "mnist-3.0.1-abc", {"x": np.zeros(1_000)}, {"name": "mnist"})
    array_cache.store_entry(folder / "streams" / "big.csv-123", {"x": np.zeros(2_000)}, {"name": "/data/big.csv"})
    array_cache.store_entry(folder / "references" / "f00", {"x": np.zeros(10)}, {"model": "boosted trees"})
    (folder / "streams" / ".old.csv-456~rand").mkdir()
    (folder / "streams" / ".old.csv-456~rand" / "numbers").write_bytes(bytes(500))
    (folder / "notes.txt").write_text("mine")
    return folder


def test_entries_are_listed_with_their_sizes(cache: Path) -> None:
    listed = json.loads(runner.invoke(app, ["data", "cache", "--json"]).stdout)
    assert [(each["name"], each["kind"]) for each in listed["entries"]] == [
        ("mnist", "prepared"),
        (".old.csv-456~rand", "unfinished"),
        ("/data/big.csv", "streamed"),
        ("boosted trees", "other model"),
    ]
    on_disk = {each["name"]: each["bytes"] for each in listed["entries"]}
    streamed = cache / "streams" / "big.csv-123"
    assert on_disk["/data/big.csv"] == sum(file.stat().st_size for file in streamed.iterdir())
    assert listed["bytes"] == sum(on_disk.values())


def test_clear_removes_the_entries_and_nothing_else(cache: Path) -> None:
    told = runner.invoke(app, ["data", "cache", "--clear"])
    assert told.exit_code == 0
    assert "removed: 4 entries" in told.stdout
    assert [each.name for each in sorted(cache.rglob("*")) if each.is_file()] == ["notes.txt"]
    assert "0 entries" in runner.invoke(app, ["data", "cache"]).stdout


def test_what_another_process_writes_now_is_not_removed(cache: Path) -> None:
    with (cache / "streams" / ".old.csv-456.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runner.invoke(app, ["data", "cache", "--clear"])
        assert (cache / "streams" / ".old.csv-456~rand").is_dir()
    runner.invoke(app, ["data", "cache", "--clear"])
    assert not (cache / "streams" / ".old.csv-456~rand").exists()


def test_clear_is_refused_for_data(cache: Path) -> None:
    refused = runner.invoke(app, ["data", "iris", "--clear"])
    assert refused.exit_code == 2
    assert "--clear empties the cache, and iris is data" in refused.stderr
