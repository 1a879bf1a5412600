"""Event files, which TensorBoard reads: scalars, histograms, the graph of layers, text, hyper-parameters.

Written with TensorBoard's own functions, none of which needs TensorFlow. As with Keras's callback, `train/` and
`validation/` have metrics of the same names, so that both share a chart. Beside them lie the config and, once the run
is over, its outcome: in a file of its own, as a TensorBoard that is running sees new files and what is added to one,
but not that one was replaced.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.run import files
from nncli.tracking.description import Description, Epoch, Model, Outcome
from nncli.tracking.packages import TENSORBOARD

if TYPE_CHECKING:
    import numpy as np

# TensorBoard reads every file with `tfevents` in its name.
NAME = "events.out.tfevents.nncli"
OUTCOME_NAME = f"{NAME}.outcome"
_PARTS = ("train", "validation")
_VERSION = "brain.Event:2"
_VALIDATION = "val_"
_METRIC, _SCORE = "epoch_", "test_"
# What the page of hyper-parameters can show.
_STATUSES = {"finished": "STATUS_SUCCESS", "failed": "STATUS_FAILURE", "interrupted": "STATUS_FAILURE"}
# The states of random generators are no weights to look at.
_SHOWN_KINDS = "f"


class EventFiles:
    """The event files of one run, as a `Tracker`."""

    name = TENSORBOARD

    def __init__(self, folder: Path, *, command: str) -> None:
        """`command` is what shows them."""
        self._folder, self._command = folder, command

    def begin(self, run: Description, done: int) -> set[int]:
        """Keeps of each file the events of the `done` first epochs, and tells which epochs have scalars."""
        self._folder.mkdir(exist_ok=True, parents=True)
        known = set()
        for part in _PARTS:
            path = self._folder / part / NAME
            kept = [event for event in _read(path) if event.step <= done]
            if path.exists():
                _replace(path, kept)
            if part == "train":
                known = {event.step for event in kept if _has_scalars(event)}
        _replace(self._folder / NAME, _beginning(run))
        return known

    def add_epochs(self, epochs: list[Epoch]) -> None:
        """A scalar for each metric; `val_loss` is the `epoch_loss` of the validation set."""
        from tensorboard.compat.proto.event_pb2 import Event

        parts: dict[str, list[Any]] = {part: [] for part in _PARTS}
        for epoch in epochs:
            own = {name: value for name, value in epoch.metrics.items() if not name.startswith(_VALIDATION)}
            others = {
                name.removeprefix(_VALIDATION): value
                for name, value in epoch.metrics.items()
                if name.startswith(_VALIDATION)
            }
            for part, metrics in zip(_PARTS, (own, others), strict=True):
                if metrics:
                    event = Event(step=epoch.number, wall_time=epoch.time, summary=_scalars(metrics, _METRIC))
                    parts[part].append(event)
        for part, events in parts.items():
            if events:
                _append(self._folder / part / NAME, events)

    def add_weights(self, epoch: Epoch, weights: Mapping[str, "np.ndarray"]) -> None:
        """A histogram of each array, under its path in the model (`dense_1/kernel`)."""
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(step=epoch.number, wall_time=epoch.time, summary=_histograms(weights))
        _append(self._folder / "train" / NAME, [event])

    def end(self, outcome: Outcome, model: Model | None = None) -> None:
        """Writes another file beside those of the epochs: the graph, the scores on the test set, the kept weights.

        These stand by themselves, as the kept epoch is seldom the last one and TensorBoard forgets steps that come
        before others.
        """
        _replace(self._folder / OUTCOME_NAME, _outcome(outcome))

    def describe(self) -> dict[str, Any]:
        """The folder, and the command that shows it."""
        return {"folder": str(self._folder), "look": self._command}


def _beginning(run: Description) -> list[Any]:
    """The config as text, and the hyper-parameters."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams import summary_v2 as hyper
    from tensorboard.plugins.text import summary_v2 as text

    # Its protocol has no whole numbers.
    parameters = {name: float(value) if type(value) is int else value for name, value in run.parameters.items()}
    values = hyper.hparams_pb(parameters, trial_id=run.name, start_time_secs=run.started)
    summaries = [text.text_pb("config", _as_code(run.config)), values]
    first = Event(wall_time=run.started, file_version=_VERSION)
    return [first, *(Event(wall_time=run.started, summary=summary) for summary in summaries)]


def _outcome(outcome: Outcome) -> list[Any]:
    """What is known when the run is over, all at the epoch whose weights are kept."""
    from tensorboard.compat.proto.event_pb2 import Event

    ended = outcome.ended or time.time()
    events = [Event(wall_time=ended, file_version=_VERSION)]
    if outcome.architecture is not None:
        events.append(Event(wall_time=ended, graph_def=_graph(outcome.architecture)))
    results = _scalars(outcome.scores, _SCORE)
    results.value.extend(_histograms(outcome.weights).value)
    if results.value:
        events.append(Event(step=outcome.kept_epoch, wall_time=ended, summary=results))
    if outcome.status in _STATUSES:
        end = _session_end(outcome.status, ended)
        events.append(Event(step=outcome.kept_epoch, wall_time=ended, summary=end))
    return events


