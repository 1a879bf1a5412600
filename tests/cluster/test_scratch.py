"""Temporary folders of processes on a node."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nncli.cluster.scratch import make_scratch, scratch


def test_a_folder_of_a_killed_process_is_removed_by_the_next_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left, other = tmp_path / f"nncli-cell-{ended.pid}-a", tmp_path / f"nncli-worker-{ended.pid}-a"
    alive, named = tmp_path / f"nncli-cell-{os.getpid()}-a", tmp_path / "nncli-cell-notes"
    for folder in (left, other, alive, named):
        folder.mkdir()
        (folder / "file").touch()
    with scratch("cell") as place:
        assert place.parent == tmp_path and str(os.getpid()) in place.name
        (place / "file").touch()
        assert set(tmp_path.iterdir()) == {other, alive, named, place}
    assert set(tmp_path.iterdir()) == {other, alive, named}
    assert make_scratch("worker").is_dir() and not other.exists()
