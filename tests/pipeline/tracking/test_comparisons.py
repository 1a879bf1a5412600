"""Comparisons in trackers: MLflow nests the trainings in the comparison; and what a run that goes on changes there."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from nncli.cli import app
from nncli.errors import NncliError
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.run.folder import RunFolder
from nncli.tracking.description import Description, Epoch, Outcome
from nncli.tracking.mlflow_model import has_model_format
from nncli.tracking.mlflow_store import FILES, MlflowRun

needs_mlflow = pytest.mark.skipif(
    find_spec("mlflow") is None, reason="needs the extra `mlflow`, which is not installed"
)
needs_tensorboard = pytest.mark.skipif(
    find_spec("tensorboard") is None, reason="needs the extra `tensorboard`, which is not installed"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own code and what it imports, on new versions of others
CONFIG = """
data: {source: iris}
model: {layers: [output]}
train: {epochs: 1, executor: graph, batch_size: full}
"""
VARIED = ("--vary", "optimizer.name=sgd,adam", "--seeds", "1", "--jobs", "1", "--no-report", "--json")


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def client_of(folder: Path) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def runs_of(folder: Path, start: str) -> dict[str, Any]:
    """Runs by their names, of those that start so."""
    client = client_of(folder)
    found = client.search_runs([each.experiment_id for each in client.search_experiments()])
    return {run.info.run_name: run for run in found if run.info.run_name.startswith(start)}


def compare(here: Path, *options: str) -> tuple[Path, str]:
    """The folder of a comparison, and what was said."""
    (here / "iris.yaml").write_text(CONFIG)
    outcome = nncli("compare", here / "iris.yaml", *VARIED, "--runs-dir", here / "runs", *options)
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["comparison"]), outcome.stderr


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison that was asked to tell all trackers that are installed."""
    tools = [tool for tool in ("tensorboard", "mlflow") if find_spec(tool) is not None]
    if not tools:
        pytest.skip("needs the extra `tensorboard` or `mlflow`, and neither is installed")
    return compare(tmp_path_factory.mktemp("compared"), *(word for tool in tools for word in ("--track", tool)))[0]


@needs_tensorboard
def test_each_training_of_a_comparison_has_event_files(compared: Path) -> None:
    cells = sorted(path.parent for path in compared.glob("*/run.json"))
    assert len(cells) == 2
    assert all(list((cell / "tensorboard" / "train").glob("events.out.tfevents.*")) for cell in cells)
    assert not (compared / "tensorboard").exists()


def assert_is_nested(compared: Path) -> str:
    """The id of the comparison's run, in which those of its trainings lie."""
    found = runs_of(compared.parent, compared.name)
    cells = {f"{compared.name}/{path.parent.name}" for path in compared.glob("*/run.json")}
    assert set(found) == {compared.name, *cells} and len(cells) == 2
    parent = found[compared.name]
    assert {found[name].data.tags["mlflow.parentRunId"] for name in cells} == {parent.info.run_id}
    assert "mlflow.parentRunId" not in parent.data.tags
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    assert len({run.info.experiment_id for run in found.values()}) == 1
    return str(parent.info.run_id)


@needs_mlflow
def test_mlflow_nests_trainings_in_their_comparison_and_shows_its_verdict(compared: Path) -> None:
    parent = client_of(compared.parent).get_run(assert_is_nested(compared))
    result = json.loads((compared / "comparison.json").read_text())
    assert all(f"{each['text']}." in parent.data.tags["mlflow.note.content"] for each in result["verdicts"])
    assert parent.data.params == {"variants": "optimizer=sgd, optimizer=adam", "seeds": "1"}
    metric = result["metric"]
    means = {each["name"].partition("=")[2]: each["test"]["mean"] for each in result["variants"]}
    assert parent.data.metrics == {f"test_{metric}/{name}": mean for name, mean in means.items()}
    folder = Path(client_of(compared.parent).download_artifacts(parent.info.run_id, "run"))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"comparison.json", "run.json", "cells.csv", "plots/comparison.png"} <= files
    assert not any("seed" in name for name in files), "trainings have their files themselves"


