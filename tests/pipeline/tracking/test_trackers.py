"""Trackers, read back with TensorBoard's own reader and MLflow's own client, against the files of the run itself."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.tracking import packages
from nncli.tracking.description import Description, Epoch, Outcome
from nncli.tracking.event_files import EventFiles
from nncli.tracking.mlflow_store import MlflowRun

CONFIG = """
data: {source: iris}
model: {layers: [{dense: {units: 8}}, {dropout: {rate: 0.2}}, output]}
optimizer: {name: adam, learning_rate: 0.02}
train: {epochs: %d, batch_size: 16, executor: graph}
"""
HAS_MLFLOW = find_spec("mlflow") is not None
needs_tensorboard = pytest.mark.skipif(
    find_spec("tensorboard") is None, reason="needs the extra `tensorboard`, which is not installed"
)
needs_mlflow = pytest.mark.skipif(not HAS_MLFLOW, reason="needs the extra `mlflow`, which is not installed")
needs_whole_mlflow = pytest.mark.skipif(
    not HAS_MLFLOW or find_spec("pandas") is None, reason="needs the whole package mlflow; .ci/run tests it"
)
# MLflow's own code and what it imports, on new versions of others.
lenient = pytest.mark.filterwarnings("ignore")
# Reports every attempt to reach another machine, and lets none through.
WATCHED = """
import socket, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("NETWORK", event, arguments, flush=True)
        raise OSError("no network here")
sys.addaudithook(refuse)
sys.argv = ["nncli", *sys.argv[1:]]
from nncli.cli.process import main
main()
"""


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def train(here: Path, *options: object, epochs: int = 5) -> tuple[Path, str]:
    """The folder of a run, and what was said of it."""
    (here / "iris.yaml").write_text(CONFIG % epochs)
    outcome = nncli("train", here / "iris.yaml", "--runs-dir", here / "runs", "--no-report", "--json", *options)
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"]), outcome.stderr


def metrics_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights_of(run: Path) -> dict[str, np.ndarray]:
    with np.load(run / "weights.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trackers")


@pytest.fixture(scope="module")
def plain_run(here: Path) -> Path:
    """A run that no tracker was told of."""
    return train(here)[0]


@pytest.fixture(scope="module")
def tracked_run(here: Path) -> Path:
    """The same training with event files."""
    return train(here, "--track", "tensorboard")[0]


def tensors(folder: Path) -> dict[str, dict[int, Any]]:
    """The values of each tag by step, as TensorBoard reads them; no step is there twice."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0}, purge_orphaned_data=False)
    reader.Reload()
    found: dict[str, dict[int, Any]] = {}
    for tag in reader.Tags()["tensors"]:
        events = reader.Tensors(tag)
        found[tag] = {event.step: tensor_util.make_ndarray(event.tensor_proto) for event in events}
        assert len(found[tag]) == len(events)
    return found


def assert_scalars_are_those_of(run: Path, folder: Path) -> None:
    records = metrics_of(run)
    for part, prefix in (("train", ""), ("validation", "val_")):
        found = tensors(folder / part)
        names = {name for name in records[0] if name.startswith("val_") == bool(prefix)} - {"epoch"}
        assert {name for name in found if name.startswith("epoch_")} == {
            f"epoch_{name.removeprefix(prefix)}" for name in names
        }
        for name in names:
            expected = {record["epoch"]: np.float32(record[name]) for record in records}
            assert found[f"epoch_{name.removeprefix(prefix)}"] == expected


def assert_histogram_is_that_of(buckets: np.ndarray, values: np.ndarray) -> None:
    """Rows of (left, right, count), the last bucket with its right edge."""
    edges = np.append(buckets[:, 0], buckets[-1, 1])
    counts, _ = np.histogram(values.astype(np.float64), bins=edges)
    assert counts.tolist() == buckets[:, 2].tolist()
    assert counts.sum() == values.size


@needs_tensorboard
def test_event_files_have_each_metric_of_each_epoch(tracked_run: Path) -> None:
    assert len(metrics_of(tracked_run)) == 5
    assert_scalars_are_those_of(tracked_run, tracked_run / "tensorboard")


@needs_tensorboard
def test_histograms_are_those_of_the_saved_weights(tracked_run: Path) -> None:
    kept = json.loads((tracked_run / "summary.json").read_text())["kept_epoch"]
    once, each = tensors(tracked_run / "tensorboard"), tensors(tracked_run / "tensorboard" / "train")
    weights = {path: array for path, array in weights_of(tracked_run).items() if array.dtype.kind == "f"}
    assert len(weights) >= 4
    for path, array in weights.items():
        assert list(once[path]) == [kept]
        assert_histogram_is_that_of(once[path][kept], array)
        assert list(each[path]) == [1, 2, 3, 4, 5]
        assert_histogram_is_that_of(each[path][kept], array)


