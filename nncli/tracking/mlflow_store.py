"""A run in MLflow: parameters, metrics of each epoch, scores, files and the model; in a local database or on a server.

Goes through MLflow's client with the address it is given and none of MLflow's global state, so that a run never ends up
where an environment variable points to. MLflow's own usage statistics are turned off.
"""

import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.tracking.description import Description, Epoch, Model, Outcome
from nncli.tracking.mlflow_model import has_model_format, save_model
from nncli.tracking.packages import MLFLOW

if TYPE_CHECKING:
    import numpy as np

# Tags: which run it is, which files it has, by a sum, and which weights a model has.
IDENTITY, FILES, WEIGHTS = "nncli.identity", "nncli.files", "nncli.weights"
# Before the name of a parameter: the value that it has now. And MLflow's own tag for the run that one is a part of.
CHANGED, PARENT = "nncli.changed.", "mlflow.parentRunId"
ARTIFACTS, MODEL_NAME = "run", "model"
EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_NAME"
_STATUSES = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
# The limits of MLflow's API for one request and one value.
_MOST_METRICS, _MOST_PARAMETERS, _LONGEST_VALUE, _LONGEST_KEY = 1000, 100, 6000, 250
_FORBIDDEN = re.compile(r"[^/\w.\- :]")
# Seconds between two requests while it trains, so that short epochs are sent together.
_SECONDS = 1.0