def told_of(here: Path, name: str, monkeypatch: pytest.MonkeyPatch, in_second: Exception | type[BaseException]) -> Any:
    """A comparison in which the second of two trainings raises; how it ended, and what MLflow was told until then."""
    append, before = RunFolder.append, {}

    def write(self: RunFolder, file: str, value: Any) -> None:
        append(self, file, value)
        if file == "metrics.jsonl" and "adam" in self.path.name:
            before.update({run: each.info.status for run, each in runs_of(here / "runs", "").items() if name in run})
            raise in_second

    (here / "iris.yaml").write_text(CONFIG + f"name: {name}\n")
    with monkeypatch.context() as changed:
        changed.setattr(RunFolder, "append", write)
        options = (*VARIED, "--track", "mlflow", "--runs-dir", here / "runs")
        outcome = nncli("compare", here / "iris.yaml", *options)
    return outcome, before


@needs_mlflow
def test_mlflow_is_told_of_each_training_as_it_ends_and_that_the_rest_was_stopped(
    compared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, before = told_of(compared.parent.parent, "halted", monkeypatch, KeyboardInterrupt)
    assert outcome.exit_code == 130
    [folder] = compared.parent.glob("*-halted")
    assert before == {folder.name: "RUNNING", f"{folder.name}/optimizer=sgd-seed1": "FINISHED"}
    found = runs_of(compared.parent, folder.name)
    assert {name: run.info.status for name, run in found.items()} == {**before, folder.name: "KILLED"}
    cell = found[f"{folder.name}/optimizer=sgd-seed1"]
    told = json.loads((folder / "optimizer=sgd-seed1" / "summary.json").read_text())["test"]["metrics"]
    assert cell.data.metrics["test_accuracy"] == told["accuracy"] and "loss" in cell.data.metrics
    client = client_of(compared.parent)
    assert "run/summary.json" in [each.path for each in client.list_artifacts(cell.info.run_id, "run")]
    assert len(cell.outputs.model_outputs) == has_model_format()
    assert cell.data.tags["mlflow.parentRunId"] == found[folder.name].info.run_id

    resumed = nncli("compare", "--resume", folder, "--jobs", 1, "--no-report", "--json")
    assert resumed.exit_code == 0, resumed.stderr
    assert assert_is_nested(folder) == found[folder.name].info.run_id


@needs_mlflow
def test_a_comparison_that_fails_has_failed_in_mlflow(compared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NncliError("no room for the verdict")

    monkeypatch.setattr("nncli.pipeline.comparing.compare.conclude", refuse)
    (compared.parent.parent / "iris.yaml").write_text(CONFIG + "name: unsaid\n")
    options = (*VARIED, "--track", "mlflow", "--runs-dir", compared.parent)
    assert nncli("compare", compared.parent.parent / "iris.yaml", *options).exit_code == 1
    [folder] = compared.parent.glob("*-unsaid")
    statuses = {name: run.info.status for name, run in runs_of(compared.parent, folder.name).items()}
    assert statuses.pop(folder.name) == "FAILED"
    assert list(statuses.values()) == ["FINISHED"] * 2


@needs_mlflow
def test_a_database_that_fails_costs_a_warning_and_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mlflow.db").write_text("no database")
    folder, said = compare(tmp_path, "--track", "mlflow")
    assert said.count("the comparison goes on without it; later: nncli runs export") == 1
    assert said.count("warning: mlflow") == 1 and len(list(folder.glob("*/summary.json"))) == 2


@needs_mlflow
def test_a_comparison_that_is_exported_again_is_there_once(compared: Path) -> None:
    before = assert_is_nested(compared)
    outcome = nncli("runs", "export", compared, "--to", "mlflow", "--runs-dir", compared.parent, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert next(each["run"] for each in json.loads(outcome.stdout)["exported"]) == str(compared)
    assert assert_is_nested(compared) == before


def tell(folder: Path, name: str, *, epochs: int = 1, parent: str = "") -> MlflowRun:
    """Tells MLflow of a run of so many epochs."""
    tracker, parameters = MlflowRun(None, folder), {"train.epochs": epochs, "rate": 0.5}
    tracker.begin(Description(name, name, "iris", 1000.0, "", parameters, {"kind": f"of {epochs}"}, parent), epochs)
    tracker.add_epochs([Epoch(epochs, 1000.0 + epochs, {"loss": 1.0})])
    tracker.end(Outcome("finished", 1100.0))
    return tracker


@needs_mlflow
def test_a_training_that_was_exported_alone_is_nested_later(compared: Path) -> None:
    tell(compared.parent, "nested/part", parent="nested")
    before = runs_of(compared.parent, "nested")["nested/part"]
    assert "mlflow.parentRunId" not in before.data.tags
    tell(compared.parent, "nested")
    tell(compared.parent, "nested/part", parent="nested")
    found = runs_of(compared.parent, "nested")
    assert found["nested/part"].info.run_id == before.info.run_id
    assert found["nested/part"].data.tags["mlflow.parentRunId"] == found["nested"].info.run_id


@needs_mlflow
def test_a_value_that_mlflow_cannot_change_is_a_tag(compared: Path) -> None:
    assert "changed" not in tell(compared.parent, "longer", epochs=2).describe()
    assert tell(compared.parent, "longer", epochs=7).describe()["changed"] == {"train.epochs": ("2", "7")}
    [run] = runs_of(compared.parent, "longer").values()
    assert run.data.params == {"train.epochs": "2", "rate": "0.5"}
    assert (run.data.tags["nncli.changed.train.epochs"], run.data.tags["kind"]) == ("7", "of 7")
    assert "nncli.changed.rate" not in run.data.tags


@needs_mlflow
def test_a_training_that_goes_on_longer_says_what_mlflow_keeps(compared: Path) -> None:
    runs = compared.parent
    config, common = runs.parent / "iris.yaml", ("--no-report", "--json", "--runs-dir", runs)
    outcome = nncli("train", config, "--track", "mlflow", *common)
    assert outcome.exit_code == 0, outcome.stderr
    run = json.loads(outcome.stdout)["run"]
    outcome = nncli("train", "--resume", run, "--epochs", 3, *common)
    assert outcome.exit_code == 0, outcome.stderr
    told = "MLflow keeps parameters as they were: train.epochs is 1 there, its tag nncli.changed.train.epochs 3"
    assert outcome.stderr.count(told) == 1


def test_the_trackers_of_a_comparison_take_the_place_of_those_of_its_configs(tmp_path: Path) -> None:
    config = tmp_path / "iris.yaml"
    config.write_text(CONFIG.replace("batch_size", "tracking: [mlflow], batch_size"))
    for track, expected in ((None, ("mlflow",)), (["tensorboard"], ("tensorboard",))):
        request = ComparisonRequest.parse([str(config)], ["optimizer.name=sgd,adam"], track=track)
        assert {variant.load(request, 1).config.train.tracking for variant in request.variants} == {expected}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "--track", "wandb"), "--track wandb  train.tracking[0]: got 'wandb'"),
        (("compare", "--resume", "latest", "--track", "mlflow"), "and got --track mlflow"),
    ],
)
def test_trackers_that_do_not_fit_are_refused(words: tuple[str, ...], message: str) -> None:
    outcome = nncli(*words)
    assert outcome.exit_code == 2 and message in outcome.stderr


@needs_mlflow
def test_files_are_sent_again_only_where_they_have_changed_or_are_gone(
    compared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    sent: list[str] = []
    send = MlflowClient.log_artifacts

    def count(self: Any, run_id: str, folder: str, place: str) -> None:
        sent.append(run_id)
        send(self, run_id, folder, place)

    monkeypatch.setattr(MlflowClient, "log_artifacts", count)
    [cell, _] = sorted(path.parent for path in compared.glob("*/run.json"))

    def export() -> int:
        sent.clear()
        assert nncli("runs", "export", compared, "--to", "mlflow").exit_code == 0
        return len(sent)

    assert export() == 0
    (cell / "notes.md").write_text("a note")
    assert export() == 1
    found = runs_of(compared.parent, f"{compared.name}/{cell.name}")[f"{compared.name}/{cell.name}"]
    assert "run/notes.md" in [each.path for each in client_of(compared.parent).list_artifacts(found.info.run_id, "run")]
    (cell / "notes.md").unlink()
    client_of(compared.parent).set_tag(found.info.run_id, FILES, "")
    assert export() == 1