@needs_tensorboard
def test_the_graph_has_the_layers_of_the_saved_model_and_what_is_between_them(tracked_run: Path) -> None:
    import keras
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(tracked_run / "tensorboard"))
    reader.Reload()
    steps = keras.saving.load_model(tracked_run / "model.keras").operations
    nodes = {node.name: node for node in reader.Graph().node}
    assert {name: node.op for name, node in nodes.items()} == {step.name: type(step).__name__ for step in steps}
    shapes = {
        name: tuple(None if dim.size == -1 else dim.size for dim in node.attr["_output_shapes"].list.shape[0].dim)
        for name, node in nodes.items()
        if "_output_shapes" in node.attr
    }
    for step in steps:
        inputs = [tensor._keras_history.operation.name for tensor in step._inbound_nodes[0].input_tensors]
        assert list(nodes[step.name].input) == inputs
        assert shapes.get(step.name, step.output.shape) == step.output.shape
    assert len(steps) - 1 == len(shapes) >= 6  # that of the output layer stands nowhere


@needs_tensorboard
def test_config_hyper_parameters_and_scores_are_in_the_event_files(tracked_run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    reader = EventAccumulator(str(tracked_run / "tensorboard"))
    reader.Reload()
    content = reader.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    given = metadata.parse_session_start_info_plugin_data(content).hparams
    assert given["optimizer.learning_rate"].number_value == 0.02
    assert given["model.layers.0.dense.units"].number_value == 8
    assert given["data.source"].string_value == "iris"
    assert "data.delimiter" not in given  # a default that concerns other data
    found = tensors(tracked_run / "tensorboard")
    text = found["config"][0].item().decode()
    assert [line.removeprefix("    ") for line in text.splitlines()] == (
        tracked_run / "config.yaml"
    ).read_text().splitlines()
    summary = json.loads((tracked_run / "summary.json").read_text())
    for name, value in summary["test"]["metrics"].items():
        assert found[f"test_{name}"] == {summary["kept_epoch"]: np.float32(value)}


@needs_tensorboard
def test_a_tracked_training_has_the_bits_of_one_that_is_not(plain_run: Path, tracked_run: Path) -> None:
    first, second = weights_of(plain_run), weights_of(tracked_run)
    assert all(np.array_equal(first[path], second[path]) for path in first)


@needs_tensorboard
def test_a_finished_run_is_exported_later_and_twice_to_the_same_files(plain_run: Path, tmp_path: Path) -> None:
    command = ("runs", "export", plain_run, "--to", "tensorboard", "--output", tmp_path / "logs", "--json")
    outcome = nncli(*command)
    assert outcome.exit_code == 0, outcome.stderr
    [told] = json.loads(outcome.stdout)["exported"]
    folder = tmp_path / "logs" / plain_run.name
    assert (told["folder"], told["epochs"]) == (str(folder), 5)
    assert_scalars_are_those_of(plain_run, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert nncli(*command).exit_code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (plain_run / "tensorboard").exists()


@needs_tensorboard
def test_a_tracker_that_fails_costs_one_warning_and_not_the_training(
    here: Path, plain_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EventFiles, epochs: list[Any]) -> None:
        if epochs and epochs[0].number == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFiles, "add_epochs", fail)
    run, said = train(here, "--track", "tensorboard")
    assert said.count("warning: tensorboard: ") == 1
    assert f"No space left on device; the training goes on without it; later: nncli runs export {run}" in said
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    first, second = weights_of(plain_run), weights_of(run)
    assert all(np.array_equal(first[path], second[path]) for path in first)


@needs_tensorboard
def test_a_training_that_goes_on_adds_its_epochs_and_writes_none_twice(here: Path, tracked_run: Path) -> None:
    run = Path(shutil.copytree(tracked_run, here / "runs" / f"{tracked_run.name}-longer"))
    outcome = nncli("train", "--resume", run, "--epochs", 7, "--runs-dir", here / "runs", "--no-report")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(metrics_of(run)) == 7
    assert_scalars_are_those_of(run, run / "tensorboard")
    assert list(tensors(run / "tensorboard" / "train")["dense_1/kernel"]) == [1, 2, 3, 4, 5, 6, 7]


def test_a_missing_package_is_said_before_anything_is_read_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    (tmp_path / "iris.yaml").write_text(CONFIG % 1)
    for tracker in packages.TRACKERS:
        outcome = nncli("train", tmp_path / "iris.yaml", "--track", tracker, "--runs-dir", tmp_path / "runs")
        assert outcome.exit_code == 2
        first, second = outcome.stderr.splitlines()
        assert first == f"error: {tracker} needs the package {tracker}, which is not installed"
        assert f"'.[{tracker}]'" in second
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("train", "--track", "wandb"),
            "error: --track wandb  train.tracking[0]: got 'wandb'; known: tensorboard, mlflow",
        ),
        (
            ("train", "--set", "train.tracking_uri=http://x"),
            "error: --set train.tracking_uri=http://x  train.tracking_uri: got 'http://x', tracking_uri is for mlflow",
        ),
        (("train", "--track", "mlflow", "--set", "train.tracking_uri=http://me:pw@x"), "MLFLOW_TRACKING_PASSWORD"),
        (("runs", "export", "latest", "--to", "mlflow", "--tracking-uri", ""), "--tracking-uri is empty"),
        (("train", "--resume", "latest", "--track", "mlflow"), "and got --track mlflow"),
        (("runs", "export", "--to", "wandb"), "error: --to wandb: expected one of tensorboard, mlflow"),
        (("runs", "export", "--to", "tensorboard", "--tracking-uri", "x"), "--tracking-uri is for --to mlflow"),
        (("runs", "export", "--to", "mlflow", "--tracking-uri", "x", "--output", "y"), "leave one out"),
    ],
)
def test_what_does_not_fit_together_is_refused(words: tuple[str, ...], message: str) -> None:
    outcome = nncli(*words)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


