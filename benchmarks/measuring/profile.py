"""The time that training threads spend in each operation, from TensorFlow's profiler."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

_THREADS_OF_OPERATIONS = re.compile(r"tf_Compute|tf_numa|tf_xla|XLA")


def seconds_by_operation(folder: Path) -> str:
    """Thread-seconds by operation as JSON, without the time of operations it calls; the profile is in `folder`."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    [file] = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace()
    space.ParseFromString(file.read_bytes())
    seconds: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            if _THREADS_OF_OPERATIONS.match(line.name):
                _add_own_times(seconds, plane, line)
    return json.dumps(dict(seconds.most_common()))


def _add_own_times(seconds: Counter[str], plane: Any, line: Any) -> None:
    """Adds the time of each event of a thread, minus that of the events inside it."""
    events = sorted((event.offset_ps, -event.duration_ps, event.metadata_id) for event in line.events)
    open_events: list[tuple[int, str]] = []
    for start, negative, identifier in events:
        while open_events and open_events[-1][0] <= start:
            open_events.pop()
        if open_events:
            seconds[open_events[-1][1]] += negative / 1e12
        name = _operation(plane.event_metadata[identifier].name)
        seconds[name] -= negative / 1e12
        open_events.append((start - negative, name))


def _operation(name: str) -> str:
    """The type of an operation: `_MklNativeConv2D` for `conv2d/Conv2D:_MklNativeConv2D`."""
    return re.sub(r"[._]\d+$", "", name.rpartition(":")[2])
