"""Trainings and comparisons that fail or are stopped leave a page, too, and end as they would without it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files
from nncli.run.folder import RunFolder

CONFIG = """
name: flowers
data: {source: iris}
model: {layers: [output]}
optimizer: {name: sgd, learning_rate: 0.1}
train: {epochs: 3, executor: graph, batch_size: full}
"""
RENDER = "nncli.pipeline.reporting.reporting.render"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "flowers.yaml").write_text(CONFIG)
    return tmp_path


def train(here: Path, *options: str) -> typer.testing.Result:
    words = ["train", str(here / "flowers.yaml"), "--runs-dir", str(here / "runs"), *options]
    return typer.testing.CliRunner().invoke(app, words)


def only_run(here: Path) -> RunFolder:
    [path] = (here / "runs").iterdir()
    return RunFolder(path)


def raise_in_epoch(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """The training ends so after this epoch."""
    append = RunFolder.append

    def write(self: RunFolder, name: str, value: Any) -> None:
        append(self, name, value)
        if name == files.METRICS and value["epoch"] == number:
            raise error

    monkeypatch.setattr(RunFolder, "append", write)


def test_an_interrupted_training_leaves_a_page_of_what_it_did(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        raise_in_epoch(changed, 2, KeyboardInterrupt())
        outcome = train(here)
    run = only_run(here)
    page = (run.path / files.REPORT).read_text()
    assert outcome.exit_code == 130
    told = outcome.stderr.splitlines()
    assert told[-2:] == [f"page: {run.path / files.REPORT}", "interrupted"]
    assert told[-3].startswith("to continue: nncli train --resume"), "what matters most is said before the page is made"
    assert 'class="state interrupted"' in page and "Course of the training" in page
    assert f"<pre># train it again\nnncli train {run.path / files.CONFIG}</pre>" in page, "it kept no state yet"
    assert "<h2>Examples</h2>" not in page and "No pictures made from the data" not in page

    raise_in_epoch(monkeypatch, 3, OSError(5, "Input/output error"))
    resumed = typer.testing.CliRunner().invoke(app, ["train", "--resume", str(run.path)])
    assert resumed.exit_code == 1 and "Input/output error" in resumed.stderr
    assert 'class="state failed"' in (run.path / files.REPORT).read_text(), "the page is that of the latest end"


def test_a_failed_training_ends_as_it_would_without_a_page(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    raise_in_epoch(monkeypatch, 1, OSError(5, "Input/output error"))
    codes, told = [], []
    for options, render in (((), stop), ((), lambda *_, **__: {}["wrong"]), (("--no-report",), None)):
        with monkeypatch.context() as changed:
            if render is not None:
                changed.setattr(RENDER, render)
            outcome = train(here, *options)
        codes.append(outcome.exit_code)
        told.append(outcome.stderr.splitlines())
    assert codes == [1, 1, 1]
    assert "warning: no report: KeyError: 'wrong'" in told[1]
    assert told[0][-2:] == told[1][-2:] == told[2][-2:] and "Input/output error" in told[0][-2], "the error is the last"
    assert not list((here / "runs").glob(f"*/{files.REPORT}"))


def test_a_diverged_training_leaves_a_page_that_says_why(here: Path) -> None:
    (here / "flowers.yaml").write_text(
        CONFIG.replace("iris", "diabetes").replace("0.1", "1.0e+30").replace("batch_size: full", "batch_size: 32")
    )
    outcome = train(here)
    run = only_run(here)
    assert outcome.exit_code == 4
    reason = run.record["reason"]
    assert reason.startswith("the loss became")
    assert f'<p class="warning">{reason}</p>' in (run.path / files.REPORT).read_text()


def test_an_interrupted_comparison_leaves_a_page_of_what_is_finished(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, epochs = RunFolder.append, 3

    def write(self: RunFolder, name: str, value: Any) -> None:
        append(self, name, value)
        written = (here / "runs").glob(f"*/*/{files.METRICS}")
        if sum(len(path.read_text().splitlines()) for path in written) == 2 * epochs + 1:
            raise KeyboardInterrupt  # in the third of four trainings

    words = ["compare", str(here / "flowers.yaml"), "--vary", "optimizer.learning_rate=0.1,0.2", "--seeds", "2"]
    with monkeypatch.context() as changed:
        changed.setattr(RunFolder, "append", write)
        outcome = typer.testing.CliRunner().invoke(app, [*words, "--jobs", "1", "--runs-dir", str(here / "runs")])
    comparison = only_run(here)
    page = (comparison.path / files.REPORT).read_text()
    assert outcome.exit_code == 130
    assert outcome.stderr.splitlines()[-3:] == [
        f"to continue: nncli compare --resume {comparison.path}",
        f"page: {comparison.path / files.REPORT}",
        "interrupted",
    ]
    assert 'class="state interrupted"' in page
    assert '<p class="answer">2 of 4 trainings finished, 1 interrupted.</p>' in page
    assert f"nncli compare --resume {comparison.path}</pre>" in page
    summaries = [json.loads(path.read_text()) for path in comparison.path.glob(f"*/{files.SUMMARY}")]
    mean = sum(each["test"]["metrics"]["accuracy"] for each in summaries) / 2
    assert f'<td>learning_rate=0.1</td><td class="number">2</td><td class="number">{mean:.4f}</td>' in page
    assert "Course of the trainings" in page

    monkeypatch.undo()
    assert typer.testing.CliRunner().invoke(app, ["report", str(comparison.path)]).exit_code == 0
    again = (comparison.path / files.REPORT).read_text()
    assert again.count(f"/{files.REPORT}") == 3, "the page leads to those of its trainings"