# MLflow


def client_of(folder: Path) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def only_run(folder: Path, name: str) -> Any:
    """The run of that name in the experiment of its data."""
    client = client_of(folder)
    experiment = client.get_experiment_by_name("iris")
    [found] = [run for run in client.search_runs([experiment.experiment_id]) if run.info.run_name == name]
    return found


def assert_metrics_are_those_of(run: Path, folder: Path) -> None:
    tracked = only_run(folder, run.name)
    records = metrics_of(run)
    for name in set(records[0]) - {"epoch"}:
        history = client_of(folder).get_metric_history(tracked.info.run_id, name)
        told = sorted((metric.step, metric.value) for metric in history)
        assert told == [(record["epoch"], record[name]) for record in records]


@pytest.fixture(scope="module")
def store(here: Path, plain_run: Path) -> Path:
    """The folder of a database that the plain run was brought into; making one takes seconds."""
    outcome = nncli("runs", "export", plain_run, "--to", "mlflow")
    assert outcome.exit_code == 0, outcome.output
    assert (here / "runs" / "mlflow.db").is_file()
    return here / "runs"


@needs_mlflow
@lenient
def test_a_run_in_mlflow_has_the_metrics_parameters_and_files_of_the_run(store: Path, plain_run: Path) -> None:
    assert_metrics_are_those_of(plain_run, store)
    tracked, summary = only_run(store, plain_run.name), json.loads((plain_run / "summary.json").read_text())
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params["optimizer.learning_rate"] == "0.02"
    assert tracked.data.params["data.source"] == "iris"
    for name, value in summary["test"]["metrics"].items():
        [metric] = client_of(store).get_metric_history(tracked.info.run_id, f"test_{name}")
        assert (metric.step, metric.value) == (summary["kept_epoch"], value)
    folder = Path(client_of(store).download_artifacts(tracked.info.run_id, "run"))
    own = {path.relative_to(plain_run): path.read_bytes() for path in plain_run.rglob("*") if path.is_file()}
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files == {name: content for name, content in own.items() if name.name != "checkpoint.npz"}
    assert nncli("eval", folder, "--runs-dir", store, "--json", "--no-report").exit_code == 0  # it is a whole run


@needs_mlflow
@lenient
def test_a_run_that_is_exported_twice_is_there_once(store: Path, plain_run: Path) -> None:
    before = only_run(store, plain_run.name)
    assert nncli("runs", "export", plain_run, "--to", "mlflow", "--runs-dir", store).exit_code == 0
    assert only_run(store, plain_run.name).info.run_id == before.info.run_id
    assert_metrics_are_those_of(plain_run, store)


@needs_mlflow
@lenient
def test_mlflow_is_told_of_a_training_and_of_how_it_goes_on(here: Path, store: Path) -> None:
    run, _ = train(here, "--track", "mlflow", epochs=2)
    first = only_run(store, run.name)
    assert_metrics_are_those_of(run, store)
    outcome = nncli("train", "--resume", run, "--epochs", 4, "--runs-dir", here / "runs", "--no-report")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(metrics_of(run)) == 4
    assert_metrics_are_those_of(run, store)
    assert only_run(store, run.name).info.run_id == first.info.run_id