class MlflowRun:
    """One run, as a `Tracker`."""

    name = MLFLOW

    def __init__(self, address: str | None, folder: Path) -> None:
        """`address` is a tracking URI; without one, it is a database in `folder`, with the files beside it."""
        self._folder = folder.resolve()
        self._is_local = address is None
        self.address = address or f"sqlite:///{self._folder}/mlflow.db"
        self._pending: list[Epoch] = []
        self._sent = 0.0
        self._known: set[int] = set()
        self._experiment, self._id, self._model_uri, self._note = "", "", "", ""
        self._changed: dict[str, tuple[str, str]] = {}

    def begin(self, run: Description, done: int) -> set[int]:
        """Takes up the run of this identity, or makes one; where it has more epochs than `done`, a new one, as MLflow
        cannot forget metrics. Raises MLflow's exceptions."""
        client = self._client
        name = os.environ.get(EXPERIMENT_VARIABLE) or run.group
        self._experiment = self._find_experiment(name)
        wanted = f"tags.`{IDENTITY}` = '{run.identity}'"
        for found in client.search_runs([self._experiment], wanted):
            steps = self._steps(found)
            if steps and max(steps) > done:
                client.delete_run(found.info.run_id)
                continue
            self._id, self._known = found.info.run_id, steps
            client.update_run(self._id, status="RUNNING")
            self._renew(found, {**run.tags, **self._parent_tag(run)}, run.parameters)
            return set(steps)
        tags = {**run.tags, **self._parent_tag(run), IDENTITY: run.identity}
        made = client.create_run(self._experiment, int(1000 * run.started), tags, run.name)
        self._id, self._known = made.info.run_id, set()
        self._add_parameters(run.parameters)
        return set()

    def _parent_tag(self, run: Description) -> dict[str, str]:
        """The tag that nests the run in the one it is a part of, if that is here; it may be in another experiment."""
        if not run.parent:
            return {}
        everywhere = [each.experiment_id for each in self._client.search_experiments()]
        found = self._client.search_runs(everywhere, f"tags.`{IDENTITY}` = '{run.parent}'", max_results=1)
        return {PARENT: found[0].info.run_id} if found else {}

    def _renew(self, found: Any, tags: Mapping[str, str], parameters: Mapping[str, Any]) -> None:
        """Brings the tags of a run up to date; and its parameters as tags, as MLflow cannot change these."""
        given, known = {_key(name): _value(value) for name, value in parameters.items()}, found.data.params
        others = {name: value for name, value in given.items() if known.get(name, value) != value}
        self._changed = {name: (known[name], value) for name, value in others.items()}
        wanted = {**tags, **{_key(f"{CHANGED}{name}"): value for name, value in others.items()}}
        for name, value in wanted.items():
            if found.data.tags.get(name) != value:
                self._client.set_tag(self._id, name, value)

    def add_epochs(self, epochs: list[Epoch]) -> None:
        """Sends them together with those before that wait, once a second."""
        self._pending += [epoch for epoch in epochs if epoch.number not in self._known]
        if time.monotonic() - self._sent >= _SECONDS:
            self._send()

    def add_weights(self, epoch: Epoch, weights: Mapping[str, "np.ndarray"]) -> None:
        """MLflow shows none."""

    def end(self, outcome: Outcome, model: Model | None = None) -> None:
        """Sends what waits, the scores on the test set, the files and the model, and sets the status."""
        from mlflow.entities import Metric

        self._send()
        ended = int(1000 * (outcome.ended or time.time()))
        known = self._client.get_run(self._id).data.metrics
        scores = {f"test_{name}": value for name, value in outcome.scores.items()}
        changed = {name: value for name, value in scores.items() if known.get(name) != value}
        self._log([Metric(_key(name), value, ended, outcome.kept_epoch) for name, value in changed.items()])
        if outcome.files:
            self._add_files(outcome.files)
        if model is not None:
            self._add_model(model, outcome)
        if outcome.status in _STATUSES:
            self._client.set_terminated(self._id, _STATUSES[outcome.status], ended)

    def describe(self) -> dict[str, Any]:
        """The address, the ids of MLflow, and the command that shows it."""
        look = self.address
        if self._is_local:
            here = Path.cwd()
            near = self._folder.relative_to(here) if self._folder.is_relative_to(here) else self._folder
            look = f"mlflow ui --backend-store-uri {shlex.quote(f'sqlite:///{near}/mlflow.db')}"
        told: dict[str, Any] = {
            "address": self.address,
            "experiment_id": self._experiment,
            "run_id": self._id,
            "look": look,
        }
        told |= {"model": self._model_uri} if self._model_uri else {}
        told |= {"changed": self._changed} if self._changed else {}
        return told | ({"note": self._note} if self._note else {})

    @property
    def _client(self) -> Any:
        return _connect(self.address)

    def _find_experiment(self, name: str) -> str:
        """The id of the experiment, which is made if there is none; a local one keeps its files beside the database."""
        if self._is_local:
            self._folder.mkdir(parents=True, exist_ok=True)
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        place = (self._folder / "mlartifacts").as_uri() if self._is_local else None
        return str(self._client.create_experiment(name, place))

    def _steps(self, run: Any) -> set[int]:
        """The epochs whose metrics a run has."""
        name = next((name for name in run.data.metrics if not name.startswith("test_")), None)
        history = [] if name is None else self._client.get_metric_history(run.info.run_id, name)
        return {metric.step for metric in history}

    def _add_parameters(self, parameters: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        given = {_key(name): _value(value) for name, value in parameters.items()}
        for some in _chunks([Param(name, value) for name, value in given.items()], _MOST_PARAMETERS):
            self._client.log_batch(self._id, params=some)

    def _send(self) -> None:
        from mlflow.entities import Metric

        self._log(
            [
                Metric(_key(name), value, int(1000 * epoch.time), epoch.number)
                for epoch in self._pending
                for name, value in epoch.metrics.items()
            ]
        )
        self._known |= {epoch.number for epoch in self._pending}
        self._pending = []
        self._sent = time.monotonic()

    def _log(self, metrics: list[Any]) -> None:
        for some in _chunks(metrics, _MOST_METRICS):
            self._client.log_batch(self._id, metrics=some)

    def _add_files(self, paths: Mapping[str, Path]) -> None:
        """In one go, from a copy of those that belong to the run; nothing where it has just these already."""
        digest = _sum_of(paths)
        has_same = self._client.get_run(self._id).data.tags.get(FILES) == digest
        if has_same and self._client.list_artifacts(self._id, ARTIFACTS):
            return
        with tempfile.TemporaryDirectory(prefix="nncli-", ignore_cleanup_errors=True) as folder:
            for name, path in paths.items():
                copy = Path(folder) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            self._client.log_artifacts(self._id, folder, ARTIFACTS)
        self._client.set_tag(self._id, FILES, digest)

    def _add_model(self, model: Model, outcome: Outcome) -> None:
        """The model in MLflow's format, unless the run has the one with these weights already."""
        from mlflow.entities import LoggedModelOutput

        if not has_model_format():
            self._note = "the model itself needs the whole package mlflow, and here is mlflow-skinny"
            return
        client, run = self._client, self._client.get_run(self._id)
        for known in run.outputs.model_outputs if run.outputs else ():
            if client.get_logged_model(known.model_id).tags.get(WEIGHTS) == model.identity:
                self._model_uri = f"models:/{known.model_id}"
                return
        tags = {WEIGHTS: model.identity}
        made = client.create_logged_model(self._experiment, MODEL_NAME, source_run_id=self._id, tags=tags)
        with tempfile.TemporaryDirectory(prefix="nncli-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / MODEL_NAME
            save_model(model, path, run_id=self._id, model_id=made.model_id)
            client.log_model_artifacts(made.model_id, str(path))
        client.finalize_logged_model(made.model_id, "READY")
        client.log_outputs(self._id, [LoggedModelOutput(made.model_id, outcome.kept_epoch)])
        self._model_uri = f"models:/{made.model_id}"


def _sum_of(paths: Mapping[str, Path]) -> str:
    """A sha256 (hex) over the names and the content of files."""
    digest = hashlib.sha256()
    for name, path in sorted(paths.items()):
        with path.open("rb") as file:
            digest.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\0".encode())
    return digest.hexdigest()


def _connect(address: str) -> Any:
    """MLflow's client: without usage statistics, chatter, and minutes of waiting for a server.

    A request that fails is tried once more; MLflow's own seven times would take several minutes.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"  # before the import
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return MlflowClient(tracking_uri=address)


def _key(name: str) -> str:
    """A name with the characters that MLflow allows."""
    return _FORBIDDEN.sub("_", name)[:_LONGEST_KEY]


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _chunks(values: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), most):
        yield list(values[start : start + most])
