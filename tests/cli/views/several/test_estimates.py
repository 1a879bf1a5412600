"""What `train --workers N --plan` says, of measurements that are made up."""

import io
from pathlib import Path

import pytest

from nncli.cli.views.several.workers import show_estimate
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.training.planning import Engine
from nncli.pipeline.training.workers import estimating
from nncli.pipeline.training.workers.exchanging import Exchange

CONFIG = """
data: {source: digits}
model: {layers: [{dense: {units: 8}}, output]}
train: {epochs: 1, batch_size: 32, executor: graph, threads: 1}
"""


@pytest.mark.parametrize(("load", "is_told"), [(26.0, True), (0.4, False), (None, False)])
def test_a_busy_machine_is_told_with_its_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: float | None, is_told: bool
) -> None:
    def read() -> tuple[float, float, float]:
        if load is None:
            raise OSError
        return load, 0.0, 0.0

    measured = estimating.Measured(Engine("graph", 1, 1), {32: 0.002, 16: 0.001, 8: 0.0006}, 0.01, None, 1000, 400)
    monkeypatch.setattr(estimating, "_in_process", lambda *given: measured)
    monkeypatch.setattr(estimating, "measure_exchange", lambda size: Exchange(0.001, (0.001, 0.002), 0.0005, 1e6))
    monkeypatch.setattr("os.getloadavg", read)
    monkeypatch.setattr("nncli.engine.executor.available_cores", lambda: 2)
    (tmp_path / "net.yaml").write_text(CONFIG)
    folders, silent = Folders(tmp_path / "runs"), Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    found = estimating.estimate_workers(str(tmp_path / "net.yaml"), 2, network=None, folders=folders, console=silent)
    assert found.to_value()["load"] == load
    stdout = io.StringIO()
    show_estimate(Console(stdout=stdout, stderr=io.StringIO()), found)
    told = " ".join(stdout.getvalue().split())
    assert ("the machine is busy: 26.0 processes wanted its 2 cores in the last minute" in told) is is_told