def follow(folder: Path, run: Description, done: int, last: int) -> set[int]:
    """Tells MLflow of the epochs after those that are done; which it had before."""
    tracker = MlflowRun(None, folder)
    known = tracker.begin(run, done)
    tracker.add_epochs([Epoch(number, 1000.0 + number, {"loss": 1 / number}) for number in range(1, last + 1)])
    tracker.end(Outcome("interrupted", 1100.0))
    return known


@needs_mlflow
@lenient
def test_a_new_run_takes_the_place_of_one_with_epochs_that_are_trained_again(store: Path) -> None:
    run = Description("killed", "k1", "iris", 1000.0, "", {"seed": 1.0})
    assert follow(store, run, 0, 3) == set()
    old = only_run(store, "killed").info.run_id
    assert follow(store, run, 3, 3) == {1, 2, 3}
    assert follow(store, run, 2, 4) == set()
    new = only_run(store, "killed")
    history = client_of(store).get_metric_history(new.info.run_id, "loss")
    assert [metric.step for metric in history] == [1, 2, 3, 4]
    assert new.info.status == "KILLED"
    assert client_of(store).get_run(old).info.lifecycle_stage == "deleted"


@needs_mlflow
@lenient
def test_names_values_and_numbers_beyond_mlflows_limits_are_cut(store: Path) -> None:
    many: dict[str, str | float | bool] = {f"data.columns.{number}": float(number) for number in range(250)}
    odd: dict[str, str | float | bool] = {'a "b" (größe) %': "x" * 10_000, "c" * 300: True, "#": "1", "$": "2"}
    follow(store, Description("odd", "o1", "iris", 1000.0, "", {**many, **odd}), 0, 1)
    told = only_run(store, "odd").data.params
    assert len(told) == 250 + 3
    assert told["data.columns.7"] == "7.0"
    assert told["a _b_ _größe_ _"] == "x" * 5997 + "..."
    assert told["c" * 250] == "true"


@needs_mlflow
@lenient
def test_an_unreachable_server_costs_one_warning_and_not_the_training(here: Path) -> None:
    address = "train.tracking_uri=http://127.0.0.1:9"
    run, said = train(here, "--track", "mlflow", "--set", address, epochs=1)
    assert said.count("warning: mlflow: ") == 1
    later = f"nncli runs export {run} --to mlflow --tracking-uri http://127.0.0.1:9"
    assert f"mlflow: the server does not answer; the training goes on without it; later: {later}" in said
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


@needs_tensorboard
@needs_mlflow
def test_nothing_is_sent_anywhere_without_an_address(store: Path, plain_run: Path) -> None:
    quiet = ("PYTEST", "CI", "GITHUB", "MLFLOW", "DO_NOT_TRACK")  # with which MLflow is silent of its own accord
    environment = {name: value for name, value in os.environ.items() if not name.startswith(quiet)}
    environment["MLFLOW_TRACKING_URI"] = "http://mlflow.example"
    for tool in ("mlflow", "tensorboard"):
        words = [sys.executable, "-c", WATCHED, "runs", "export", str(plain_run), "--to", tool]
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "NETWORK" not in done.stdout
        assert ("MLFLOW_TRACKING_URI is not used" in done.stderr) == (tool == "mlflow")


@needs_whole_mlflow
@lenient
def test_the_model_in_mlflow_has_the_saved_weights_and_answers_as_the_run_does(store: Path, plain_run: Path) -> None:
    import fastapi.testclient
    import mlflow.keras
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    address = f"runs:/{only_run(store, plain_run.name).info.run_id}/model"
    network = mlflow.keras.load_model(address)
    weights = weights_of(plain_run)
    loaded: Mapping[str, Any] = {weight.path: np.array(weight) for weight in network.weights}
    assert loaded.keys() == weights.keys()
    assert all(np.array_equal(loaded[path], weights[path]) for path in weights)

    rows = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3]]
    table = plain_run.parent / "rows.csv"
    names = json.loads((plain_run / "inputs.json").read_text())["inputs"]["numbers"]
    table.write_text("\n".join(",".join(map(str, row)) for row in [[each["name"] for each in names], *rows]) + "\n")
    outcome = nncli("predict", table, "--run", plain_run, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    classes = mlflow.models.get_model_info(address).metadata["outputs"]["of"]
    told = [each["probabilities"] for each in json.loads(outcome.stdout)["predictions"]]
    expected = [[each[name] for name in classes] for each in told]
    # The application that `mlflow models serve` runs.
    server = fastapi.testclient.TestClient(scoring_server.init(mlflow.pyfunc.load_model(address)))
    answer = server.post("/invocations", json={"instances": rows})
    assert answer.status_code == 200, answer.text
    assert np.allclose(answer.json()["predictions"], expected, atol=1e-6)