def _as_code(config: str) -> str:
    """YAML as Markdown, which TensorBoard renders."""
    return "".join(f"    {line}\n" for line in config.splitlines())


def _scalars(metrics: Mapping[str, float], prefix: str) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.scalar import summary_v2 as scalar

    found = [scalar.scalar_pb(f"{prefix}{name}", value) for name, value in metrics.items()]
    return Summary(value=[value for summary in found for value in summary.value])


def _histograms(weights: Mapping[str, "np.ndarray"]) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.histogram import summary_v2 as histogram

    shown = {path: array for path, array in weights.items() if array.dtype.kind in _SHOWN_KINDS and array.size}
    found = [histogram.histogram_pb(path, array) for path, array in shown.items()]
    return Summary(value=[value for summary in found for value in summary.value])


def _graph(architecture: str) -> bytes:
    """The layers as a graph, each with its kind and the shape that leaves it.

    `keras.callbacks.TensorBoard` writes the JSON itself, which TensorBoard shows only after another kind of graph has
    been chosen, and an error before that.
    """
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def

    network = json.loads(architecture)
    for layer in network["config"]["layers"]:
        # TensorBoard takes each argument for a layer's output; operations have numbers and slices among them.
        if "inbound_nodes" in layer:
            layer["inbound_nodes"] = [{"args": [_tensors_in(node)]} for node in layer["inbound_nodes"]]
        inner = layer["config"]
        if "input_layers" in inner:  # a network as a layer: TensorBoard looks for names, Keras 3 writes [name, 0, 0]
            inner["input_layers"] = [each[0] if isinstance(each, list) else each for each in inner["input_layers"]]
    graph, shapes = keras_model_to_graph_def(network), _shapes(network)
    around = f"{network['config']['name']}/"  # one box that all layers lie in, closed at first
    for node in graph.node:
        node.name = node.name.removeprefix(around)
        node.input[:] = [name.removeprefix(around) for name in node.input]
        node.op = node.attr["keras_class"].s.decode()
        shape = shapes.get(node.name.rpartition("/")[2])
        if shape is not None:
            told = node.attr["_output_shapes"].list.shape.add()
            for size in shape:
                told.dim.add(size=-1 if size is None else size)
    return bytes(graph.SerializeToString())


def _tensors_in(told: Any) -> list[Any]:
    """The arguments of a call that are outputs of other layers."""
    if isinstance(told, dict) and told.get("class_name") == "__keras_tensor__":
        return [told]
    inside = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return [tensor for each in inside for tensor in _tensors_in(each)]


def _shapes(network: Any) -> dict[str, list[int | None]]:
    """The shape that leaves each layer which has another after it, as Keras notes it beside that one's inputs."""
    if isinstance(network, list):
        return {name: shape for item in network for name, shape in _shapes(item).items()}
    if not isinstance(network, dict):
        return {}
    about = network.get("config")
    if network.get("class_name") == "__keras_tensor__" and isinstance(about, dict):
        return {str(about["keras_history"][0]): about["shape"]}
    return {name: shape for item in network.values() for name, shape in _shapes(item).items()}


def _session_end(status: str, ended: float) -> Any:
    """Tells the page of hyper-parameters how the run ended.

    `tensorboard.plugins.hparams.summary.session_end_pb` would import TensorFlow.
    """
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    told = plugin_data_pb2.SessionEndInfo(status=api_pb2.Status.Value(_STATUSES[status]), end_time_secs=ended)
    content = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=told))
    value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=content, tensor=metadata.NULL_TENSOR)
    return Summary(value=[value])


def _has_scalars(event: Any) -> bool:
    return any(value.tag.startswith(_METRIC) for value in event.summary.value)


def _read(path: Path) -> Iterator[Any]:
    """The events of a file, up to one that a killed process left incomplete; none without a file."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub import errors
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

    if not path.is_file():
        return
    reader = PyRecordReader_New(str(path))
    with closing(reader.file_handle), suppress(errors.OutOfRangeError, errors.DataLossError):
        while True:
            reader.GetNext()
            yield Event.FromString(reader.record())


def _records(events: list[Any]) -> bytes:
    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()


def _replace(path: Path, events: list[Any]) -> None:
    """Writes a file anew, unless it has these events already: a TensorBoard that has it open would miss the new one."""
    content = _records(events)
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(exist_ok=True)
        files.write_bytes(path, content)


def _append(path: Path, events: list[Any]) -> None:
    """Adds events, whole ones also for TensorBoard, which may be reading."""
    from tensorboard.compat.proto.event_pb2 import Event

    path.parent.mkdir(exist_ok=True)
    is_begun = path.exists() and path.stat().st_size > 0
    first = [] if is_begun else [Event(wall_time=events[0].wall_time, file_version=_VERSION)]
    files.append_bytes(path, _records([*first, *events]))
