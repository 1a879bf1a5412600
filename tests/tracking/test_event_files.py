"""Event files by themselves: what is appended, what a run that goes on forgets, what a killed process leaves."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.tracking.description import Description, Epoch, Outcome
from nncli.tracking.event_files import NAME, OUTCOME_NAME, EventFiles

pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`", exc_type=ImportError)

RUN = Description(
    "run-1", "a1b2", "iris", 1000.0, "seed: 1\n", {"seed": 1.0, "data.source": "iris", "train.health": True}
)


def epoch(number: int) -> Epoch:
    return Epoch(number, 1000.0 + number, {"loss": 1 / number, "val_loss": 2 / number})


def events_of(path: Path) -> list[object]:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return list(LegacyEventFileLoader(str(path)).Load())


def scalars(folder: Path, part: str) -> dict[int, float]:
    """The steps and values of epoch_loss as TensorBoard's own reader finds them, each step once."""
    from tensorboard.util import tensor_util

    found: dict[int, float] = {}
    for event in events_of(folder / part / NAME):
        for value in event.summary.value:  # type: ignore[attr-defined]
            if value.tag == "epoch_loss":
                assert event.step not in found  # type: ignore[attr-defined]
                found[event.step] = float(tensor_util.make_ndarray(value.tensor))  # type: ignore[attr-defined]
    return found


def write(folder: Path, first: int, last: int) -> None:
    files = EventFiles(folder, command="")
    files.begin(RUN, first - 1)
    for number in range(first, last + 1):
        files.add_epochs([epoch(number)])
        files.add_weights(epoch(number), {"dense/kernel": np.full((2, 2), number, np.float32)})


def test_epochs_after_the_last_one_done_are_forgotten_and_the_others_kept(tmp_path: Path) -> None:
    write(tmp_path, 1, 5)
    with (tmp_path / "train" / NAME).open("ab") as file:
        file.write(b"\x40\x00\x00")  # a process was killed while it wrote
    files = EventFiles(tmp_path, command="")
    assert files.begin(RUN, 3) == {1, 2, 3}
    files.add_epochs([epoch(4)])
    for part, factor in (("train", 1), ("validation", 2)):
        assert scalars(tmp_path, part) == pytest.approx({number: factor / number for number in (1, 2, 3, 4)})
    shown = [event.step for event in events_of(tmp_path / "train" / NAME) if "dense/kernel" in str(event)]  # type: ignore[attr-defined]
    assert shown == [1, 2, 3]


def test_files_with_nothing_to_forget_are_not_replaced_under_a_running_tensorboard(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.rglob(NAME)}
    write(tmp_path, 3, 3)
    assert len(before) == 3
    for path, (number, content) in before.items():
        assert path.stat().st_ino == number
        assert path.read_bytes().startswith(content)
    assert set(scalars(tmp_path, "train")) == {1, 2, 3}


def test_each_file_begins_with_the_version_that_readers_ask_for(tmp_path: Path) -> None:
    write(tmp_path, 1, 1)
    EventFiles(tmp_path, command="").end(Outcome("finished", 1010.0, 1, {"accuracy": 0.5}))
    paths = [*tmp_path.rglob(NAME), tmp_path / OUTCOME_NAME]
    assert len(paths) == 4
    for path in paths:
        versions = [event.file_version for event in events_of(path)]  # type: ignore[attr-defined]
        assert versions[0] == "brain.Event:2"
        assert not any(versions[1:])


def test_how_a_run_ended_is_told_to_the_page_of_hyper_parameters(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import api_pb2, metadata

    for status, expected in (("finished", api_pb2.STATUS_SUCCESS), ("interrupted", api_pb2.STATUS_FAILURE)):
        EventFiles(tmp_path, command="").end(Outcome(status, 1010.0))
        [end] = [
            metadata.parse_session_end_info_plugin_data(value.metadata.plugin_data.content)
            for event in events_of(tmp_path / OUTCOME_NAME)
            for value in event.summary.value  # type: ignore[attr-defined]
        ]
        assert (end.status, end.end_time_secs) == (expected, 1010.0)


def edges_of(network: Any, folder: Path) -> dict[str, list[str]]:
    """The layers with what enters them, as TensorBoard's own reader finds them."""
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    EventFiles(folder, command="").end(Outcome("finished", 1010.0, architecture=network.to_json()))
    [graph] = [GraphDef.FromString(event.graph_def) for event in events_of(folder / OUTCOME_NAME) if event.graph_def]  # type: ignore[attr-defined]
    return {node.name: list(node.input) for node in graph.node}


def test_a_network_inside_another_is_connected_with_what_is_around_it(tmp_path: Path) -> None:
    import keras

    inner = keras.Sequential([keras.Input((3,), name="inside"), keras.layers.Dense(2, name="dense")], name="member")
    inner = keras.Model(inner.inputs, inner.outputs, name="member")
    outside = keras.Input((3,), name="outside")
    whole = keras.Model(outside, keras.layers.Activation("relu", name="end")(inner(outside)), name="whole")
    assert edges_of(whole, tmp_path) == {
        "outside": [],
        "member/inside": ["outside"],
        "member/dense": ["member/inside"],
        "end": ["member/dense"],
    }


def test_operations_with_numbers_slices_and_lists_among_their_arguments_are_connected(tmp_path: Path) -> None:
    import keras
    from keras import ops

    numbers = keras.Input((4,), name="numbers")
    known = ops.where(ops.isnan(numbers), np.ones(4, np.float32), numbers)
    parts = [ops.take(known, [0, 0, 3], axis=1), known[:, 0:1] - 1]
    network = keras.Model(numbers, keras.layers.Concatenate(name="columns")(parts), name="table")
    edges = edges_of(network, tmp_path)
    assert set(edges) == {operation.name for operation in network.operations}

    # Keras numbers the operations of a process: where is `where` or `where_3`.
    def without_number(name: str) -> str:
        return re.sub(r"_\d+$", "", name)

    plain = {without_number(name): sorted(map(without_number, inputs)) for name, inputs in edges.items()}
    assert plain["columns"] == ["subtract", "take"]
    assert plain["where"] == ["isnan", "numbers"] and plain["take"] == ["where"]
