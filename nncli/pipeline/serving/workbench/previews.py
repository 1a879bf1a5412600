"""Some rows of a training set to look at: images, or points in the plane of two inputs."""

from typing import Any

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.data.dataset import Dataset
from nncli.serve.page.encoding import pack_bytes

_IMAGES, _SIDE, _POINTS = 24, 48, 300


def preview(dataset: Dataset) -> dict[str, Any] | None:
    """{"images": {"drawn", "bytes", ...}, "names"}, {"points": [[a, b, target]], "columns"}, or None for other data."""
    facts, train = dataset.facts, dataset.train
    inputs, target = facts.inputs, facts.target
    targets = train.targets.reshape(len(train), -1)[:, 0] if len(train) else np.zeros(0)
    if isinstance(inputs, ImageInput):
        rows = np.arange(min(_IMAGES, len(train)))
        images = np.asarray(train.inputs["image"][rows], np.float32) * inputs.scale
        step = max(1, -(-max(inputs.height, inputs.width) // _SIDE))
        has_classes = target.task in (Task.BINARY, Task.MULTICLASS)
        names = [target.classes[int(each)] if has_classes else "" for each in targets[rows]]
        return {"images": pack_bytes(images[:, ::step, ::step], most=1.0), "names": names}
    if len(inputs.numbers) == 2 and not inputs.categories:
        rows = np.linspace(0, len(train) - 1, min(_POINTS, len(train))).astype(int)
        points = np.column_stack([train.inputs["numbers"][rows], targets[rows]]).astype(float)
        return {"points": np.nan_to_num(points).round(4).tolist(), "columns": [each.name for each in inputs.numbers]}
    return None
